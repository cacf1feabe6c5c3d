package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// Two kiosks on one file, each with many runs at once, do not disturb each
// other: every run has its notes in their order, every outcome is recorded, and
// no audit row is lost.
func TestTwoKiosks(t *testing.T) {
	path := newPath(t)
	kiosks := map[string]*store.Store{"north": open(t, path), "south": open(t, path)}
	const runs, notes = 6, 10
	g, ctx := errgroup.WithContext(t.Context())
	for station, s := range kiosks {
		for i := range runs {
			name := fmt.Sprintf("%s %d", station, i)
			g.Go(func() error { return carryOut(ctx, s, name, station, notes) })
		}
	}
	must(t, g.Wait())
	s := kiosks["north"]
	if n := count(t, s, `SELECT COUNT(*) FROM audit WHERE seq <= $1`, 2*runs); n != 2*runs {
		t.Errorf("%d audit rows up to number %d", n, 2*runs)
	}
	if n := count(t, s, `SELECT COUNT(*) FROM cards WHERE state = 'issued' AND version = 1`); n != 2*runs {
		t.Errorf("%d cards are issued, want %d", n, 2*runs)
	}
	if n := count(t, s, `SELECT COUNT(*) FROM notes WHERE seq = 1 + CAST(note ->> 'step' AS BIGINT)`); n != 2*runs*notes {
		t.Errorf("%d notes are in their place, want %d", n, 2*runs*notes)
	}
}

// carryOut is a whole run of a card of its own.
func carryOut(ctx context.Context, s *store.Store, name, station string, notes int) error {
	r, l := run(engine.RunID(name), engine.CardID(name)), lease(station, 0)
	var err error
	if l.Fence, err = s.Begin(ctx, r, l); err != nil {
		return err
	}
	for i := range notes - 1 {
		if err := s.Note(ctx, r.ID, l, []engine.Note{note(i, engine.Begun)}, "", nil); err != nil {
			return err
		}
	}
	o := outcome(r, 0)
	o.Notes = []engine.Note{note(notes-1, engine.Done)}
	return s.Record(ctx, r.ID, l, o)
}

// Of many who begin a run of one card at the same moment, one does; the others
// are told why not.
func TestOneBegins(t *testing.T) {
	path := newPath(t)
	kiosks := map[string]*store.Store{"north": open(t, path), "south": open(t, path)}
	const each = 5
	results := make(chan error)
	for station, s := range kiosks {
		for i := range each {
			go func() {
				_, err := s.Begin(context.Background(), run(engine.RunID(fmt.Sprint(station, i)), "c1"), lease(station, 0))
				results <- err
			}()
		}
	}
	begun := 0
	for range 2 * each {
		err := <-results
		switch {
		case err == nil:
			begun++
		case !engine.Is(err, engine.InWork) && !engine.Is(err, engine.Unfinished):
			t.Error(err)
		}
	}
	if begun != 1 {
		t.Errorf("%d have begun, want 1", begun)
	}
}

// Couriers of two kiosks never get the same letter.
func TestTwoCouriers(t *testing.T) {
	path := newPath(t)
	kiosks := []*store.Store{open(t, path), open(t, path)}
	var letters []engine.Letter
	for i := range 40 {
		letters = append(letters, letter(fmt.Sprintf("l%02d", i), engine.CardID(fmt.Sprint(i)), 0))
	}
	post(t, kiosks[0], letters...)
	taken := make(chan string, 2*len(letters))
	g, ctx := errgroup.WithContext(t.Context())
	for i := range 8 {
		g.Go(func() error {
			for {
				got, err := kiosks[i%2].TakeDue(ctx, at(0), at(5), 3)
				for _, l := range got {
					taken <- l.ID
				}
				if err != nil || len(got) == 0 {
					return err
				}
			}
		})
	}
	must(t, g.Wait())
	close(taken)
	seen := map[string]bool{}
	for id := range taken {
		if seen[id] {
			t.Errorf("letter %s was taken twice", id)
		}
		seen[id] = true
	}
	if len(seen) != len(letters) {
		t.Errorf("%d letters were taken, want %d", len(seen), len(letters))
	}
}

// Workers of two kiosks never get the same errand, nor two of one card at once.
func TestTwoWorkers(t *testing.T) {
	path := newPath(t)
	kiosks := []*store.Store{open(t, path), open(t, path)}
	const cards, each = 8, 3
	var errands []engine.Errand
	for i := range cards * each {
		errands = append(errands, errand(fmt.Sprintf("e%02d", i), engine.CardID(fmt.Sprint(i%cards)), 0))
	}
	send(t, kiosks[0], errands...)
	var mu sync.Mutex
	inHand, last := map[engine.CardID]string{}, map[engine.CardID]string{}
	g, ctx := errgroup.WithContext(t.Context())
	for i := range 6 {
		g.Go(func() error {
			for {
				e, ok, err := kiosks[i%2].TakeErrand(ctx, at(0), at(5))
				if err != nil || !ok {
					return err
				}
				mu.Lock()
				if inHand[e.Card] != "" || last[e.Card] >= e.ID {
					t.Errorf("card %s: %s was taken after %q, while somebody is at %q", e.Card, e.ID, last[e.Card], inHand[e.Card])
				}
				inHand[e.Card], last[e.Card] = e.ID, e.ID
				mu.Unlock()
				mu.Lock() // no other may have come in between
				inHand[e.Card] = ""
				mu.Unlock()
				if err := kiosks[(i+1)%2].ErrandDone(ctx, e.ID, at(1)); err != nil {
					return err
				}
			}
		})
	}
	must(t, g.Wait())
	if n := count(t, kiosks[0], `SELECT COUNT(*) FROM errands WHERE state = 'done' AND tries = 1`); n != cards*each {
		t.Errorf("%d errands are done, after one try each; want %d", n, cards*each)
	}
}
