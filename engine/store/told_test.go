package store_test

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

var topic = engine.Topic{Event: engine.ContentExpiring, Card: "c1", To: engine.ToUser}

// announcement tells subjects at a minute, which were told at another; -1: never.
func announcement(minute, before int, subjects ...string) engine.Announcement {
	l := letter(fmt.Sprint(subjects, minute), topic.Card, minute)
	a := engine.Announcement{Topic: topic, At: at(minute), Subjects: map[string]time.Time{}, Letter: &l}
	for _, s := range subjects {
		if a.Subjects[s] = at(before); before < 0 {
			a.Subjects[s] = time.Time{}
		}
	}
	return a
}

// announces fails the test unless an announcement has this effect.
func announces(t *testing.T, s *store.Store, a engine.Announcement, want bool) {
	t.Helper()
	if ok, err := s.Announce(t.Context(), a); err != nil || ok != want {
		t.Errorf("announced %v: %v, %v, want %v", a.Subjects, ok, err, want)
	}
}

// What was told is known after a restart, of each topic for itself.
func TestTold(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	announces(t, s, announcement(1, -1, "a", "b"), true)
	announces(t, s, announcement(5, 1, "b"), true)
	other := announcement(7, -1, "a")
	other.Topic.To = "desk@corp.example"
	announces(t, s, other, true)
	must(t, s.Close())
	s = open(t, path)
	for who, want := range map[engine.Topic]map[string]time.Time{
		topic:       {"a": at(1), "b": at(5)},
		other.Topic: {"a": at(7)},
		{Event: engine.PolicyChanged, Card: "c1", To: engine.ToUser}: {},
	} {
		if got, err := s.LastTold(t.Context(), who); err != nil || !maps.Equal(got, want) {
			t.Errorf("%v: %v, %v, want %v", who, got, err, want)
		}
	}
	takes(t, s, 9, "[a b] 1")
}

// Who looked before somebody else told it tells nothing: no letter, no audit row,
// and of several subjects none.
func TestToldMeanwhile(t *testing.T) {
	s := open(t, newPath(t))
	announces(t, s, announcement(1, -1, "a"), true)
	for _, late := range []engine.Announcement{announcement(2, -1, "a"), announcement(3, -1, "b", "a"), announcement(4, 0, "a")} {
		late.Audit = &engine.AuditRow{At: at(4)}
		announces(t, s, late, false)
	}
	if got, err := s.LastTold(t.Context(), topic); err != nil || !maps.Equal(got, map[string]time.Time{"a": at(1)}) {
		t.Errorf("told: %v, %v", got, err)
	}
	takes(t, s, 9, "[a] 1")
	if n := count(t, s, `SELECT COUNT(*) FROM audit`); n != 0 {
		t.Errorf("%d audit rows", n)
	}
}

// Of many who tell the same at once, one does.
func TestToldAtOnce(t *testing.T) {
	path := newPath(t)
	kiosks := []*store.Store{open(t, path), open(t, path)}
	const rounds, workers = 20, 8
	before := -1
	for round := range rounds {
		var won sync.Map
		var all sync.WaitGroup
		for w := range workers {
			all.Go(func() {
				a := announcement(round, before, "a")
				a.Letter.ID = fmt.Sprint(round, " by ", w)
				if ok, err := kiosks[w%2].Announce(t.Context(), a); err != nil {
					t.Error(err)
				} else if ok {
					won.Store(w, true)
				}
			})
		}
		all.Wait()
		n := 0
		won.Range(func(any, any) bool { n++; return true })
		if n != 1 {
			t.Fatalf("round %d: %d told", round, n)
		}
		before = round
	}
	if n := count(t, kiosks[0], `SELECT COUNT(*) FROM outbox`); n != rounds {
		t.Errorf("%d letters, want %d", n, rounds)
	}
}

// expansion puts letters to addresses in the place of one.
func expansion(minute int, of string, addresses ...string) engine.Expansion {
	e := engine.Expansion{At: at(minute), Why: "told to some"}
	for _, to := range addresses {
		e.Letters = append(e.Letters, engine.Letter{ID: of + " to " + to, To: to})
	}
	return e
}

// Those whom the directory names get a letter each, the same that was closed, in
// its turn among the card's; one who has a letter about it gets no second.
func TestExpand(t *testing.T) {
	s := open(t, newPath(t))
	user, boss, desk := letter("user", "c1", 1), letter("boss", "c1", 1), letter("desk", "c1", 1)
	boss.Notice, desk.Notice = user.Notice, user.Notice
	boss.To, desk.To = engine.ToManager, engine.ToGroup+"cn=desk"
	later := letter("later", "c1", 2)
	later.Notice.Event = engine.UpdatePending
	r := run("r1", "c1")
	must(t, s.Record(t.Context(), "r1", begin(t, s, r, "north"), outcome(r, 0, user, boss, desk, later)))
	takes(t, s, 3, "boss", "desk", "user")
	must(t, s.Expand(t.Context(), "boss", expansion(3, "boss", "max@corp.example")))
	must(t, s.Expand(t.Context(), "desk", expansion(3, "desk", "Max@corp.example", jana.Mail, "eve@corp.example")))
	got := takes(t, s, 3, "boss to max@corp.example", "desk to eve@corp.example")
	for _, l := range got {
		if l.Notice.Event != engine.UpdateDone || !l.Created.Equal(at(1)) || l.Tries != 0 {
			t.Errorf("letter %+v", l)
		}
		must(t, s.Sent(t.Context(), l.ID, at(4)))
	}
	takes(t, s, 4)
	must(t, s.Sent(t.Context(), "user", at(4)))
	takes(t, s, 4, "later")
}

// Looking up twice is telling once, whoever does it, and whatever became of the
// letter meanwhile.
func TestExpandTwice(t *testing.T) {
	path := newPath(t)
	s, other := open(t, path), open(t, path)
	l := letter("boss", "c1", 0)
	l.To = engine.ToManager
	post(t, s, l)
	takes(t, s, 0, "boss")
	must(t, s.Expand(t.Context(), "boss", expansion(1, "boss", "max@corp.example")))
	must(t, other.Expand(t.Context(), "boss", expansion(1, "boss", "max@corp.example", "eve@corp.example")))
	must(t, other.Defer(t.Context(), "boss", at(2), "the directory is away"))
	takes(t, s, 9, "boss to max@corp.example")
	says(t, wants(t, s.Expand(t.Context(), "gone", expansion(1, "gone")), engine.StoreTrouble), "no letter gone")
}

// With nobody to write to the letter is kept, with the reason, and is neither
// waiting nor given up; that nobody was told is in the audit.
func TestExpandToNobody(t *testing.T) {
	s := open(t, newPath(t))
	l := letter("boss", "c1", 0)
	l.To = engine.ToManager
	post(t, s, l)
	before := count(t, s, `SELECT COUNT(*) FROM audit`)
	must(t, s.Expand(t.Context(), "boss", engine.Expansion{At: at(1), Why: "no address", Audit: &engine.AuditRow{At: at(1), Act: "tell", Result: "no address"}}))
	nextDue(t, s, -1)
	if n := count(t, s, `SELECT COUNT(*) FROM outbox WHERE state = 'closed' AND reason = 'no address'`); n != 1 {
		t.Error("the letter or its reason was not kept")
	}
	if n := count(t, s, `SELECT COUNT(*) FROM audit`); n != before+1 {
		t.Errorf("%d audit rows more", n-before)
	}
	if waiting, givenUp, err := s.Count(t.Context(), at(0)); err != nil || waiting+givenUp != 0 {
		t.Errorf("%d wait, %d were given up, %v", waiting, givenUp, err)
	}
}

// An address that two rules name, or a rule and the directory, is told once.
func TestAddressNamedTwice(t *testing.T) {
	s := open(t, newPath(t))
	direct, again, group := letter("direct", "c1", 1), letter("again", "c1", 1), letter("group", "c1", 1)
	again.Notice, group.Notice = direct.Notice, direct.Notice
	again.To, group.To = "JANA@example.test", engine.ToGroup+"cn=desk"
	r := run("r1", "c1")
	must(t, s.Record(t.Context(), "r1", begin(t, s, r, "north"), outcome(r, 0, group)))
	must(t, s.Expand(t.Context(), "group", expansion(1, "group", direct.To)))
	a := announcement(1, -1, "a")
	a.Letter = &direct
	announces(t, s, a, true)
	a.Topic.To, a.Letter = "again", &again
	announces(t, s, a, true)
	takes(t, s, 9, "group to "+direct.To)
}

// Letters of no card do not wait for each other.
func TestLettersOfNoCard(t *testing.T) {
	s := open(t, newPath(t))
	for i, key := range []string{"a", "b"} {
		l := letter(key, "", i)
		announces(t, s, engine.Announcement{
			Topic: engine.Topic{Event: engine.CommonExpiring, To: "pki@corp.example"}, At: at(i), Subjects: map[string]time.Time{key: {}}, Letter: &l,
		}, true)
	}
	takes(t, s, 9, "a", "b")
}

// What is looked up for each letter is found by a key.
func TestToldPlans(t *testing.T) {
	s := open(t, newPath(t))
	for query, want := range map[string]string{
		`SELECT subject, at FROM told WHERE card = 'c' AND event = 'e' AND recipient = 'r'`:                 "SEARCH told USING INDEX",
		`SELECT 1 FROM outbox WHERE card = 'c' AND created = 1 AND notice = 'n' AND LOWER(recipient) = 'r'`: "SEARCH outbox USING INDEX outbox_event",
		`SELECT 1 FROM outbox WHERE state = 'waiting' AND card = 'c' AND created < 7`:                       "SEARCH outbox USING",
	} {
		if got := plan(t, s, query); len(got) == 0 || !strings.Contains(got, want) {
			t.Errorf("%s: %s", query, got)
		}
	}
}

// That somebody has no address is noted with its audit row, and no letter waits.
func TestToldToNobody(t *testing.T) {
	s := open(t, newPath(t))
	a := announcement(1, -1, "a")
	a.Letter, a.Audit = nil, &engine.AuditRow{At: at(1), Act: "tell", Result: "no address"}
	announces(t, s, a, true)
	announces(t, s, a, false)
	if n := count(t, s, `SELECT COUNT(*) FROM audit WHERE result = 'no address'`); n != 1 {
		t.Errorf("%d audit rows, want 1", n)
	}
	nextDue(t, s, -1)
}
