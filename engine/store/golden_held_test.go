package store_test

import (
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// heldJournal is aroundJournal with what a plan has since CAs hold requests: its run
// lies down to wait for one. Beside it lies a run that was cancelled, of another
// card.
func heldJournal() (engine.Record, engine.Run, engine.Letter) {
	record, run, letter := aroundJournal()
	record.State, record.Version = engine.StatePending, 2
	run.Fence = 2
	run.Plan.Format, run.Plan.From = 3, engine.StateIssued
	run.Plan.Told = []engine.Told{{Event: engine.UpdateApproved, To: []string{"user", "group:CN=a"}}}
	ask := *run.Plan.Steps[2].Ask
	ask.Hold, ask.Renews = true, &engine.Renewing{Certificate: []byte("old"), By: []byte("by"), Place: "9a", Touch: true}
	run.Plan.Steps[2].Ask = &ask
	run.Plan.Steps = slices.Insert(run.Plan.Steps, 3, engine.Step{Verb: engine.AskApproval, Place: "9d", Template: "mail", Ask: &ask, Public: []byte("old key")})
	run.Plan.Decided, run.Plan.First, run.Plan.NewPIN = 4, false, false
	run.Notes = slices.Concat(run.Notes[:5], []engine.Note{
		{Step: 2, Kind: engine.Held, At: at(4), Data: engine.Data{Words: "wartet auf Žofie"}},
		{Step: 3, Kind: engine.Begun, At: at(4), Data: engine.Data{Request: "q2"}},
		{Step: 3, Kind: engine.Held, At: at(5)},
		{Step: 16, Kind: engine.Rested, At: at(5)},
	})
	return record, run, letter
}

// heldRequests are the requests that heldJournal waits for.
func heldRequests() []engine.Request {
	_, run, _ := heldJournal()
	first, second := request("q1", run, 60), request("q2", run, 61)
	second.Approval, second.Place, second.Template = true, "9d", "mail"
	second.Trouble, second.Silent, second.Tries, second.Escalated = "the CA is away", at(6), 2, at(7)
	return []engine.Request{first, second}
}

// watchedRequest is one of the update that was cancelled.
func watchedRequest() engine.Request {
	q := request("q8", run("r8", "c8"), 70)
	q.Watched, q.Certificate, q.Orphan, q.Decided = true, []byte("late"), "0c", at(8)
	return q
}

func lieDown(t *testing.T, s *store.Store, record engine.Record, r engine.Run) {
	t.Helper()
	l := begin(t, s, r, "north")
	must(t, s.Note(t.Context(), r.ID, l, r.Notes[:len(r.Notes)-1], "", nil))
	o := outcome(r, 0)
	o.Record, o.Requests, o.Notes, o.End = record, heldRequests(), r.Notes[len(r.Notes)-1:], ""
	must(t, s.Rest(t.Context(), r.ID, l, o))
}

// leaveCancelled leaves a run that was cancelled, of a card of its own.
func leaveCancelled(t *testing.T, s *store.Store) {
	t.Helper()
	r := run("r8", "c8")
	l := begin(t, s, r, "north")
	must(t, s.Note(t.Context(), r.ID, l, []engine.Note{
		note(0, engine.Begun), {Undo: true, Kind: engine.Begun, At: noon}, {Undo: true, Kind: engine.Done, At: noon, Data: engine.Data{Watch: true}},
	}, "", nil))
	o := outcome(r, 0)
	o.Requests, o.Notes, o.End = []engine.Request{watchedRequest()}, []engine.Note{{Undo: true, Step: 1, Kind: engine.Done, At: noon}}, engine.TakenBack
	must(t, s.Record(t.Context(), r.ID, l, o))
}

// Requests that an older kiosk has left behind are read as they were meant: those
// that are waited for, and those of a cancelled update that are watched.
func TestFormerRequests(t *testing.T) {
	s := open(t, load(t, filepath.Join(journals, "plan3-tables8.sql")))
	want := heldRequests()
	for i := range want {
		want[i].Version = 1
	}
	got, err := s.RequestsOf(t.Context(), "c1")
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	watched := watchedRequest()
	watched.Version = 1
	for name, read := range map[string]func() ([]engine.Request, error){
		"watched": func() ([]engine.Request, error) { return s.RequestsOf(t.Context(), "c8") },
		"orphans": func() ([]engine.Request, error) { return s.Orphans(t.Context()) },
	} {
		if got, err := read(); err != nil || !reflect.DeepEqual(got, []engine.Request{watched}) {
			t.Errorf("%s: got %+v, %v\nwant %+v", name, got, err, watched)
		}
	}
	takesRequests(t, s, 61, 9, "q1", "q2")
	runs, err := s.Runs(t.Context(), "c8")
	must(t, err)
	if len(runs) != 1 || runs[0].End != engine.TakenBack {
		t.Errorf("the cancelled run is %+v", runs)
	}
}
