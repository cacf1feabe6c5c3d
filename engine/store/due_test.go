package store_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// dueFacts are all that EachDue tells.
func dueFacts(t testing.TB, s *store.Store) (all []engine.DueFacts) {
	t.Helper()
	must(t, s.EachDue(t.Context(), func(f engine.DueFacts) error {
		all = append(all, f)
		return nil
	}))
	return all
}

// dueCards are their cards, in order.
func dueCards(t testing.TB, s *store.Store) string {
	t.Helper()
	var cards []engine.CardID
	for _, f := range dueFacts(t, s) {
		cards = append(cards, f.Record.Card.ID)
	}
	return fmt.Sprint(cards)
}

// ending is a card one certificate of which ends so many days after noon.
func ending(card engine.CardID, user engine.UserID, days int) engine.Record {
	r := record(card, engine.UserRef{ID: user, Name: "name of " + string(user)})
	r.Managed = []engine.Managed{{Template: "logon", NotAfter: noon.AddDate(0, 0, days)}}
	return r
}

func person(id engine.UserID, name string) engine.Person {
	return engine.Person{User: engine.User{ID: id, Name: name}, Seen: noon}
}

// asDue is what EachDue tells of a record.
func asDue(t testing.TB, r engine.Record) engine.Record {
	t.Helper()
	kept, err := store.UnpackDue(store.PackDue(r))
	must(t, err)
	return kept
}

// The card whose first certificate ends soonest comes first, one on which
// nothing ends last; of the same moment, in the order of their ids. A card that
// nobody has does not come.
func TestDueOrder(t *testing.T) {
	s := open(t, newPath(t))
	for _, r := range []engine.Record{
		ending("c1", "u1", 30), ending("c2", "u2", 10), record("c3", engine.UserRef{ID: "u3"}), ending("c5", "u1", 20),
		ending("c4", "u4", 20),
		{Card: identity("free"), State: engine.StateClean},
	} {
		assign(t, s, r)
	}
	if got, want := dueCards(t, s), "[c2 c4 c5 c1 c3]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	r := readCard(t, s, "c2")
	r.Managed[0].NotAfter = noon.AddDate(1, 0, 0)
	assign(t, s, r)
	r = readCard(t, s, "c4")
	r.User, r.State = engine.UserRef{}, engine.StateClean
	assign(t, s, r)
	if got, want := dueCards(t, s), "[c5 c1 c2 c3]"; got != want {
		t.Errorf("after an update and a return: got %s, want %s", got, want)
	}
}

// The cards of a real size come as they were written, each with its person.
func TestDueFacts(t *testing.T) {
	s := open(t, newPath(t))
	const n = 1203 // more than two pages
	must(t, store.Load(t.Context(), s, n, func(i int) (engine.Record, engine.Person) { return store.Synthetic(i, n, noon) }))
	got := dueFacts(t, s)
	if len(got) != n {
		t.Fatalf("%d cards, want %d", len(got), n)
	}
	slices.SortFunc(got, func(a, b engine.DueFacts) int {
		return cmp.Compare(a.Record.Card.ID, b.Record.Card.ID)
	})
	for i, f := range got {
		r, p := store.Synthetic(i, n, noon)
		p.Seen = time.Time{}
		if want := (engine.DueFacts{Record: asDue(t, r), Person: p, Known: true}); !reflect.DeepEqual(f, want) {
			t.Fatalf("card %d:\ngot  %+v\nwant %+v", i, f, want)
		}
		r.Version = 1
		if i%100 == 0 && !reflect.DeepEqual(readCard(t, s, r.Card.ID), r) {
			t.Errorf("card %d: the record is not the one loaded", i)
		}
	}
}

// Who reads may stop, and is told why in their own words; nothing is read any
// more then.
func TestDueStops(t *testing.T) {
	s := open(t, newPath(t))
	const n = 2000
	must(t, store.Load(t.Context(), s, n, func(i int) (engine.Record, engine.Person) { return store.Synthetic(i, n, noon) }))
	enough, read := errors.New("enough"), 0
	err := s.EachDue(t.Context(), func(engine.DueFacts) error {
		if read++; read == 3 {
			return enough
		}
		return nil
	})
	if err != enough || read != 3 { //nolint:errorlint // the very error, unwrapped
		t.Errorf("%d were read, then: %v", read, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	wants(t, s.EachDue(ctx, func(engine.DueFacts) error { cancel(); return nil }), engine.Stopped)
}

// While cards are read, they can be written: no transaction stands open, and
// who reads sees each card that is left alone once.
func TestDueWhileWriting(t *testing.T) {
	s := open(t, newPath(t))
	const n = 1100
	must(t, store.Load(t.Context(), s, n, func(i int) (engine.Record, engine.Person) { return store.Synthetic(i, n, noon) }))
	seen := map[engine.CardID]int{}
	must(t, s.EachDue(t.Context(), func(f engine.DueFacts) error {
		seen[f.Record.Card.ID]++
		if len(seen)%100 != 1 {
			return nil
		}
		return s.See(t.Context(), f.Record.Card.ID, 1, engine.Sighting{At: noon}, nil)
	}))
	if len(seen) != n {
		t.Errorf("%d cards were seen, want %d", len(seen), n)
	}
	for card, times := range seen {
		if times != 1 {
			t.Errorf("card %s came %d times", card, times)
		}
	}
}

// Whatever is written, in whatever order: what EachDue tells is what the
// records and the snapshot say.
func TestDueAgrees(t *testing.T) {
	rounds := 0
	s := open(t, newPath(t))
	rapid.Check(t, func(t *rapid.T) {
		rounds++
		d := &dueModel{s: s, round: rounds, people: map[engine.UserID]engine.Person{}}
		t.Repeat(map[string]func(*rapid.T){"assign": d.assign, "see": d.see, "revoked": d.revoked, "keep": d.keep, "": d.check})
		d.takeBack(t)
	})
}

// dueModel has a few cards and users of its own in a store.
type dueModel struct {
	s      *store.Store
	round  int
	people map[engine.UserID]engine.Person
}

func (d *dueModel) card(t *rapid.T) engine.CardID {
	return engine.CardID(fmt.Sprintf("%d/%s", d.round, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "card")))
}

func (d *dueModel) user(t *rapid.T) engine.UserID {
	return engine.UserID(fmt.Sprintf("%d/%s", d.round, rapid.SampledFrom([]string{"u", "v"}).Draw(t, "user")))
}

func (d *dueModel) assign(t *rapid.T) {
	card := d.card(t)
	old, _, err := d.s.Card(t.Context(), card)
	expect(t, err, engine.Broken)
	r := drawDue(t)
	r.Card.ID, r.State, r.Version = card, engine.StateIssued, old.Version
	r.User.ID = rapid.SampledFrom([]engine.UserID{"", d.user(t)}).Draw(t, "holder")
	expect(t, d.s.Assign(t.Context(), r, auditRow(card, "", "done")), engine.Broken)
}

// takeBack keeps the cards of this round out of the next.
func (d *dueModel) takeBack(t *rapid.T) {
	for _, name := range []string{"a", "b", "c"} {
		r, ok, err := d.s.Card(t.Context(), engine.CardID(fmt.Sprintf("%d/%s", d.round, name)))
		expect(t, err, engine.Broken)
		if r.User = (engine.UserRef{}); ok {
			expect(t, d.s.Assign(t.Context(), r, auditRow(r.Card.ID, "", "done")), engine.Broken)
		}
	}
}

func (d *dueModel) see(t *rapid.T) {
	r, _, err := d.s.Card(t.Context(), d.card(t))
	expect(t, err, engine.Broken)
	for i := range r.Tracked {
		r.Tracked[i].Gone = drawTime(t)
	}
	seen := engine.Sighting{At: drawTime(t), Missing: drawAll(t, drawText)}
	expect(t, d.s.See(t.Context(), r.Card.ID, r.Version, seen, r.Tracked), engine.Broken)
}

func (d *dueModel) revoked(t *rapid.T) {
	r, _, err := d.s.Card(t.Context(), d.card(t))
	expect(t, err, engine.Broken)
	words := map[string]*engine.Revocation{}
	for _, m := range r.Managed {
		words[m.Fingerprint] = &engine.Revocation{At: drawTime(t), Reason: engine.CertificateHold}
	}
	expect(t, d.s.Revoked(t.Context(), r.Card.ID, r.Version, words), engine.Broken)
}

func (d *dueModel) keep(t *rapid.T) {
	p := drawPerson(t)
	p.User.ID, p.Seen = d.user(t), noon
	d.people[p.User.ID] = p
	expect(t, d.s.KeepPersons(t.Context(), p), engine.Broken)
}

func (d *dueModel) check(t *rapid.T) {
	got := map[engine.CardID]engine.DueFacts{}
	expect(t, d.s.EachDue(t.Context(), func(f engine.DueFacts) error {
		if _, twice := got[f.Record.Card.ID]; twice {
			return fmt.Errorf("card %s came twice", f.Record.Card.ID)
		}
		got[f.Record.Card.ID] = f
		return nil
	}), engine.Broken)
	for _, name := range []string{"a", "b", "c"} {
		card := engine.CardID(fmt.Sprintf("%d/%s", d.round, name))
		r, ok, err := d.s.Card(t.Context(), card)
		expect(t, err, engine.Broken)
		f, told := got[card]
		if told != (ok && r.User.ID != "") {
			t.Fatalf("card %s of %q: told is %v", card, r.User.ID, told)
		}
		if !told {
			continue
		}
		p, known := d.people[r.User.ID]
		p.Seen = time.Time{}
		kept, err := store.UnpackDue(store.PackDue(r))
		expect(t, err, engine.Broken)
		if want := (engine.DueFacts{Record: kept, Person: p, Known: known}); !reflect.DeepEqual(f, want) {
			t.Fatalf("card %s:\ngot  %+v\nwant %+v", card, f, want)
		}
	}
}

// Records that were there before the table due are filled in, however many,
// when the tables are brought up to date.
func TestDueFilledIn(t *testing.T) {
	path := newPath(t)
	s, err := store.Open(t.Context(), path, store.Options{})
	must(t, err)
	const n = 1203
	must(t, store.Load(t.Context(), s, n, func(i int) (engine.Record, engine.Person) { return store.Synthetic(i, n, noon) }))
	want := dueFacts(t, s)
	for _, back := range append(unchain(),
		`DELETE FROM due`, `DELETE FROM goose_db_version WHERE version_id >= 5`,
		`DROP INDEX cards_serial`, `ALTER TABLE errands DROP COLUMN about`, `DROP TABLE requests`, `DROP TABLE told`, // of later versions
	) {
		_, err := s.Raw().ExecContext(t.Context(), back)
		must(t, err)
	}
	must(t, s.Close())
	if got := dueFacts(t, open(t, path)); !reflect.DeepEqual(got, want) {
		t.Errorf("%d cards were filled in, want %d, as they were", len(got), len(want))
	}
}

// How due and people are searched: by their keys, never row by row.
func TestDuePlans(t *testing.T) {
	s := open(t, newPath(t))
	for query, want := range map[string]string{
		`SELECT due FROM due WHERE (next_expiry, card) > (1, 'c') ORDER BY next_expiry, card LIMIT 500`:                                 "SEARCH due",
		`UPDATE due SET person = 'p' WHERE (next_expiry, card) IN (SELECT COALESCE(next_expiry, 7), id FROM cards WHERE user_id = 'u')`: "SEARCH due",
		`DELETE FROM due WHERE next_expiry = (SELECT COALESCE(next_expiry, 7) FROM cards WHERE id = 'c') AND card = 'c'`:                "SEARCH due",
		`SELECT DISTINCT user_id FROM cards WHERE user_id > 'u' ORDER BY user_id LIMIT 1000`:                                            "SEARCH cards USING COVERING INDEX cards_user",
	} {
		says(t, errors.New(plan(t, s, query)), want)
	}
}

// plan is how SQLite means to answer a question.
func plan(t *testing.T, s *store.Store, query string) (all string) {
	t.Helper()
	rows, err := s.Raw().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query)
	must(t, err)
	defer func() { must(t, rows.Close()) }()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		must(t, rows.Scan(&id, &parent, &unused, &detail))
		all += detail + "; "
	}
	must(t, rows.Err())
	return all
}
