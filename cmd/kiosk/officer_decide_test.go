package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/ui/officer"
)

// What the CA refuses is said in its own words; the request waits on.
func TestFramesOfTheOfficersRefusals(t *testing.T) {
	q := newHeldQueue(fourHeld()...)
	q.refusal = &engine.Error{Op: "approve request", Kind: engine.Forbidden, Err: errors.New("theo is not among officers in ca.toml\x1b[2J")}
	s := q.sitDown(t, nil)
	s.sees("4 wait")
	s.sureOf(q, "a")
	s.golden("officer-50-no-officer", s.sees("You are no officer of this CA", "theo is not among officers", "not decided"))
	s.press("enter") // too fast: nobody can have read it
	s.sees("You are no officer")
	q.clock.rest()
	s.press("enter")
	s.sees("4 wait", "Ada Lovelace")
	if q.did() != "" {
		t.Errorf("the CA did %s", q.did())
	}
}

// Who decides what somebody else has decided meanwhile is told what that was.
func TestFramesOfTheOfficerWhoIsLate(t *testing.T) {
	q := newHeldQueue(fourHeld()...)
	s := q.sitDown(t, nil)
	s.sees("4 wait")
	if err := q.decide("6f2c91", engine.RequestRejected, "bea", "not today"); err != nil {
		t.Fatal(err)
	}
	s.sureOf(q, "a")
	s.golden("officer-51-late", s.sees("decided or withdrawn elsewhere", "by bea: not today"))
	q.clock.rest()
	s.press("enter")
	s.sees("3 wait", "Adam Šimečka")
	if want := "bea rejected 6f2c91 not today"; q.did() != want {
		t.Errorf("the CA did %s, want %s", q.did(), want)
	}
}

// A request that is decided elsewhere while one looks at it, or is asked about
// it, is not decided by the next key: the screen says so by itself.
func TestDecidedElsewhere(t *testing.T) {
	q := newHeldQueue(fourHeld()...)
	s := q.sitDown(t, nil)
	s.sees("4 wait")
	s.press("down")
	if err := q.decide("77aa10", engine.RequestIssued, "bea", ""); err != nil {
		t.Fatal(err)
	}
	q.looks()
	s.golden("officer-52-elsewhere", s.sees("Adam Šimečka, Signing: decided or withdrawn elsewhere", "3 wait"))

	s.press("enter")
	s.sees("80b001")
	if err := q.decide("80b001", engine.RequestRejected, "bea", "not today"); err != nil {
		t.Fatal(err)
	}
	q.looks()
	s.sees("rejected, 22 Nov 2026, 12:00, by bea", "not today")
	s.types("a")
	s.sees("This request is decided already: rejected.")
	s.press("esc")
	s.sees("2 wait")

	s.types("a")
	s.sees("Approve this request?", "Radan Adamović")
	if err := q.decide("91c333", engine.RequestIssued, "bea", ""); err != nil {
		t.Fatal(err)
	}
	q.looks()
	s.sees("Radan Adamović, Mail encryption: decided or withdrawn elsewhere", "You decided nothing")
	q.clock.rest()
	s.press("enter")
	s.sees("1 waits", "Ada Lovelace")
}

// However the list changes, the focus stays on its request.
func TestFocusStaysOnTheRequest(t *testing.T) {
	q := newHeldQueue(fourHeld()...)
	s := q.sitDown(t, nil)
	s.sees("4 wait")
	s.press("down", "down")
	focused := func() string {
		for _, line := range strings.Split(s.frame(), "\n") {
			if strings.HasPrefix(line, " ▸") {
				return line
			}
		}
		return ""
	}
	if !strings.Contains(focused(), "Wang Fang") {
		t.Fatalf("in focus is %q", focused())
	}
	q.change(func() {
		delete(q.apps, "6f2c91")
		older := q.apps["91c333"]
		for i := range 20 {
			older.ID, older.Since = fmt.Sprint("b", i), older.Since.Add(-100*time.Hour)
			q.apps[older.ID] = older
		}
	})
	q.looks()
	s.sees("23 wait")
	if !strings.Contains(focused(), "Wang Fang") {
		t.Errorf("after looking again in focus is %q", focused())
	}
}

// Whatever is pasted or held down, in the list or into a question, the CA is
// told nothing.
func TestPastedAndHeldKeysDecideNothing(t *testing.T) {
	q := newHeldQueue(fourHeld()...)
	s := q.sitDown(t, nil)
	s.sees("4 wait")
	// From a terminal that marks what is pasted.
	s.send(tea.PasteMsg{Content: strings.Repeat("a\t\ra\x1b[D\rr because\r\t\r", 1<<20/20)})
	s.sees("4 wait")
	s.types("a")
	s.sees("Approve this request?")
	q.clock.rest()
	s.send(tea.PasteMsg{Content: strings.Repeat("\t\r", 1<<19)})
	q.clock.rest()
	s.press("enter") // No
	s.sees("4 wait")

	// From one that does not: a key at a time, faltering once, for long enough to
	// wake the question.
	s.types("a")
	s.sees("Approve this request?")
	for range 1 << 18 {
		s.press("tab", "enter", "left", "enter")
	}
	s.sees("Approve this request?")
	q.clock.rest()
	for range 1 << 16 {
		s.press("tab", "enter", "left", "enter")
	}
	if q.did() != "" {
		t.Errorf("the CA did %s", q.did())
	}

	// A key that repeats itself.
	for _, first := range []string{"a", "r"} {
		s = q.sitDown(t, nil)
		s.sees("4 wait")
		s.types(first)
		s.sees("this request")
		for range 5000 {
			s.press("enter")
			q.clock.turn(33 * time.Millisecond)
		}
		s.sees("this request")
		q.clock.rest()
		for range 5000 {
			s.press("enter")
			q.clock.turn(33 * time.Millisecond)
		}
	}
	if q.did() != "" {
		t.Errorf("the CA did %s", q.did())
	}
}

// A reason that is pasted is kept small, and is clean.
func TestPastedReason(t *testing.T) {
	q := newHeldQueue(fourHeld()...)
	s := q.sitDown(t, nil)
	s.sees("4 wait")
	s.types("r")
	s.sees("Why is this request rejected?")
	q.clock.rest()
	s.send(tea.PasteMsg{Content: "no\x1b[31m\r\n\u202epassport" + strings.Repeat("é", 1<<20)})
	q.clock.rest()
	s.press("enter")
	s.sees("Reject this request?", "passport")
	q.clock.rest()
	s.press("left")
	q.clock.rest()
	s.press("enter")
	s.sees("Rejected: Ada Lovelace")
	reason := strings.TrimPrefix(q.did(), "theo rejected 6f2c91 ")
	if n := len([]rune(reason)); n > 200 || engine.Clean(reason) != reason || strings.Contains(reason, "\u202e") {
		t.Errorf("the reason has %d characters: %q", n, reason)
	}
}

// Saying no to the question goes back to the reason, as it was typed.
func TestReasonIsKept(t *testing.T) {
	q := newHeldQueue(fourHeld()...)
	s := q.sitDown(t, nil)
	s.sees("4 wait")
	s.types("r")
	q.clock.rest()
	s.types("no passport")
	s.press("enter")
	s.sees("Reject this request?")
	q.clock.rest()
	s.press("enter")
	s.sees("Why is this request rejected?", "no passport")
	q.clock.rest()
	s.press("esc")
	s.sees("4 wait")
	if q.did() != "" {
		t.Errorf("the CA did %s", q.did())
	}
}

// What a request says of itself never reaches the terminal as it is.
func TestRequestsAreCleaned(t *testing.T) {
	app := fourHeld()[0]
	for _, s := range []*string{&app.Name, &app.Template, &app.Subject, &app.Station, &app.Operator, &app.Key, &app.Signed.By, &app.Words} {
		*s = "x\x1b[2J\x07\u202e" + *s
	}
	app.SANs = []string{"UPN \x1b]0;mine\x07"}
	q := newHeldQueue(app)
	s := q.sitDown(t, func(n *officer.Needs) { n.CA, n.Who = "CA\x1b[2J", "theo\x07" })
	s.sees("1 waits")
	for _, keys := range []string{"", "enter", "a"} {
		if keys != "" {
			s.key(keys)
		}
		content := s.app.View().Content
		if strings.Contains(content, "\x1b[2J") || strings.ContainsAny(content, "\x07\u202e") || strings.Contains(content, "\x1b]") {
			t.Errorf("after %q the terminal gets %q", keys, content)
		}
	}
}

// Leaving asks nothing; only a decision on its way is waited for.
func TestOfficerLeaves(t *testing.T) {
	q := newHeldQueue(fourHeld()...)
	asked, answer := make(chan struct{}), make(chan struct{})
	s := q.sitDown(t, func(n *officer.Needs) {
		n.Approve = func(ctx context.Context, id string) error {
			close(asked)
			<-answer
			return q.approve(ctx, id)
		}
	})
	s.sees("4 wait")
	s.sureOf(q, "a")
	<-asked
	s.types("q")
	s.sees("the CA is at work on your decision")
	s.types("a")
	s.press("down")
	close(answer)
	s.sees("Approved: Ada Lovelace", "3 wait")
	s.types("q")
	s.until("it is left", func() bool { return s.quit })
}

// A guest of another program goes back to it, and takes the time it is open
// along.
func TestOfficerAsGuest(t *testing.T) {
	type left struct{}
	q := newHeldQueue(fourHeld()...)
	s := q.sitDown(t, func(n *officer.Needs) { n.Leave = func() tea.Msg { return left{} } })
	s.sees("4 wait", "Esc back")
	s.press("esc")
	for msg := range s.msgs {
		if _, ok := msg.(left); ok {
			break
		}
	}
}

// sureOf decides about the request in focus, and says yes.
func (s *pilot) sureOf(q *heldQueue, key string) {
	s.t.Helper()
	s.types(key)
	s.sees("this request?")
	q.clock.rest()
	s.press("left")
	q.clock.rest()
	s.press("enter")
}

// key presses a key by its name, or types it.
func (s *pilot) key(name string) {
	if k, ok := keys[name]; ok {
		s.send(k)
		return
	}
	s.types(name)
}
