package words_test

import (
	"strings"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// What has become of an update that was given up is said as it is: withdrawn,
// rejected in the CA's words, or not withdrawn yet.
func TestResultOfCancelling(t *testing.T) {
	w := words.English.Result
	for name, c := range map[string]struct {
		requests []engine.NoticeRequest
		refused  []engine.Refusal
		want     []string
		title    string
	}{
		"withdrawn":                        {[]engine.NoticeRequest{{Template: "logon", State: engine.RequestWithdrawn}}, nil, []string{w.CancelledHint}, w.Cancelled},
		"approved, and not given back yet": {[]engine.NoticeRequest{{Template: "logon", State: engine.RequestApproved}}, nil, []string{w.CancelledAway}, w.Cancelled},
		"rejected": {
			[]engine.NoticeRequest{{Template: "logon", State: engine.RequestRejected, Words: "no passport"}},
			nil,
			[]string{"logon was refused by the CA: no passport", w.CancelledRejected},
			w.Ended,
		},
		"refused before": {
			[]engine.NoticeRequest{{Template: "logon", State: engine.RequestRejected, Words: "no passport"}},
			[]engine.Refusal{{Template: "logon", Words: "no passport"}},
			[]string{"logon was refused by the CA: no passport", w.CancelledRejected},
			w.Ended,
		},
		"away": {
			[]engine.NoticeRequest{{Template: "logon", State: engine.RequestPending}, {Template: "signing", State: engine.RequestRejected, Words: "no"}},
			nil,
			[]string{"signing was refused by the CA: no", w.CancelledAway},
			w.Cancelled,
		},
	} {
		r := engine.Result{End: engine.TakenBack, Refusals: c.refused, Notice: engine.Notice{Event: engine.UpdateCancelled, Requests: c.requests}}
		if got := words.English.ResultTitle(r); got != c.title {
			t.Errorf("%s: its title is %q, not %q", name, got, c.title)
		}
		var said []string
		for _, l := range words.English.ResultLines(r) {
			said = append(said, l.Text)
		}
		if got, want := strings.Join(said, "\n"), strings.Join(c.want, "\n"); got != want {
			t.Errorf("%s: it says\n%s\nnot\n%s", name, got, want)
		}
	}
}

// A common certificate was asked of no CA: no request is named.
func TestDetailsOfCommonCertificate(t *testing.T) {
	written := []engine.Managed{{Template: "logon", Request: "r1"}, {Template: "door", Common: true}}
	var said []string
	for _, l := range words.English.ResultDetails(engine.Result{Notice: engine.Notice{Written: written}}) {
		said = append(said, l.Text)
	}
	if all := strings.Join(said, "\n"); strings.Count(all, "request") != 1 || !strings.Contains(all, "request r1") {
		t.Errorf("the details are\n%s", all)
	}
}
