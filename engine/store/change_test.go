package store_test

import (
	"testing"

	"cardkiosk/engine"
)

// change is what becomes of a card at a version: it is disabled, with a letter
// and an errand.
func change(card engine.CardID, version int64, name string) engine.Change {
	r := record(card, jana)
	r.State, r.Version = engine.StateDisabled, version
	return engine.Change{
		Record: r, Letters: []engine.Letter{letter("letter "+name, card, 0)}, Errands: []engine.Errand{errand("errand "+name, card, 0)},
		Audit: auditRow(card, "", "done"),
	}
}

// What becomes of a card is written whole, or not at all.
func TestChange(t *testing.T) {
	s := open(t, newPath(t))
	assign(t, s, record("c1", jana))
	must(t, s.Change(t.Context(), change("c1", 1, "a")))
	if got := readCard(t, s, "c1"); got.State != engine.StateDisabled || got.Version != 2 {
		t.Errorf("the record is %+v", got)
	}
	takes(t, s, 0, "letter a")
	takesErrand(t, s, 0, "errand a")

	late := change("c1", 1, "b")
	wants(t, s.Change(t.Context(), late), engine.Overtaken)
	broken := change("c1", 2, "c")
	broken.Errands[0].ID = "errand a" // there already: stays as it is
	broken.Record.State = "lost in thought"
	wants(t, s.Change(t.Context(), broken), engine.Broken)
	for query, want := range map[string]int{
		`SELECT COUNT(*) FROM outbox`: 1, `SELECT COUNT(*) FROM errands`: 1, `SELECT COUNT(*) FROM audit`: 2,
	} {
		if n := count(t, s, query); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
}

// A run of the card that is open ends with the change, where that is said, and
// whoever was at it can write no more. Another station that is at it is not
// disturbed, and no run ends that was not named.
func TestChangeEndsRun(t *testing.T) {
	s := open(t, newPath(t))
	assign(t, s, record("c1", jana))
	lease := begin(t, s, run("r1", "c1"), "south")
	c := change("c1", 1, "a")
	wants(t, s.Change(t.Context(), c), engine.InWork)
	c.Ends, c.End = "r1", engine.TakenBack
	if e := wants(t, s.Change(t.Context(), c), engine.InWork); e.Subject != "south" {
		t.Errorf("subject is %q", e.Subject)
	}
	c.Audit.At = lease.Until.AddDate(0, 0, 1)
	wants(t, s.Change(t.Context(), withEnds(c, "r9")), engine.StoreTrouble)
	must(t, s.Change(t.Context(), c))
	wants(t, s.Note(t.Context(), "r1", lease, []engine.Note{note(0, engine.Begun)}, "", nil), engine.Overtaken)
	runs, err := s.Runs(t.Context(), "c1")
	must(t, err)
	if len(runs) != 1 || runs[0].End != engine.TakenBack {
		t.Errorf("runs are %+v", runs)
	}
	c.Record.Version = 2
	wants(t, s.Change(t.Context(), c), engine.Overtaken) // it has ended
	begin(t, s, run("r2", "c1"), "north")                // and the card is free
}

func withEnds(c engine.Change, run engine.RunID) engine.Change { c.Ends = run; return c }

// A card is found by the number that is printed on it, or by its id.
func TestCardsNumbered(t *testing.T) {
	s := open(t, newPath(t))
	for id, serial := range map[engine.CardID]string{"yubikey-712233": "712233", "yubikey-22": "22", "guid-00aa": ""} {
		r := record(id, jana)
		r.Card.Serial = serial
		assign(t, s, r)
	}
	for number, want := range map[string]engine.CardID{
		"712233": "yubikey-712233", "00712233": "yubikey-712233", "yubikey-22": "yubikey-22", "guid-00aa": "guid-00aa",
		"2": "", "": "", "0": "", "%": "",
	} {
		found, err := s.CardsNumbered(t.Context(), number)
		must(t, err)
		var got engine.CardID
		if len(found) > 0 {
			got = found[0].Card.ID
		}
		if got != want || len(found) > 1 {
			t.Errorf("%q: %q of %d, want %q", number, got, len(found), want)
		}
	}
}

// A release comes out as it went in, after its hold and never before; who does not
// know of releases is not handed one.
func TestRelease(t *testing.T) {
	s := open(t, newPath(t))
	hold, release, other := errand("hold", "c1", 0), errand("release", "c1", 0), errand("other", "c1", 0)
	hold.Revoke.Reason = engine.CertificateHold
	release.Revoke = &engine.RevokeErrand{CA: hold.Revoke.CA, Serial: hold.Revoke.Serial, Release: true}
	other.Revoke.Serial = "0b"
	c := change("c1", 0, "a")
	c.Errands = []engine.Errand{hold, release, other}
	must(t, s.Change(t.Context(), c))
	takesErrand(t, s, 0, "hold")
	must(t, s.DeferErrand(t.Context(), "hold", at(30), "the CA is away"))
	takesErrand(t, s, 1, "other") // about another certificate
	must(t, s.ErrandDone(t.Context(), "other", at(1)))
	takesErrand(t, s, 2, "")
	takesErrand(t, s, 30, "hold")
	must(t, s.ErrandDone(t.Context(), "hold", at(31)))
	got := takesErrand(t, s, 31, "release")
	if got.Revoke == nil || *got.Revoke != *release.Revoke {
		t.Errorf("it came out as %+v", got.Revoke)
	}
	if n := count(t, s, `SELECT COUNT(*) FROM errands WHERE format = 2`); n != 1 {
		t.Errorf("%d errands are of format 2", n)
	}
}
