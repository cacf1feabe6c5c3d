package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// request is one that a CA holds for a run, and that is asked about so many minutes
// after noon.
func request(id string, r engine.Run, minute int) engine.Request {
	return engine.Request{
		ID: id, CA: "home", Card: r.Plan.Card, User: r.Plan.User, Run: r.ID, Template: "logon", Place: "9a", Actor: r.Actor, Works: true,
		State: engine.RequestPending, Words: "Waits\tfor Žofie", Asked: noon, Ends: noon.AddDate(0, 0, 9), Next: at(minute),
		Tell: []engine.Told{{Event: engine.UpdateApproved, To: []string{"user", "boss@corp.test"}}},
	}
}

// resting is the outcome of a run that waits for these requests.
func resting(r engine.Run, version int64, requests ...engine.Request) engine.Outcome {
	o := outcome(r, version)
	o.Record.State, o.Requests, o.Notes, o.End = engine.StatePending, requests, []engine.Note{note(0, engine.Rested)}, ""
	return o
}

// holdRequests puts requests into the store the way they get there: with a run that was put
// down.
func holdRequests(t testing.TB, s *store.Store, card engine.CardID, minutes map[string]int) engine.Run {
	t.Helper()
	r := run(engine.RunID("run of "+card), card)
	var requests []engine.Request
	for id, minute := range minutes {
		requests = append(requests, request(id, r, minute))
	}
	must(t, s.Rest(t.Context(), r.ID, begin(t, s, r, "north"), resting(r, 0, requests...)))
	return r
}

// takesRequests fails the test unless these requests are taken at a minute; they are
// held for five.
func takesRequests(t testing.TB, s *store.Store, minute, most int, want ...string) []engine.Request {
	t.Helper()
	taken, err := s.TakeRequests(t.Context(), at(minute), at(minute+5), most)
	must(t, err)
	if got := idsOf(taken); got != strings.Join(want, " ") {
		t.Errorf("at minute %d %q were taken, want %q", minute, got, want)
	}
	return taken
}

func idsOf(requests []engine.Request) string {
	var ids []string
	for _, q := range requests {
		ids = append(ids, q.ID)
	}
	return strings.Join(ids, " ")
}

// nextRequest fails the test unless the next request is to be asked about at a
// minute; -1: none is.
func nextRequest(t *testing.T, s *store.Store, minute int) {
	t.Helper()
	when, ok, err := s.NextRequest(t.Context())
	must(t, err)
	if ok != (minute >= 0) || ok && !when.Equal(at(minute)) {
		t.Errorf("next request is at %v, %v; want minute %d", when, ok, minute)
	}
}

// A request comes out as it went in.
func TestRequest(t *testing.T) {
	s := open(t, newPath(t))
	nextRequest(t, s, -1)
	r := run("r1", "c1")
	want := request("q1", r, 0)
	want.Approval, want.Trouble, want.Silent, want.Escalated, want.Tries = true, "away", at(1), at(2), 3
	want.Certificate, want.Orphan, want.Watched, want.Decided = []byte{1}, "0a", true, at(3)
	must(t, s.Rest(t.Context(), r.ID, begin(t, s, r, "north"), resting(r, 0, want)))
	want.Version = 1
	for name, read := range map[string]func() ([]engine.Request, error){
		"of its card": func() ([]engine.Request, error) { return s.RequestsOf(t.Context(), "c1") },
		"an orphan":   func() ([]engine.Request, error) { return s.Orphans(t.Context()) },
	} {
		if got, err := read(); err != nil || !reflect.DeepEqual(got, []engine.Request{want}) {
			t.Errorf("%s: got %+v, %v\nwant %+v", name, got, err, want)
		}
	}
}

// Those that have waited longest are taken first, by one; whoever dies at them keeps
// them until the time is over, and no longer.
func TestTakeRequests(t *testing.T) {
	s := open(t, newPath(t))
	holdRequests(t, s, "c1", map[string]int{"a": 3, "b": 1})
	holdRequests(t, s, "c2", map[string]int{"c": 2, "d": 90})
	nextRequest(t, s, 1)
	takesRequests(t, s, 0, 9)
	takesRequests(t, s, 10, 2, "b", "c")
	nextRequest(t, s, 3)
	takesRequests(t, s, 10, 9, "a")
	takesRequests(t, s, 14, 9)
	nextRequest(t, s, 15)
	taken := takesRequests(t, s, 15, 9, "b", "c", "a")
	for i := range taken {
		taken[i].Next = at(60 + i)
	}
	taken[2].Next = at(-1)
	taken[2].Next = taken[2].Decided // never again
	must(t, s.SettleRequests(t.Context(), settled(taken)...))
	takesRequests(t, s, 59, 9)
	nextRequest(t, s, 60)
	takesRequests(t, s, 99, 9, "b", "c", "d")
	ofCard, err := s.TakeRequestsOf(t.Context(), "c1", at(200), at(205))
	must(t, err)
	if got := idsOf(ofCard); got != "b" {
		t.Errorf("of the card %q were taken", got)
	}
}

func settled(requests []engine.Request) (all []engine.Settled) {
	for _, q := range requests {
		all = append(all, engine.Settled{Request: q})
	}
	return all
}

// What a slow worker says of a request that somebody else has taken since, or that
// its update has written, is nothing: no letter, no audit row.
func TestSlowWorker(t *testing.T) {
	for name, overtake := range map[string]func(t *testing.T, s *store.Store, r engine.Run){
		"by another worker": func(t *testing.T, s *store.Store, _ engine.Run) { takesRequests(t, s, 6, 9, "q1") },
		"by its update": func(t *testing.T, s *store.Store, r engine.Run) {
			l := lease("north", 0)
			taken, err := s.Take(t.Context(), r.ID, l)
			must(t, err)
			l.Fence = taken.Fence
			must(t, s.Rest(t.Context(), r.ID, l, resting(r, 1, request("q1", r, 60))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, newPath(t))
			r := holdRequests(t, s, "c1", map[string]int{"q1": 0})
			slow := engine.Settled{
				Request: takesRequests(t, s, 0, 9, "q1")[0], Letters: []engine.Letter{letter("l1", "c1", 0)}, Audit: []engine.AuditRow{auditRow("c1", "r1", "slow")},
			}
			overtake(t, s, r)
			slow.Request.State = engine.RequestRejected
			must(t, s.SettleRequests(t.Context(), slow))
			got, err := s.RequestsOf(t.Context(), "c1")
			must(t, err)
			if got[0].State != engine.RequestPending || count(t, s, `SELECT COUNT(*) FROM outbox`) != 0 || count(t, s, `SELECT COUNT(*) FROM audit WHERE result = 'slow'`) != 0 {
				t.Errorf("the slow one has said that it is %s", got[0].State)
			}
		})
	}
}

// What became of a request is written with its letters and audit, once.
func TestSettleRequests(t *testing.T) {
	s := open(t, newPath(t))
	holdRequests(t, s, "c1", map[string]int{"q1": 0})
	done := engine.Settled{
		Request: takesRequests(t, s, 0, 9, "q1")[0], Letters: []engine.Letter{letter("l1", "c1", 0)}, Audit: []engine.AuditRow{auditRow("c1", "r1", "settled")},
	}
	done.Request.State, done.Request.Certificate = engine.RequestApproved, []byte{1}
	for range 2 {
		must(t, s.SettleRequests(t.Context(), done))
	}
	got, err := s.RequestsOf(t.Context(), "c1")
	must(t, err)
	if got[0].State != engine.RequestApproved || got[0].Version != 3 || count(t, s, `SELECT COUNT(*) FROM outbox`) != 1 || count(t, s, `SELECT COUNT(*) FROM audit WHERE result = 'settled'`) != 1 {
		t.Errorf("it is %+v", got[0])
	}
}

// A card shows the requests of its last update that waited, and older ones only
// while they are watched.
func TestLastRequests(t *testing.T) {
	s := open(t, newPath(t))
	shows := func(want string) {
		t.Helper()
		got, err := s.RequestsOf(t.Context(), "c1")
		must(t, err)
		if ids := idsOf(got); ids != want {
			t.Errorf("it shows %q, want %q", ids, want)
		}
	}
	first := run("r1", "c1")
	l := begin(t, s, first, "north")
	must(t, s.Rest(t.Context(), "r1", l, resting(first, 0, request("q1", first, 0), request("q2", first, 0))))
	shows("q1 q2")
	l.Fence = takesRun(t, s, "r1")
	given := outcome(first, 1)
	given.Requests = []engine.Request{request("q1", first, 0), request("q2", first, 0)}
	given.Requests[0].Watched = true
	given.Requests[1].State = engine.RequestWithdrawn
	given.Notes, given.End = []engine.Note{{Undo: true, Kind: engine.Done}}, engine.TakenBack
	must(t, s.Record(t.Context(), "r1", l, given))
	shows("q1 q2")
	second := run("r2", "c1")
	must(t, s.Rest(t.Context(), "r2", begin(t, s, second, "north"), resting(second, 2, request("q3", second, 0))))
	shows("q1 q3")
}

func takesRun(t *testing.T, s *store.Store, id engine.RunID) int64 {
	t.Helper()
	r, err := s.Take(t.Context(), id, lease("north", 0))
	must(t, err)
	return r.Fence
}

// A run that is put down lets its card go: another station may take it up at once.
// Putting it down twice leaves one row of each request; whoever was overtaken writes
// nothing.
func TestRest(t *testing.T) {
	s := open(t, newPath(t))
	r := run("r1", "c1")
	old := begin(t, s, r, "north")
	must(t, s.Rest(t.Context(), "r1", old, resting(r, 0, request("q1", r, 0))))
	south := lease("south", 0)
	taken, err := s.Take(t.Context(), "r1", south)
	must(t, err)
	if len(taken.Notes) != 1 || taken.Notes[0].Kind != engine.Rested || taken.End != "" {
		t.Errorf("south takes up %+v", taken)
	}
	wants(t, s.Rest(t.Context(), "r1", old, resting(r, 1, request("q2", r, 0))), engine.Overtaken)
	south.Fence = taken.Fence
	must(t, s.Rest(t.Context(), "r1", south, resting(r, 1, request("q1", r, 7))))
	if n := count(t, s, `SELECT COUNT(*) FROM requests`); n != 1 {
		t.Errorf("%d requests are there", n)
	}
	nextRequest(t, s, 7)
	wants(t, s.Rest(t.Context(), "r1", south, resting(r, 1, request("q1", r, 9))), engine.Overtaken) // over an old record
	nextRequest(t, s, 7)
	if n := count(t, s, `SELECT COUNT(*) FROM leases WHERE until IS NOT NULL`); n != 0 {
		t.Errorf("%d cards are still somebody's", n)
	}
}

// Who puts a run down takes its requests from whoever was at them: they are asked
// about when their time comes.
func TestRestFreesRequests(t *testing.T) {
	s := open(t, newPath(t))
	r := holdRequests(t, s, "c1", map[string]int{"q1": 0})
	takesRequests(t, s, 0, 9, "q1")
	l := lease("north", takesRun(t, s, r.ID))
	must(t, s.Rest(t.Context(), r.ID, l, resting(r, 1, request("q1", r, 2))))
	nextRequest(t, s, 2)
	takesRequests(t, s, 2, 9, "q1")
}

// A request in a format of tomorrow is left to the kiosk that wrote it, and holds up
// no other; whoever wants to see it is told.
func TestNewerRequest(t *testing.T) {
	s := open(t, newPath(t))
	holdRequests(t, s, "c1", map[string]int{"new": 0})
	holdRequests(t, s, "c2", map[string]int{"old": 5})
	_, err := s.Raw().ExecContext(t.Context(), `UPDATE requests SET format = 9 WHERE id = 'new'`)
	must(t, err)
	nextRequest(t, s, 5)
	takesRequests(t, s, 9, 9, "old")
	_, err = s.RequestsOf(t.Context(), "c1")
	says(t, wants(t, err, engine.StoreTrouble), "request new")
}

// Workers of two kiosks never get the same request, and every request is got.
func TestTwoRequestWorkers(t *testing.T) {
	path := newPath(t)
	kiosks := []*store.Store{open(t, path), open(t, path)}
	const cards = 40
	for i := range cards {
		holdRequests(t, kiosks[0], engine.CardID(fmt.Sprint("c", i)), map[string]int{fmt.Sprint("q", i): 0})
	}
	var mu sync.Mutex
	inHand, times := map[string]bool{}, map[string]int{}
	g, ctx := errgroup.WithContext(t.Context())
	for i := range 6 {
		g.Go(func() error {
			for {
				taken, err := kiosks[i%2].TakeRequests(ctx, at(0), at(5), 3)
				if err != nil || len(taken) == 0 {
					return err
				}
				mu.Lock()
				for i, q := range taken {
					if inHand[q.ID] {
						t.Errorf("request %s is two workers'", q.ID)
					}
					inHand[q.ID] = true
					times[q.ID]++
					taken[i].Next = at(60)
				}
				mu.Unlock()
				mu.Lock()
				for _, q := range taken {
					inHand[q.ID] = false
				}
				mu.Unlock()
				if err := kiosks[(i+1)%2].SettleRequests(context.WithoutCancel(ctx), settled(taken)...); err != nil {
					return err
				}
			}
		})
	}
	must(t, g.Wait())
	for id, n := range times {
		if n != 1 {
			t.Errorf("request %s was taken %d times", id, n)
		}
	}
	if len(times) != cards {
		t.Errorf("%d requests were taken, want %d", len(times), cards)
	}
}

// However many requests there have been, those of a card, those whose time has come
// and the orphans are found by an index.
func TestRequestPlans(t *testing.T) {
	s := open(t, newPath(t))
	for query, want := range map[string]string{
		`SELECT stands FROM requests WHERE card = 'c' AND (last = 1 OR watched = 1) ORDER BY last, seq`:                                     "SEARCH requests USING INDEX requests_card",
		`SELECT id FROM requests WHERE format <= 1 AND next <= 1 AND (taken IS NULL OR taken <= 1) ORDER BY next, id LIMIT 50`:              "SEARCH requests USING INDEX requests_next",
		`SELECT MIN(MAX(next, COALESCE(taken, next))) FROM requests WHERE next IS NOT NULL AND format <= 1`:                                 "USING INDEX requests_next",
		`SELECT stands FROM requests WHERE orphan <> '' ORDER BY id`:                                                                        "USING INDEX requests_orphans",
		`UPDATE requests SET last = 0 WHERE card = 'c' AND last = 1 AND run <> 'r'`:                                                         "SEARCH requests USING INDEX requests_card",
		`SELECT id FROM requests WHERE format <= 1 AND card = 'c' AND next IS NOT NULL AND (taken IS NULL OR taken <= 1) ORDER BY next, id`: "SEARCH requests USING INDEX requests_card",
	} {
		says(t, errors.New(plan(t, s, query)), want)
	}
}
