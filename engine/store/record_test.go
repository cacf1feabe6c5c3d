package store_test

import (
	"context"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// rows counts what Record writes.
func rows(t *testing.T, s *store.Store) [6]int {
	t.Helper()
	return [6]int{
		count(t, s, `SELECT COUNT(*) FROM cards`), count(t, s, `SELECT COUNT(*) FROM outbox`),
		count(t, s, `SELECT COUNT(*) FROM audit`), count(t, s, `SELECT COUNT(*) FROM notes`),
		count(t, s, `SELECT COUNT(*) FROM errands`), count(t, s, `SELECT COUNT(*) FROM due`),
	}
}

// Record writes facts, letters, errands, audit and note, and ends the run. That other
// steps are done, or that this one was begun or taken back, does not make it
// recorded.
func TestRecord(t *testing.T) {
	s := open(t, newPath(t))
	r := run("r1", "c1")
	l := begin(t, s, r, "north")
	undone := note(2, engine.Done)
	undone.Undo = true
	must(t, s.Note(t.Context(), "r1", l, []engine.Note{note(0, engine.Done), note(2, engine.Begun), undone}, "", nil))
	o := outcome(r, 0, letter("l1", "c1", 0))
	o.Errands = []engine.Errand{errand("e1", "c1", 0), errand("e2", "c1", 0)}
	must(t, s.Record(t.Context(), "r1", l, o))
	if got, want := rows(t, s), [6]int{1, 1, 1, 4, 2, 1}; got != want {
		t.Errorf("rows are %v, want %v", got, want)
	}
	if got := readCard(t, s, "c1"); got.State != engine.StateIssued || got.Version != 1 {
		t.Errorf("record is %+v", got)
	}
	runs, err := s.Runs(t.Context(), "c1")
	must(t, err)
	if runs[0].End != engine.Finished {
		t.Errorf("run ended %q", runs[0].End)
	}
}

// Recording twice is recording once: same facts, one letter, one audit row, and
// no error, whether or not the run has ended with it.
func TestRecordTwice(t *testing.T) {
	for _, end := range []engine.RunEnd{"", engine.Finished} {
		s := open(t, newPath(t))
		r := run("r1", "c1")
		l := begin(t, s, r, "north")
		o := outcome(r, 0, letter("l1", "c1", 0))
		o.End, o.Errands = end, []engine.Errand{errand("e1", "c1", 0)}
		for range 2 {
			must(t, s.Record(t.Context(), "r1", l, o))
		}
		if got, want := rows(t, s), [6]int{1, 1, 1, 1, 1, 1}; got != want {
			t.Errorf("end %q: rows are %v, want %v", end, got, want)
		}
		if v := readCard(t, s, "c1").Version; v != 1 {
			t.Errorf("end %q: version is %d", end, v)
		}
	}
}

// A recorded run that goes on does so under the same fence, and who took it
// over meanwhile is not confused by the first one recording again.
func TestRecordThenMore(t *testing.T) {
	s := open(t, newPath(t))
	r := run("r1", "c1")
	first := begin(t, s, r, "north")
	o := outcome(r, 0)
	o.End, o.Notes = "", []engine.Note{note(2, engine.Done), note(3, engine.Begun)}
	must(t, s.Record(t.Context(), "r1", first, o))
	must(t, s.Note(t.Context(), "r1", first, []engine.Note{note(3, engine.Done)}, "", nil))
	_, err := s.Take(t.Context(), "r1", lease("north", 0))
	must(t, err)
	wants(t, s.Record(t.Context(), "r1", first, o), engine.Overtaken)
}

// When the record was written by somebody else since the run read it, nothing
// of the outcome is written, and the run is still open.
func TestRecordOvertaken(t *testing.T) {
	s := open(t, newPath(t))
	assign(t, s, record("c1", jana))
	r := run("r1", "c1")
	l := begin(t, s, r, "north")
	before := rows(t, s)
	for _, version := range []int64{0, 7} {
		e := wants(t, s.Record(t.Context(), "r1", l, outcome(r, version, letter("l1", "c1", 0))), engine.Overtaken)
		says(t, e, "version 1")
	}
	if got := rows(t, s); got != before {
		t.Errorf("rows are %v, were %v", got, before)
	}
	must(t, s.Record(t.Context(), "r1", l, outcome(r, 1)))
}

// An outcome that does not say its step is done could be written twice; it is
// not written at all.
func TestRecordWithoutNote(t *testing.T) {
	s := open(t, newPath(t))
	r := run("r1", "c1")
	l := begin(t, s, r, "north")
	o := outcome(r, 0)
	o.Notes = nil
	wants(t, s.Record(t.Context(), "r1", l, o), engine.Broken)
}

// Record is one transaction: whatever fails in it, nothing of it is written.
func TestRecordIsWhole(t *testing.T) {
	for name, spoil := range map[string]func(*engine.Outcome){
		"state":  func(o *engine.Outcome) { o.Record.State = "odd" },
		"letter": func(o *engine.Outcome) { o.Letters[0].Created = o.Letters[0].Notice.At },
		"errand": func(o *engine.Outcome) { o.Errands[0].Due = o.Letters[0].Notice.At },
		"audit":  func(o *engine.Outcome) { o.Audit.At = o.Letters[0].Notice.At },
		"end":    func(o *engine.Outcome) { o.End = "exploded" },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, newPath(t))
			r := run("r1", "c1")
			l := begin(t, s, r, "north")
			o := outcome(r, 0, letter("l1", "c1", 0))
			o.Errands = []engine.Errand{errand("e1", "c1", 0)}
			spoil(&o)
			wants(t, s.Record(t.Context(), "r1", l, o), engine.Broken)
			if got := rows(t, s); got != [6]int{} {
				t.Errorf("rows are %v", got)
			}
		})
	}
}

// A context that has ended writes nothing, and says that it was stopped.
func TestStopped(t *testing.T) {
	s := open(t, newPath(t))
	r := run("r1", "c1")
	l := begin(t, s, r, "north")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wants(t, s.Record(ctx, "r1", l, outcome(r, 0)), engine.Stopped)
	if got := rows(t, s); got != [6]int{} {
		t.Errorf("rows are %v", got)
	}
}
