package words_test

import (
	"slices"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// Of each request of an update it is said beforehand what becomes of it when the
// update is given up.
func TestGivingUpIsSaidBeforehand(t *testing.T) {
	w := words.English.GiveUp
	for name, c := range map[string]struct {
		request engine.Request
		goes    []string
	}{
		"waits":               {engine.Request{State: engine.RequestPending, Words: "in the queue"}, []string{"logon: the request is withdrawn at corp", w.Keys}},
		"waits, no key yet":   {engine.Request{State: engine.RequestPending, Approval: true}, []string{"logon: the request is withdrawn at corp"}},
		"waits, CA is silent": {engine.Request{State: engine.RequestPending, Trouble: "no route"}, []string{"logon: the request is withdrawn as soon as corp answers; what it grants meanwhile is revoked", w.Keys}},
		"approved":            {engine.Request{State: engine.RequestApproved}, []string{"logon: the certificate that corp has approved is given back and revoked", w.Keys}},
		"approved, no key":    {engine.Request{State: engine.RequestApproved, Approval: true}, []string{"logon: what corp has approved is given back"}},
		"written":             {engine.Request{State: engine.RequestIssued}, nil},
	} {
		c.request.Template, c.request.CA = "logon", "corp"
		var goes []string
		lines := words.English.GiveUpLines(engine.Pending{Requests: []engine.Request{c.request}, Works: true})
		for _, l := range lines {
			if l.Mark == words.MarkGoes {
				goes = append(goes, l.Text)
			}
		}
		if !slices.Equal(goes, c.goes) {
			t.Errorf("%s: what goes is said to be %q, not %q", name, goes, c.goes)
		}
		if last := lines[len(lines)-1]; last.Text != w.Works {
			t.Errorf("%s: it ends with %q", name, last.Text)
		}
	}
}
