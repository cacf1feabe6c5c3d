package store_test

import (
	"reflect"
	"testing"
	"time"

	"cardkiosk/engine"
)

// A run is in the journal as soon as Begin returns, with its plan and without a
// right to write.
func TestBegin(t *testing.T) {
	s := open(t, newPath(t))
	want := run("r1", "c1")
	if l := begin(t, s, want, "north"); l.Fence != 1 {
		t.Errorf("first fence is %d", l.Fence)
	}
	got, err := s.Runs(t.Context(), "c1")
	must(t, err)
	if !reflect.DeepEqual(got, []engine.Run{want}) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if others, err := s.Runs(t.Context(), "c2"); len(others) != 0 || err != nil {
		t.Errorf("runs of another card: %v, %v", others, err)
	}
}

// While a station works on a card, another is told which one it is; once the
// lease has run out, or at the same station, that an update is unfinished.
func TestBeginRefused(t *testing.T) {
	s := open(t, newPath(t))
	begin(t, s, run("r1", "c1"), "north")

	_, err := s.Begin(t.Context(), run("r2", "c1"), lease("south", 0))
	e := wants(t, err, engine.InWork)
	if e.Subject != "north" {
		t.Errorf("subject is %q", e.Subject)
	}
	says(t, err, "2026-03-04T12:01:00Z")

	later := lease("south", 0)
	later.Now = noon.Add(time.Minute) // the lease lasts until, not including
	for _, l := range []engine.Lease{later, lease("north", 0)} {
		_, err = s.Begin(t.Context(), run("r2", "c1"), l)
		e := wants(t, err, engine.Unfinished)
		if e.Subject != "north" || e.Run != "r1" || e.Effect != engine.CanContinue {
			t.Errorf("error is %+v", e)
		}
	}
	if _, err = s.Begin(t.Context(), run("r2", "c2"), lease("south", 0)); err != nil {
		t.Errorf("another card: %v", err)
	}
}

// A refused Begin takes nothing: the first station's fence is still good.
func TestRefusedBeginChangesNothing(t *testing.T) {
	s := open(t, newPath(t))
	l := begin(t, s, run("r1", "c1"), "north")
	_, err := s.Begin(t.Context(), run("r2", "c1"), lease("north", 0))
	wants(t, err, engine.Unfinished)
	must(t, s.Note(t.Context(), "r1", l, []engine.Note{note(0, engine.Begun)}, "", nil))
}

// Who takes a run over gets its notes in their order, whole, and a new fence;
// who had it before may write no more and is told who has it.
func TestTake(t *testing.T) {
	s := open(t, newPath(t))
	first := begin(t, s, run("r1", "c1"), "north")
	notes := []engine.Note{
		note(0, engine.Begun),
		{Step: 0, Kind: engine.Done, At: noon.Add(time.Nanosecond), Data: engine.Data{Public: []byte{0, 0xff}, Words: "né \x1b[31m"}},
		{Step: 0, Kind: engine.Begun, Undo: true, At: noon, Data: engine.Data{Request: "q", Certificate: []byte{1}, GUID: "g", Sealed: []byte{2}}},
	}
	must(t, s.Note(t.Context(), "r1", first, notes[:2], "", nil))
	must(t, s.Note(t.Context(), "r1", first, notes[2:], "", nil))

	l := lease("south", 0)
	l.Now = noon.Add(2 * time.Minute)
	got, err := s.Take(t.Context(), "r1", l)
	must(t, err)
	want := run("r1", "c1")
	want.Fence, want.Notes = 2, notes
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}

	err = s.Note(t.Context(), "r1", first, []engine.Note{note(1, engine.Begun)}, "", nil)
	if e := wants(t, err, engine.Overtaken); e.Subject != "south" || e.Run != "r1" {
		t.Errorf("error is %+v", e)
	}
	wants(t, s.Record(t.Context(), "r1", first, outcome(run("r1", "c1"), 0)), engine.Overtaken)
}

// A run is not taken from a station that is at work, but a station may always
// take over from itself.
func TestTakeInWork(t *testing.T) {
	s := open(t, newPath(t))
	l := begin(t, s, run("r1", "c1"), "north")
	_, err := s.Take(t.Context(), "r1", lease("south", 0))
	if e := wants(t, err, engine.InWork); e.Subject != "north" {
		t.Errorf("subject is %q", e.Subject)
	}
	must(t, s.Note(t.Context(), "r1", l, nil, "", nil)) // the fence was left alone
	if r, err := s.Take(t.Context(), "r1", lease("north", 0)); err != nil || r.Fence != 2 {
		t.Errorf("own run: fence %d, %v", r.Fence, err)
	}
}

// Each note extends the lease: a station that works is not overtaken.
func TestNoteExtendsLease(t *testing.T) {
	s := open(t, newPath(t))
	l := begin(t, s, run("r1", "c1"), "north")
	l.Now, l.Until = noon.Add(50*time.Second), noon.Add(110*time.Second)
	must(t, s.Note(t.Context(), "r1", l, []engine.Note{note(0, engine.Begun)}, "", nil))
	other := lease("south", 0)
	other.Now = noon.Add(100 * time.Second)
	_, err := s.Take(t.Context(), "r1", other)
	wants(t, err, engine.InWork)
}

// A run that has ended stays ended and is shown without its notes; the card is
// free for another station at once, with a higher fence.
func TestEnd(t *testing.T) {
	for _, end := range []engine.RunEnd{engine.Finished, engine.TakenBack} {
		t.Run(string(end), func(t *testing.T) {
			s := open(t, newPath(t))
			l := begin(t, s, run("r1", "c1"), "north")
			row := auditRow("c1", "r1", string(end))
			must(t, s.Note(t.Context(), "r1", l, []engine.Note{note(0, engine.Begun)}, end, &engine.Closing{Audit: row}))
			if n := count(t, s, `SELECT COUNT(*) FROM audit WHERE run = 'r1'`); n != 1 {
				t.Errorf("%d audit rows, want 1", n)
			}

			says(t, wants(t, s.Note(t.Context(), "r1", l, nil, "", nil), engine.Overtaken), "ended")
			wants(t, s.Record(t.Context(), "r1", l, outcome(run("r1", "c1"), 0)), engine.Overtaken)
			_, err := s.Take(t.Context(), "r1", lease("north", 0))
			says(t, wants(t, err, engine.Overtaken), "ended")

			if l := begin(t, s, run("r0", "c1"), "south"); l.Fence != 2 {
				t.Errorf("fence is %d, want 2", l.Fence)
			}
			runs, err := s.Runs(t.Context(), "c1")
			must(t, err)
			if len(runs) != 2 || runs[0].ID != "r0" || runs[1].End != end || runs[1].Notes != nil {
				t.Errorf("runs are %+v", runs)
			}
		})
	}
}

// The open run is the first of Runs, also after somebody set the clock back:
// the Desk looks for it there.
func TestOpenRunIsFirst(t *testing.T) {
	s := open(t, newPath(t))
	l := begin(t, s, run("r1", "c1"), "north")
	must(t, s.Note(t.Context(), "r1", l, nil, engine.Finished, nil))
	yesterday := run("r2", "c1")
	yesterday.Started = noon.AddDate(0, 0, -1)
	begin(t, s, yesterday, "north")
	runs, err := s.Runs(t.Context(), "c1")
	must(t, err)
	if runs[0].ID != "r2" || runs[0].End != "" {
		t.Errorf("first is %+v", runs[0])
	}
}

// A run the journal has never heard of is trouble, not an empty run.
func TestUnknownRun(t *testing.T) {
	s := open(t, newPath(t))
	_, err := s.Take(t.Context(), "r1", lease("north", 0))
	says(t, wants(t, err, engine.StoreTrouble), "no run r1")
	says(t, wants(t, s.Note(t.Context(), "r1", lease("north", 1), nil, "", nil), engine.StoreTrouble), "no run r1")
	says(t, wants(t, s.Record(t.Context(), "r1", lease("north", 1), outcome(run("r1", "c1"), 0)), engine.StoreTrouble), "no run r1")
}

// A plan in a format of tomorrow is refused in words, and left to the program
// that wrote it.
func TestNewerPlan(t *testing.T) {
	s := open(t, newPath(t))
	r := run("r1", "c1")
	r.Plan.Format = engine.PlanFormat + 1
	l := begin(t, s, r, "north")
	_, err := s.Take(t.Context(), "r1", lease("north", 0))
	says(t, wants(t, err, engine.StoreTrouble), "run r1", "use the newer program")
	_, err = s.Runs(t.Context(), "c1")
	wants(t, err, engine.StoreTrouble)
	must(t, s.Note(t.Context(), "r1", l, []engine.Note{note(0, engine.Begun)}, "", nil)) // not overtaken
}

// A journal that cannot be understood is trouble, not a run with parts missing.
func TestGarbledJournal(t *testing.T) {
	for _, deed := range []string{`UPDATE runs SET run = '{'`, `UPDATE notes SET note = 'gone'`} {
		s := open(t, newPath(t))
		l := begin(t, s, run("r1", "c1"), "north")
		must(t, s.Note(t.Context(), "r1", l, []engine.Note{note(0, engine.Begun)}, "", nil))
		_, err := s.Raw().ExecContext(t.Context(), deed)
		must(t, err)
		_, err = s.Take(t.Context(), "r1", lease("north", 0))
		says(t, wants(t, err, engine.StoreTrouble), "r1")
		must(t, s.Note(t.Context(), "r1", l, nil, "", nil)) // not overtaken
	}
}
