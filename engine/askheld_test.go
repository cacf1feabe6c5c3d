package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// asking is a card that waits for two requests, at a CA that says when to be asked
// again.
func asking(t *testing.T) (h *history, ids []string) {
	t.Helper()
	h = waitingCase{kind: movesKeys}.held(t)
	h.desk.Deadlines = Deadlines{Escalate: 5 * 24 * time.Hour, EscalateTo: []string{"boss@corp.example"}, Collect: 20 * 24 * time.Hour}
	return h, h.pendingIDs()
}

func (h *history) kept(t *testing.T, id string) Request {
	t.Helper()
	for _, k := range h.requests {
		if k.q.ID == id {
			return k.q
		}
	}
	t.Fatalf("no request %s is kept", id)
	return Request{}
}

// ask has a worker look, when everybody who took requests before is forgotten.
func (h *history) ask(t *testing.T) {
	t.Helper()
	h.now = h.now.Add(2 * time.Hour)
	if _, err := h.desk.AskHeld(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// told counts the letters about an event.
func (h *history) told(event NoticeEvent) (n int) {
	for _, l := range h.letters {
		if l.Notice.Event == event {
			n++
		}
	}
	return n
}

// Wherever a worker is killed, with a CA that answers or does not: what was decided
// is told once, and silence is no answer.
func TestAskHeldAnywhere(t *testing.T) {
	for name, c := range map[string]struct {
		then         func(h *history, id string)
		state        RequestState
		tells        NoticeEvent
		whileWaiting bool
	}{
		"approved": {func(h *history, id string) { h.officer(id, true) }, RequestApproved, UpdateApproved, false},
		"rejected": {func(h *history, id string) { h.officer(id, false) }, RequestRejected, UpdateRejected, false},
		"silent":   {func(h *history, _ string) { h.down = true }, RequestPending, UpdateRejected, true},
	} {
		over, cut := false, 1
		for ; !over; cut++ {
			h, ids := asking(t)
			for _, id := range ids {
				c.then(h, id)
			}
			h.now = h.now.Add(2 * time.Hour)
			h.light((cut+1)/2, cut%2 == 0)
			_, _ = h.desk.AskHeld(t.Context())
			over = !h.dark
			h.light(0, false)
			h.holdsTrue(t)
			h.ask(t)
			h.ask(t)
			h.holdsTrue(t)
			want := len(ids)
			if c.whileWaiting {
				want = 0
			}
			if n := h.told(c.tells); n != want {
				t.Errorf("%s, killed at %d: told %d times, want %d", name, cut, n, want)
			}
			for _, id := range ids {
				q := h.kept(t, id)
				if q.State != c.state || (q.Trouble != "") != c.whileWaiting {
					t.Errorf("%s, killed at %d: the request is %s, trouble %q", name, cut, q.State, q.Trouble)
				}
			}
		}
		t.Logf("%s: killed at %d points", name, cut)
	}
}

// A CA is asked again when it says, and a little later, so that not all come at
// once; one that says nothing soon at first, then seldom; one that is away within a
// quarter of an hour. When it is back, the count begins anew.
func TestWhenIsAskedAgain(t *testing.T) {
	h, ids := asking(t)
	jittered := map[time.Duration]bool{}
	within := func(what string, want time.Duration) {
		t.Helper()
		q := h.kept(t, ids[0])
		if in := q.Next.Sub(h.now); in < want || in >= want+want/5 {
			t.Errorf("%s: asked again in %v, want %v and up to a fifth more", what, in, want)
		} else {
			jittered[in-want] = true
		}
	}
	says := func(retry time.Duration) {
		for _, id := range ids {
			h.answers[id] = Answer{State: RequestPending, RetryAfter: retry}
		}
	}
	says(7 * time.Minute)
	for range 3 {
		h.ask(t)
		within("as the CA says", 7*time.Minute)
	}
	says(0)
	for range 8 {
		tries := h.kept(t, ids[0]).Tries
		h.ask(t)
		within("without a word", min(firstAsk<<tries, longestAsk))
	}
	h.down = true
	for tries := range 7 {
		h.ask(t)
		within("away", min(firstAsk<<tries, longestAway))
		if q := h.kept(t, ids[0]); q.State != RequestPending || q.Trouble == "" || q.Silent.IsZero() || q.Silent.After(h.now) {
			t.Errorf("away: %+v", q)
		}
	}
	h.down = false
	h.ask(t)
	if q := h.kept(t, ids[0]); q.Trouble != "" || !q.Silent.IsZero() {
		t.Errorf("back: %+v", q)
	}
	if len(jittered) < 10 {
		t.Errorf("%d different times to come again", len(jittered))
	}
}

// What nobody decides is escalated once, in time before the old certificate ends,
// also when the CA wants to be asked much later.
func TestEscalatedOnce(t *testing.T) {
	h, ids := asking(t)
	ends := h.kept(t, ids[0]).Ends
	h.answers[ids[0]] = Answer{State: RequestPending, RetryAfter: 300 * 24 * time.Hour}
	h.ask(t)
	if next, want := h.kept(t, ids[0]).Next, ends.Add(-h.desk.Deadlines.Escalate); !next.Equal(want) {
		t.Errorf("asked again %v, not when it is to be escalated, %v", next, want)
	}
	h.now = ends.Add(-h.desk.Deadlines.Escalate)
	for range 4 {
		h.ask(t)
	}
	if n := h.auditTells(h.kept(t, ids[0]), ApprovalOverdue); n != 1 || h.kept(t, ids[0]).Escalated.IsZero() {
		t.Errorf("escalated %d times", n)
	}
	bosses := slices.DeleteFunc(slices.Clone(h.letters), func(l Letter) bool { return l.Notice.Event != ApprovalOverdue })
	if len(bosses) != len(ids) || bosses[0].To != "boss@corp.example" || !bosses[0].Notice.Until.Equal(ends) {
		t.Errorf("told: %+v", bosses)
	}
}

// What nobody collects is revoked in the end; a CA that is away then does it when it
// is back, and until then the approval stands.
func TestLapses(t *testing.T) {
	h, ids := asking(t)
	h.officer(ids[0], true)
	h.ask(t)
	der := h.kept(t, ids[0]).Certificate
	h.now = h.now.Add(h.desk.Deadlines.Collect)
	h.down = true
	h.ask(t)
	if q := h.kept(t, ids[0]); q.State != RequestApproved || q.Trouble == "" || h.told(ApprovalLapsed) != 0 || h.wasRevoked(der) {
		t.Errorf("away: %+v", q)
	}
	h.down = false
	h.ask(t)
	h.ask(t)
	if q := h.kept(t, ids[0]); q.State != RequestWithdrawn || q.Words == "" || !q.Next.IsZero() || h.told(ApprovalLapsed) != 1 || !h.wasRevoked(der) {
		t.Errorf("given up: %+v, told %d times", q, h.told(ApprovalLapsed))
	}
	if n := h.auditTells(h.kept(t, ids[0]), ApprovalLapsed); n != 1 {
		t.Errorf("%d audit rows tell of it", n)
	}
	if err := h.carry(t, h.desk.CancelUpdate); err != nil {
		t.Errorf("the update cannot be cancelled: %v", err)
	}
	h.holdsTrue(t)
}

// Each decision leaves a row in the audit that names the request and the CA's words.
func TestDecisionsAreAudited(t *testing.T) {
	h, ids := asking(t)
	h.officer(ids[0], false)
	h.ask(t)
	q := h.kept(t, ids[0])
	i := slices.IndexFunc(h.audit, func(a AuditRow) bool { return a.Act == string(UpdateRejected) })
	if i < 0 {
		t.Fatal("no row tells of the refusal")
	}
	if row := h.audit[i]; row.Actor != noPerson() || row.Card != q.Card.ID || row.User != q.User.ID || row.Run != q.Run || !strings.Contains(row.Detail, fmt.Sprintf("%s, request %s: the officer says no", q.Template, q.ID)) {
		t.Errorf("the row says %+v", row)
	}
}
