package engine

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
)

// heldWorld is a card whose two certificates end soon, and are renewed; its CA
// holds both requests.
func heldWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(movesKeys)
	logon, signing := modelTemplate("Logon", "9a", DigitalSignature), modelTemplate("Signing", "9c", DigitalSignature)
	w.policy = Policy{Name: "Staff", Templates: []Template{logon, signing}, Cancel: true}
	w.desk.Policies = []Policy{w.policy}
	w.write(w.policy, w.grant(logon, "9a", isExpiring), w.grant(signing, "9c", isExpiring))
	w.holds["Logon"], w.holds["Signing"] = true, true
	c, p, err := w.propose(Selection{})
	must(t, err)
	r, err := w.update(c, p.Plan)
	must(t, err)
	if r.End != "" || w.record.State != StatePending || len(w.pendingIDs()) != 2 {
		t.Fatalf("the update ended with %+v, the card is %s", r, w.record.State)
	}
	return w
}

// hears has the worker ask when it is time.
func (w *world) hears(t *testing.T) {
	t.Helper()
	w.now = w.now.Add(2 * time.Hour)
	_, err := w.desk.AskHeld(context.Background())
	must(t, err)
}

// requestLines are what the last letter about an event says of requests.
func (w *world) requestLines(event NoticeEvent) []string {
	var lines []string
	for _, l := range w.letters {
		if l.Notice.Event == event {
			lines = nil
			for _, q := range l.Notice.Requests {
				line := q.Template + " " + string(q.State)
				if q.State == RequestRejected {
					line += ": " + q.Words
				}
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// officerDecides approves or rejects by template.
func (w *world) officerDecides(approved map[string]bool) {
	for _, id := range w.pendingIDs() {
		if yes, named := approved[w.asked[id].Profile]; named {
			w.officer(id, yes)
		}
	}
}

// What a round of the worker's finds decided is told as it is: no letter says that
// a request still waits which the same round has found decided.
func TestLettersOfOneRoundAgree(t *testing.T) {
	w := heldWorld(t)
	w.officerDecides(map[string]bool{"Logon": true, "Signing": false})
	w.hears(t)
	want := []string{"Logon approved", "Signing rejected: the officer says no"}
	same(t, "the letter of the approval", w.requestLines(UpdateApproved), want...)
	same(t, "the letter of the rejection", w.requestLines(UpdateRejected), want...)
	for _, l := range w.letters {
		var news []string
		for _, q := range l.Notice.Requests {
			if q.News {
				news = append(news, q.Template)
			}
		}
		if l.Notice.Event == UpdateApproved && !slices.Equal(news, []string{"Logon"}) || l.Notice.Event == UpdateRejected && !slices.Equal(news, []string{"Signing"}) {
			t.Errorf("the letter %s has as news %s", l.Notice.Event, news)
		}
	}
}

// A rejected update that is ended, so that another can be made, is told as what it
// was: rejected, in the CA's words, and not as withdrawn or waiting.
func TestEndRejectedKeepsTheWords(t *testing.T) {
	w := heldWorld(t)
	w.officerDecides(map[string]bool{"Logon": false, "Signing": false})
	w.hears(t)
	c, err := w.connect()
	must(t, err)
	r, err := w.desk.EndRejected(context.Background(), actor, c, newPIN(), nil)
	must(t, err)
	want := []string{"Logon rejected: the officer says no", "Signing rejected: the officer says no"}
	same(t, "the letter", w.requestLines(UpdateCancelled), want...)
	for _, q := range r.Notice.Requests {
		if q.State != RequestRejected || q.Words != "the officer says no" {
			t.Errorf("the result says of %s: %s %q", q.Template, q.State, q.Words)
		}
	}
	for _, k := range w.requests {
		if k.q.State != RequestRejected || k.q.Words != "the officer says no" {
			t.Errorf("the store has of %s: %s %q", k.q.Template, k.q.State, k.q.Words)
		}
	}
	if w.record.State != StateIssued {
		t.Errorf("the card is %s", w.record.State)
	}
}

// An update that is cancelled while its CA is away is told as what it is: its
// requests still wait, and are withdrawn later.
func TestCancelWhileAwayIsToldAsItIs(t *testing.T) {
	w := heldWorld(t)
	w.down = true
	c, err := w.connect()
	must(t, err)
	r, err := w.desk.CancelUpdate(context.Background(), actor, c, newPIN(), nil)
	must(t, err)
	want := []string{"Logon pending", "Signing pending"}
	same(t, "the letter", w.requestLines(UpdateCancelled), want...)
	for _, q := range r.Notice.Requests {
		if q.State != RequestPending {
			t.Errorf("the result says of %s: %s", q.Template, q.State)
		}
	}
	w.down = false
	w.hears(t)
	for id, a := range w.answers {
		if a.State != RequestWithdrawn {
			t.Errorf("request %s is %s", id, a.State)
		}
	}
}

// Whoever continues an update is in its audit and in the letter, wherever it was
// begun.
func TestContinuedByAnother(t *testing.T) {
	w := heldWorld(t)
	w.officerDecides(map[string]bool{"Logon": true, "Signing": true})
	w.hears(t)
	c, err := w.connect()
	must(t, err)
	other := Actor{Who: "grace", Station: "desk 2", Mode: Operator}
	r, err := w.desk.Resume(context.Background(), other, c, newPIN(), nil)
	must(t, err)
	if r.End != Finished || r.Notice.Actor != other {
		t.Errorf("it ended as %s, by %+v", r.End, r.Notice.Actor)
	}
	for _, l := range w.letters {
		by := actor
		if l.Notice.Event == UpdateDone {
			by = other
		}
		if l.Notice.Actor != by {
			t.Errorf("the letter %s names %+v, not %+v", l.Notice.Event, l.Notice.Actor, by)
		}
	}
	last := w.audit[len(w.audit)-1]
	if last.Actor != other || !strings.Contains(last.Act, "update") {
		t.Errorf("audited as %+v", last)
	}
}

// Of an update whose cancelling was cut off nobody is told that the CA has rejected
// what was withdrawn here; cancelling it once more ends it.
func TestHalfCancelledIsNotRejected(t *testing.T) {
	for cut := 1; ; cut++ {
		w := heldWorld(t)
		c, err := w.connect()
		must(t, err)
		w.light(cut, true)
		_, err = w.desk.CancelUpdate(context.Background(), actor, c, newPIN(), nil)
		w.light(0, false)
		if err == nil {
			if cut < 10 {
				t.Fatalf("cancelling took %d deeds", cut)
			}
			return
		}
		w.hears(t)
		for _, l := range w.letters {
			if l.Notice.Event == UpdateRejected {
				t.Errorf("cut at deed %d: a letter says that it is rejected", cut)
			}
		}
		if _, open := w.open(); open {
			c, err = w.connect()
			must(t, err)
			_, err = w.desk.CancelUpdate(context.Background(), actor, c, newPIN(), nil)
			must(t, err)
		}
		if w.record.State != StateIssued || len(w.card.keys) != 2 {
			t.Errorf("cut at deed %d: the card is %s, and has %d keys", cut, w.record.State, len(w.card.keys))
		}
	}
}
