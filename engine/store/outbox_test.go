package store_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// letter is one about a card, created so many minutes after noon.
func letter(id string, card engine.CardID, minute int) engine.Letter {
	return engine.Letter{
		ID: id, To: jana.Mail, Created: noon.Add(time.Duration(minute) * time.Minute),
		Notice: engine.Notice{Event: engine.UpdateDone, User: jana, Card: identity(card), Run: "r-" + engine.RunID(id)},
	}
}

// post puts letters into the outbox the way they get there: with a run's record.
func post(t *testing.T, s *store.Store, letters ...engine.Letter) {
	t.Helper()
	card := engine.CardID(fmt.Sprintf("of %v", letters[0].ID))
	r := run(engine.RunID("post "+letters[0].ID), card)
	must(t, s.Record(t.Context(), r.ID, begin(t, s, r, "north"), outcome(r, 0, letters...)))
}

func at(minute int) time.Time { return noon.Add(time.Duration(minute) * time.Minute) }

// takes fails the test unless exactly these letters are due at a minute, in
// this order; they are held for five.
func takes(t *testing.T, s *store.Store, minute int, want ...string) []engine.Letter {
	t.Helper()
	letters, err := s.TakeDue(t.Context(), at(minute), at(minute+5), 10)
	must(t, err)
	got := make([]string, 0, len(letters))
	for _, l := range letters {
		got = append(got, l.ID)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("due at minute %d: %v, want %v", minute, got, want)
	}
	return letters
}

// nextDue fails the test unless the next letter is due at a minute; -1: none.
func nextDue(t *testing.T, s *store.Store, minute int) {
	t.Helper()
	when, ok, err := s.NextDue(t.Context())
	must(t, err)
	if ok != (minute >= 0) || ok && !when.Equal(at(minute)) {
		t.Errorf("next due is %v, %v; want minute %d", when, ok, minute)
	}
}

// A letter comes out as it went in, once, and is gone when it was sent.
func TestLetter(t *testing.T) {
	s := open(t, newPath(t))
	nextDue(t, s, -1)
	want := letter("l1", "c1", 0)
	post(t, s, want)
	nextDue(t, s, 0)
	got := takes(t, s, 0, "l1")
	if !reflect.DeepEqual(got[0], want) {
		t.Errorf("got  %+v\nwant %+v", got[0], want)
	}
	must(t, s.Sent(t.Context(), "l1", at(1)))
	takes(t, s, 60)
	nextDue(t, s, -1)
}

// The same event makes the same letter: a second one with its id changes
// nothing, also after it was sent.
func TestSameLetterTwice(t *testing.T) {
	s := open(t, newPath(t))
	l := letter("l1", "c1", 0)
	r := run("r1", "c1")
	must(t, s.Record(t.Context(), "r1", begin(t, s, r, "north"), outcome(r, 0, l, l)))
	takes(t, s, 0, "l1")
	must(t, s.Sent(t.Context(), "l1", at(1)))
	again := run("r2", "c1")
	must(t, s.Record(t.Context(), "r2", begin(t, s, again, "north"), outcome(again, 1, l)))
	takes(t, s, 60)
}

// While one courier is at a letter, no other gets it; when the courier is never
// heard of again, the letter is due once more. Tries counts the couriers.
func TestHeldLetter(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, letter("l1", "c1", 0))
	for try, minute := range []int{0, 5, 10} {
		if l := takes(t, s, minute, "l1"); l[0].Tries != try {
			t.Errorf("tries is %d, want %d", l[0].Tries, try)
		}
		takes(t, s, minute+4)
		nextDue(t, s, minute+5)
	}
}

// A deferred letter is due at its time and not before; one that is given up
// never again, but it and the reason are kept.
func TestDefer(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, letter("l1", "c1", 0))
	takes(t, s, 0, "l1")
	must(t, s.Defer(t.Context(), "l1", at(30), "451 later"))
	nextDue(t, s, 30)
	takes(t, s, 29)
	takes(t, s, 30, "l1")
	must(t, s.Defer(t.Context(), "l1", time.Time{}, "550 no such mailbox"))
	takes(t, s, 999)
	nextDue(t, s, -1)
	if n := count(t, s, `SELECT COUNT(*) FROM outbox WHERE state = 'given up' AND reason = '550 no such mailbox'`); n != 1 {
		t.Error("the letter or its reason was not kept")
	}
}

// What a slow courier says last does not undo that a letter was sent, and a
// letter sent after all is sent.
func TestSlowCourier(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, letter("l1", "c1", 0), letter("l2", "c2", 0))
	takes(t, s, 0, "l1", "l2")
	must(t, s.Sent(t.Context(), "l1", at(1)))
	must(t, s.Defer(t.Context(), "l1", at(2), "451 later"))
	must(t, s.Defer(t.Context(), "l2", time.Time{}, "550 no"))
	must(t, s.Sent(t.Context(), "l2", at(3)))
	if n := count(t, s, `SELECT COUNT(*) FROM outbox WHERE state = 'sent'`); n != 2 {
		t.Errorf("%d letters are sent, want 2", n)
	}
	nextDue(t, s, -1)
}

// The letters of one card go out in their order: the second waits while the
// first does, held, deferred or not yet taken, and goes when the first is sent
// or given up. Other cards' letters do not wait.
func TestOrderOfACard(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, letter("second", "c1", 2), letter("first", "c1", 1), letter("third", "c1", 3), letter("other", "c2", 4))
	nextDue(t, s, 1)
	takes(t, s, 10, "first", "other")
	must(t, s.Sent(t.Context(), "other", at(10)))
	takes(t, s, 14)
	must(t, s.Defer(t.Context(), "first", at(60), "451 later"))
	takes(t, s, 59)
	nextDue(t, s, 60)
	takes(t, s, 60, "first")
	must(t, s.Sent(t.Context(), "first", at(61)))
	takes(t, s, 61, "second")
	must(t, s.Defer(t.Context(), "second", time.Time{}, "550 no"))
	takes(t, s, 62, "third")
}

// Letters of one moment are one event told to several people: none waits for
// another.
func TestSameMoment(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, letter("l1", "c1", 0), letter("l2", "c1", 0))
	takes(t, s, 0, "l1", "l2")
}

// A courier takes no more than it asked for, the oldest first.
func TestMostLetters(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, letter("a", "c1", 3), letter("b", "c2", 1), letter("c", "c3", 2))
	got, err := s.TakeDue(t.Context(), at(9), at(14), 2)
	must(t, err)
	if len(got) != 2 || got[0].ID != "b" || got[1].ID != "c" {
		t.Errorf("got %v", got)
	}
	takes(t, s, 9, "a")
}

// A letter in a format of tomorrow is left to the kiosk that wrote it and holds
// up no other.
func TestNewerLetter(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, letter("new", "c1", 0), letter("old", "c2", 5))
	_, err := s.Raw().ExecContext(t.Context(), `UPDATE outbox SET format = 2 WHERE id = 'new'`)
	must(t, err)
	nextDue(t, s, 5)
	takes(t, s, 9, "old")
}

// Nobody can note what became of a letter that is not there.
func TestUnknownLetter(t *testing.T) {
	s := open(t, newPath(t))
	says(t, wants(t, s.Sent(t.Context(), "l1", at(0)), engine.StoreTrouble), "no letter l1")
	says(t, wants(t, s.Defer(t.Context(), "l1", at(0), "why"), engine.StoreTrouble), "no letter l1")
}

// Letters wait until they were sent or given up; those that were given up are
// counted for as long as somebody wants to know.
func TestCount(t *testing.T) {
	s := open(t, newPath(t))
	counts := func(since, wantWaiting, wantGivenUp int) {
		t.Helper()
		waiting, givenUp, err := s.Count(t.Context(), at(since))
		if err != nil || waiting != wantWaiting || givenUp != wantGivenUp {
			t.Errorf("%d letters wait and %d were given up, %v; want %d and %d", waiting, givenUp, err, wantWaiting, wantGivenUp)
		}
	}
	counts(0, 0, 0)
	post(t, s, letter("a", "c1", 0), letter("b", "c2", 0), letter("c", "c3", 0))
	counts(0, 3, 0)
	must(t, s.Sent(t.Context(), "a", at(1)))
	must(t, s.Defer(t.Context(), "b", at(9), "later"))
	counts(0, 2, 0)
	takes(t, s, 60, "b", "c")
	must(t, s.Defer(t.Context(), "b", time.Time{}, "never"))
	counts(0, 1, 1)
	counts(60, 1, 1)
	counts(90, 1, 0)
}
