package store_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// errand is one of a card whose time comes so many minutes after noon.
func errand(id string, card engine.CardID, minute int) engine.Errand {
	return engine.Errand{
		ID: id, Card: card, User: jana.ID, Run: "r1", Created: noon, Due: at(minute),
		Revoke: &engine.RevokeErrand{CA: "home", Serial: "0a", Reason: engine.Superseded},
	}
}

// send puts errands into the store the way they get there: with a run's record.
func send(t *testing.T, s *store.Store, errands ...engine.Errand) {
	t.Helper()
	r := run(engine.RunID("send "+errands[0].ID), engine.CardID("of "+errands[0].ID))
	o := outcome(r, 0)
	o.Errands = errands
	must(t, s.Record(t.Context(), r.ID, begin(t, s, r, "north"), o))
}

// takesErrand fails the test unless this errand is taken at a minute, "" for
// none; it is held for five.
func takesErrand(t *testing.T, s *store.Store, minute int, want string) engine.Errand {
	t.Helper()
	e, ok, err := s.TakeErrand(t.Context(), at(minute), at(minute+5))
	must(t, err)
	if e.ID != want || ok != (want != "") {
		t.Errorf("at minute %d errand %q was taken, %v; want %q", minute, e.ID, ok, want)
	}
	return e
}

// nextErrand fails the test unless the next errand can be taken at a minute; -1:
// none waits.
func nextErrand(t *testing.T, s *store.Store, minute int) {
	t.Helper()
	when, ok, err := s.NextErrand(t.Context())
	must(t, err)
	if ok != (minute >= 0) || ok && !when.Equal(at(minute)) {
		t.Errorf("next errand is at %v, %v; want minute %d", when, ok, minute)
	}
}

// An errand of each kind comes out as it went in, once, and is gone when it was
// done.
func TestErrand(t *testing.T) {
	s := open(t, newPath(t))
	nextErrand(t, s, -1)
	publish, tell, revoke := errand("publish", "c1", 0), errand("tell", "c2", 1), errand("revoke", "c3", 2)
	publish.Revoke, publish.Publication = nil, &engine.Publication{Add: [][]byte{{1, 2}}, Prune: []string{"f0"}, Bind: []string{"X509:<I>"}}
	tell.Revoke, tell.Access = nil, &engine.AccessNote{
		Key: "r1/9", Event: engine.AccessRegister, At: noon, Card: identity("c2"), User: jana,
		Certificates: []engine.Managed{{Template: "logon", NotAfter: noon}},
	}
	send(t, s, publish, tell, revoke)
	nextErrand(t, s, 0)
	for minute, want := range []engine.Errand{publish, tell, revoke} {
		if got := takesErrand(t, s, minute, want.ID); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		must(t, s.ErrandDone(t.Context(), want.ID, at(minute)))
	}
	takesErrand(t, s, 99, "")
	nextErrand(t, s, -1)
}

// The same update makes the same errand: a second one with its id changes
// nothing, also after it was done.
func TestSameErrandTwice(t *testing.T) {
	s := open(t, newPath(t))
	e := errand("e1", "c1", 0)
	send(t, s, e, e)
	takesErrand(t, s, 0, "e1")
	must(t, s.ErrandDone(t.Context(), "e1", at(1)))
	send(t, s, errand("other", "c2", 999), e)
	takesErrand(t, s, 60, "")
}

// The errands of one card and one kind are handed out one at a time, in the order
// they were created: the next waits while the first is held or deferred, and comes when it
// was done or given up. Other cards do not wait.
func TestErrandsOfACard(t *testing.T) {
	s := open(t, newPath(t))
	send(t, s, errand("first", "c1", 0), errand("second", "c1", 0), errand("third", "c1", 0), errand("other", "c2", 1))
	takesErrand(t, s, 10, "first")
	takesErrand(t, s, 10, "other")
	must(t, s.ErrandDone(t.Context(), "other", at(11)))
	takesErrand(t, s, 12, "")
	nextErrand(t, s, 15)
	must(t, s.DeferErrand(t.Context(), "first", at(60), "the directory is away"))
	takesErrand(t, s, 59, "")
	nextErrand(t, s, 60)
	if e := takesErrand(t, s, 60, "first"); e.Tries != 1 {
		t.Errorf("it was tried %d times before, want 1", e.Tries)
	}
	must(t, s.ErrandDone(t.Context(), "first", at(61)))
	takesErrand(t, s, 61, "second")
	must(t, s.DeferErrand(t.Context(), "second", time.Time{}, "no such entry"))
	takesErrand(t, s, 62, "third")
}

// A directory that refuses for days holds up neither the access system nor a
// revocation.
func TestErrandsOfOtherKinds(t *testing.T) {
	s := open(t, newPath(t))
	publish, tell := errand("publish", "c1", 0), errand("tell", "c1", 0)
	publish.Revoke, publish.Publication = nil, &engine.Publication{Prune: []string{"f"}}
	tell.Revoke, tell.Access = nil, &engine.AccessNote{Key: "k"}
	send(t, s, publish, tell, errand("revoke", "c1", 0))
	for range 3 {
		e, ok, err := s.TakeErrand(t.Context(), at(1), at(6))
		must(t, err)
		if !ok {
			t.Fatal("one waits for another of another kind")
		}
		if e.ID == "publish" {
			must(t, s.DeferErrand(t.Context(), e.ID, at(60), "refused"))
		}
	}
}

// An errand whose time comes in a month holds up no other, before its time; from
// then on it does.
func TestErrandInAMonth(t *testing.T) {
	s := open(t, newPath(t))
	const month = 30 * 24 * 60
	send(t, s, errand("revoke", "c1", month), errand("publish", "c1", 0), errand("later", "c1", month+2))
	nextErrand(t, s, 0)
	takesErrand(t, s, 0, "publish")
	takesErrand(t, s, 1, "")
	must(t, s.ErrandDone(t.Context(), "publish", at(1)))
	nextErrand(t, s, month)
	takesErrand(t, s, month-1, "")
	takesErrand(t, s, month, "revoke")
	takesErrand(t, s, month+3, "")
	nextErrand(t, s, month+5)
}

// What a slow worker says last does not undo that an errand was done.
func TestSlowErrand(t *testing.T) {
	s := open(t, newPath(t))
	send(t, s, errand("e1", "c1", 0))
	takesErrand(t, s, 0, "e1")
	must(t, s.ErrandDone(t.Context(), "e1", at(1)))
	must(t, s.DeferErrand(t.Context(), "e1", at(2), "later"))
	takesErrand(t, s, 60, "")
	says(t, wants(t, s.ErrandDone(t.Context(), "e9", at(0)), engine.StoreTrouble), "no errand e9")
	says(t, wants(t, s.DeferErrand(t.Context(), "e9", at(0), "why"), engine.StoreTrouble), "no errand e9")
}

// An errand in a format of tomorrow is left to the kiosk that wrote it.
func TestNewerErrand(t *testing.T) {
	s := open(t, newPath(t))
	send(t, s, errand("new", "c1", 0), errand("old", "c2", 5))
	_, err := s.Raw().ExecContext(t.Context(), `UPDATE errands SET format = 3 WHERE id = 'new'`)
	must(t, err)
	nextErrand(t, s, 5)
	takesErrand(t, s, 9, "old")
}

// Whatever becomes of a card's errands: each is handed out in its turn and to
// nobody else meanwhile, and NextErrand says when to come again, neither too
// early nor too late.
func TestErrandsInOrder(t *testing.T) {
	s, rounds := open(t, newPath(t)), 0
	rapid.Check(t, func(t *rapid.T) {
		rounds++
		m := &errandModel{s: s, card: engine.CardID(fmt.Sprint("c", rounds))}
		t.Repeat(map[string]func(*rapid.T){"send": m.send, "take": m.take, "done": m.done, "defer": m.deferred, "wait": m.wait, "": m.next})
		for _, e := range m.all { // out of the way of the next round
			expect(t, s.ErrandDone(t.Context(), e.id, at(0)), engine.Broken)
		}
	})
}

// errandModel is what should become of one card's errands.
type errandModel struct {
	s    *store.Store
	card engine.CardID
	now  int
	all  []*modelErrand
}

type modelErrand struct {
	id         string
	due, tryAt int
	tried      bool
	over       bool
}

// turn is the errand that can be taken now.
func (m *errandModel) turn() *modelErrand {
	for _, e := range m.all {
		switch {
		case e.over || e.due > m.now:
		case e.tryAt > m.now:
			return nil // held or deferred: the others wait
		default:
			return e
		}
	}
	return nil
}

func (m *errandModel) send(t *rapid.T) {
	e := &modelErrand{id: fmt.Sprint(m.card, "/", len(m.all)), due: m.now + rapid.IntRange(-3, 20).Draw(t, "due in")}
	e.tryAt = e.due
	r := run(engine.RunID("send "+e.id), engine.CardID("of "+e.id))
	fence, err := m.s.Begin(t.Context(), r, lease("north", 0))
	expect(t, err, engine.Broken)
	o := outcome(r, 0)
	o.Errands = []engine.Errand{errand(e.id, m.card, e.due)}
	expect(t, m.s.Record(t.Context(), r.ID, lease("north", fence), o), engine.Broken)
	m.all = append(m.all, e)
}

func (m *errandModel) take(t *rapid.T) {
	got, ok, err := m.s.TakeErrand(t.Context(), at(m.now), at(m.now+5))
	expect(t, err, engine.Broken)
	want := m.turn()
	if ok != (want != nil) || ok && got.ID != want.id {
		t.Fatalf("%q was taken, want %+v", got.ID, want)
	}
	if want != nil {
		want.tryAt, want.tried = m.now+5, true
	}
}

func (m *errandModel) drawTried(t *rapid.T) *modelErrand {
	var tried []*modelErrand
	for _, e := range m.all {
		if e.tried {
			tried = append(tried, e)
		}
	}
	if len(tried) == 0 {
		t.Skip("none was taken")
	}
	return rapid.SampledFrom(tried).Draw(t, "errand")
}

func (m *errandModel) done(t *rapid.T) {
	e := m.drawTried(t)
	expect(t, m.s.ErrandDone(t.Context(), e.id, at(m.now)), engine.Broken)
	e.over = true
}

func (m *errandModel) deferred(t *rapid.T) {
	e, again := m.drawTried(t), time.Time{}
	if rapid.Bool().Draw(t, "again") {
		minute := m.now + rapid.IntRange(0, 30).Draw(t, "again in")
		again = at(minute)
		if !e.over {
			e.tryAt = minute
		}
	} else {
		e.over = true
	}
	expect(t, m.s.DeferErrand(t.Context(), e.id, again, "why"), engine.Broken)
}

func (m *errandModel) wait(t *rapid.T) { m.now += rapid.IntRange(1, 10).Draw(t, "minutes") }

// next compares NextErrand with when there is one to take, if nothing happens
// before.
func (m *errandModel) next(t *rapid.T) {
	when, ok, err := m.s.NextErrand(t.Context())
	expect(t, err, engine.Broken)
	if now := m.turn() != nil; now != (ok && !when.After(at(m.now))) {
		t.Fatalf("next is at %v, %v, and it is minute %d: one can be taken is %v", when, ok, m.now, now)
	}
	if !ok {
		return
	}
	then := *m
	then.now = max(m.now, int(when.Sub(noon).Minutes()))
	if then.turn() == nil {
		t.Fatalf("next is at minute %d, and none can be taken then", then.now)
	}
}

// What is late and what was given up is counted; what waits for its day is not.
func TestCountErrands(t *testing.T) {
	s := open(t, newPath(t))
	counts := func(since, late, givenUp int) {
		t.Helper()
		l, g, err := s.CountErrands(t.Context(), at(since))
		must(t, err)
		if l != late || g != givenUp {
			t.Errorf("%d are late and %d given up, want %d and %d", l, g, late, givenUp)
		}
	}
	send(t, s, errand("e1", "c1", 0), errand("e2", "c2", 0), errand("e3", "c3", 60))
	counts(0, 0, 0)
	takesErrand(t, s, 0, "e1")
	counts(0, 0, 0)
	must(t, s.DeferErrand(t.Context(), "e1", at(30), "the server is away"))
	takesErrand(t, s, 1, "e2")
	must(t, s.DeferErrand(t.Context(), "e2", time.Time{}, "refused"))
	counts(0, 1, 1)
	counts(600, 1, 0)
	takesErrand(t, s, 30, "e1")
	must(t, s.ErrandDone(t.Context(), "e1", at(31)))
	counts(0, 0, 1)
}
