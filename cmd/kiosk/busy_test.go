package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/authority"
	cawire "cardkiosk/engine/ca/wire"
	"cardkiosk/engine/store"
)

// busy is a store with many requests that a CA, served over TLS, holds.
type busy struct {
	ca      *authority.Authority
	url     string
	file    string // of the store
	folder  string // of the CA
	ids     []string
	granted int // that the officer has approved
	trace   *trace

	mu    sync.Mutex
	later time.Duration // the workers' clock goes ahead
}

const busyOfficer = "officer"

// openBusy makes so many requests, each of a card of its own; every fiftieth is
// approved already.
func openBusy(t testing.TB, requests int) *busy {
	t.Helper()
	b := &busy{file: filepath.Join(t.TempDir(), "kiosk.db"), trace: &trace{polls: map[string][]poll{}, arrived: map[string]bool{}}}
	b.folder, _ = caFolder(t)
	rewriteRules(t, b.folder, "officers = []", `officers = ["`+busyOfficer+`"]`)
	b.serve(t)
	b.ask(t, requests)
	b.keep(t)
	return b
}

// serve serves the CA until the test ends.
func (b *busy) serve(t testing.TB) {
	t.Helper()
	var err error
	if b.ca, err = authority.Open(t.Context(), b.folder, []byte(caPassphrase), time.Now, rand.Reader, silent); err != nil {
		t.Fatal(err)
	}
	var listen [2]net.Listener
	for i := range listen {
		if listen[i], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	b.url = "https://" + listen[0].Addr().String()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- b.ca.Serve(ctx, listen[0], listen[1]) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-done, b.ca.Close()); err != nil {
			t.Errorf("close CA: %v", err)
		}
	})
}

// ask puts the requests into the CA's book, by its own door: of one key, which is
// quicker made than many.
func (b *busy) ask(t testing.TB, requests int) {
	t.Helper()
	asked := cardRequest(t, "", newCardKey(t))
	station := authority.Station{Name: "lobby-1", MayAsk: true}
	for i := range requests {
		r := cawire.Request{
			ID: fmt.Sprintf("q%05d", i), Template: asked.Profile, CSR: asked.CSR, ValidDays: asked.ValidDays, Hold: true,
			User: cawire.User{ID: "u1", Name: "Zoë"}, Actor: cawire.Actor{Who: "anna", Mode: string(engine.Operator)},
		}
		a, err := b.ca.Ask(t.Context(), station, r)
		if err == nil && i%50 == 0 {
			_, err = b.ca.Approve(t.Context(), engine.Actor{Who: busyOfficer}, r.ID)
			b.granted++
		}
		if err != nil || a.State != engine.RequestPending {
			t.Fatalf("ask %s: %v, %v", r.ID, a, err)
		}
		b.ids = append(b.ids, r.ID)
	}
}

// keep writes the requests to the store with runs that lie down; many with each, so
// that it is soon done.
func (b *busy) keep(t testing.TB) {
	t.Helper()
	s := b.open(t)
	now := time.Now()
	const each = 500
	for first := 0; first < len(b.ids); first += each {
		run := engine.Run{ID: engine.RunID(fmt.Sprintf("r%05d", first)), Actor: tester, Started: now, Plan: engine.Plan{
			Format: engine.PlanFormat, Card: busyCard(first), User: engine.UserRef{ID: "u1", Mail: "zoe@corp.example"},
			Steps: []engine.Step{{Verb: engine.WriteRecord}},
		}}
		lease := engine.Lease{Station: "lobby-1", Now: now, Until: now.Add(time.Minute)}
		fence, err := s.Begin(t.Context(), run, lease)
		if err != nil {
			t.Fatal(err)
		}
		lease.Fence = fence
		o := engine.Outcome{
			Record: engine.Record{Card: run.Plan.Card, User: run.Plan.User, State: engine.StatePending},
			Notes:  []engine.Note{{Kind: engine.Rested, At: now}}, Audit: engine.AuditRow{At: now, Actor: tester},
		}
		for i := first; i < min(first+each, len(b.ids)); i++ {
			o.Requests = append(o.Requests, engine.Request{
				ID: b.ids[i], CA: "Corp", Card: busyCard(i), User: run.Plan.User, Run: run.ID, Template: "cardauth", State: engine.RequestPending,
				Asked: now, Next: now, Tell: []engine.Told{{Event: engine.UpdateApproved, To: []string{engine.ToUser}}},
			})
		}
		if err := s.Rest(t.Context(), run.ID, lease, o); err != nil {
			t.Fatal(err)
		}
	}
}

func busyCard(i int) engine.Identity {
	return engine.Identity{ID: engine.CardID(fmt.Sprintf("card-%05d", i)), Serial: fmt.Sprint(i)}
}

func (b *busy) open(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), b.file, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (b *busy) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Now().Add(b.later)
}

// wait lets the workers' clock go ahead.
func (b *busy) wait(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.later += d
}

// worker is one with a store handle and a station of its own. It dies after so many
// lookups; 0 for never.
func (b *busy) worker(t testing.TB, name string, lookups int) *engine.Desk {
	t.Helper()
	dir := filepath.Join(b.folder, "station-"+name)
	if _, err := b.ca.MakeStation(t.Context(), engine.Actor{Who: "root"}, authority.NewStation{Name: name, MayAsk: true, MayRevoke: true, Days: 30, Dir: dir}); err != nil {
		t.Fatal(err)
	}
	s, life := b.open(t), &mortal{left: lookups}
	return &engine.Desk{
		Requests: mortalRequests{s, life}, Journal: s, Ledger: s, Audit: s, Now: b.now, Random: rand.Reader, Log: silent,
		CAs: map[string]engine.CA{"Corp": tracedCA{connectCA(t, b.url, dir), life, b.trace, name}},
	}
}

// mortal is a worker's life: when it has done so many lookups it is killed, and
// nothing of it reaches anybody any more.
type mortal struct {
	mu   sync.Mutex
	left int
	dead bool
}

var errKilled = &engine.Error{Op: "go on", Kind: engine.StoreTrouble, Err: errors.New("killed")}

func (m *mortal) looks() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left > 0 {
		m.left--
		m.dead = m.left == 0
	}
	if m.dead {
		return errKilled
	}
	return nil
}

func (m *mortal) lives() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return errKilled
	}
	return nil
}

type mortalRequests struct {
	engine.Requests
	*mortal
}

func (r mortalRequests) SettleRequests(ctx context.Context, settled ...engine.Settled) error {
	if err := r.lives(); err != nil {
		return err
	}
	return r.Requests.SettleRequests(ctx, settled...)
}

// tracedCA notes who asks about what, from when until when.
type tracedCA struct {
	engine.CA
	*mortal
	trace *trace
	name  string
}

func (c tracedCA) Lookup(ctx context.Context, id string) (engine.Answer, bool, error) {
	start := time.Now()
	a, known, err := c.CA.Lookup(ctx, id)
	c.trace.add(id, poll{c.name, start, time.Now()})
	c.trace.gather(c.name)
	if err := c.looks(); err != nil {
		return engine.Answer{}, false, err
	}
	a.RetryAfter = time.Hour // the next round is well after the leases of whoever was killed
	return a, known, err
}

// trace is every lookup of every worker.
type trace struct {
	mu    sync.Mutex
	polls map[string][]poll

	arrived   map[string]bool
	gathering *sync.WaitGroup // of workers that wait for each other once; nil for none
}

// gather holds a worker at its first request until the others have theirs: else one
// could be through before another has begun.
func (t *trace) gather(name string) {
	t.mu.Lock()
	first := !t.arrived[name]
	t.arrived[name] = true
	t.mu.Unlock()
	if first && t.gathering != nil {
		t.gathering.Done()
		t.gathering.Wait()
	}
}

type poll struct {
	by         string
	start, end time.Time
}

func (t *trace) add(id string, p poll) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.polls[id] = append(t.polls[id], p)
}

// overlaps lists what was asked about by two at a time.
func (t *trace) overlaps() (all []string) {
	for id, polls := range t.polls {
		for i, p := range polls {
			for _, q := range polls[:i] {
				if p.start.Before(q.end) && q.start.Before(p.end) {
					all = append(all, id+" by "+p.by+" and "+q.by)
				}
			}
		}
	}
	return all
}

// shares is how many lookups each worker made.
func (t *trace) shares() map[string]int {
	by := map[string]int{}
	for _, polls := range t.polls {
		for _, p := range polls {
			by[p.by]++
		}
	}
	return by
}

// round has workers ask about everything that is due, at the same time.
func round(t testing.TB, workers ...*engine.Desk) (took time.Duration, errs []error) {
	t.Helper()
	start := time.Now()
	results := make(chan error)
	for _, w := range workers {
		go func() {
			_, err := w.AskHeld(t.Context())
			results <- err
		}()
	}
	for range workers {
		errs = append(errs, <-results)
	}
	return time.Since(start), errs
}

// letters counts what was told, and whether anything was told twice.
func (b *busy) letters(t testing.TB) int {
	t.Helper()
	taken, err := b.open(t).TakeDue(t.Context(), b.now().AddDate(1, 0, 0), b.now().AddDate(1, 0, 1), 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	told := map[engine.CardID]bool{}
	for _, l := range taken {
		if told[l.Notice.Card.ID] {
			t.Errorf("%s was told twice", l.Notice.Card.ID)
		}
		told[l.Notice.Card.ID] = true
	}
	return len(taken)
}

// Two workers on one store share the requests that a CA holds: each is asked about
// by one at a time, over a round once, and what was decided is told once.
func TestTwoWorkersShareRequests(t *testing.T) {
	b := openBusy(t, 1000)
	took := b.share(t)
	t.Logf("%d requests by %v: %.0f a second", len(b.ids), b.trace.shares(), float64(len(b.ids))/took.Seconds())
}

// share has two workers go through a round.
func (b *busy) share(t testing.TB) (took time.Duration) {
	t.Helper()
	b.trace.gathering = &sync.WaitGroup{}
	b.trace.gathering.Add(2)
	took, errs := round(t, b.worker(t, "one", 0), b.worker(t, "two", 0))
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for _, id := range b.ids {
		if n := len(b.trace.polls[id]); n != 1 {
			t.Errorf("request %s was asked about %d times", id, n)
		}
	}
	b.check(t)
	return took
}

// check holds what must be after any round.
func (b *busy) check(t testing.TB) {
	t.Helper()
	for _, both := range b.trace.overlaps() {
		t.Errorf("request %s at a time", both)
	}
	if shares := b.trace.shares(); len(shares) != 2 || min(shares["one"], shares["two"]) < 50 {
		t.Errorf("the workers' shares are %v", shares)
	}
	if n := b.letters(t); n != b.granted {
		t.Errorf("%d letters tell of %d approvals", n, b.granted)
	}
}

// A worker that is killed in the middle keeps what it had taken until its time has
// run out; then the other takes over, and nothing is told twice, or never.
func TestKilledWorkersShare(t *testing.T) {
	const requests = 400
	b := openBusy(t, requests)
	one, two := b.worker(t, "one", 0), b.worker(t, "two", 75)
	if _, err := two.AskHeld(t.Context()); !errors.Is(err, errKilled) {
		t.Fatalf("nobody was killed: %v", err)
	}
	if _, err := one.AskHeld(t.Context()); err != nil {
		t.Fatal(err)
	}
	left := 0
	for _, id := range b.ids {
		if len(b.trace.polls[id]) == 0 {
			left++
		}
	}
	if left == 0 || left >= 50 {
		t.Errorf("whoever was killed has left %d requests unasked", left)
	}
	b.wait(4 * time.Minute)
	if _, err := one.AskHeld(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range b.ids {
		if n := len(b.trace.polls[id]); n > 1 {
			t.Errorf("request %s was asked about %d times while its worker's time had not run out", id, n)
		}
	}
	b.wait(2 * time.Minute)
	if _, err := one.AskHeld(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := 0
	for _, id := range b.ids {
		polls := b.trace.polls[id]
		if len(polls) == 2 && polls[0].by == "two" && polls[1].by == "one" {
			again++
		} else if len(polls) != 1 {
			t.Errorf("request %s was asked about: %v", id, polls)
		}
	}
	if again == 0 || again > 10 || left != 25 { // of 50 it had asked about 25, and noted the first twenty
		t.Errorf("%d were asked about again and %d for the first time", again, left)
	}
	b.check(t)
}
