package store_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// Persons come back as they were kept last, in the order of their ids, however
// many are asked for; who is not kept does not come.
func TestPersons(t *testing.T) {
	s := open(t, newPath(t))
	const many = 1203
	var want []engine.Person
	var ids []engine.UserID
	for i := range many {
		p := person(engine.UserID(fmt.Sprintf("u%04d", i)), fmt.Sprint("name ", i))
		p.User.Groups, p.User.Attributes = []string{"CN=a", "CN=b"}, map[string][]string{"title": {"Dr.\t", ""}}
		want, ids = append(want, p), append(ids, "nobody "+p.User.ID, p.User.ID)
	}
	must(t, s.KeepPersons(t.Context(), want...))
	want[3].Seen = want[3].Seen.Add(time.Hour)
	want[5].User.Name, want[5].User.Disabled = "Jana Married", true
	want[7].Gone, want[7].Seen = true, want[7].Seen.Add(time.Hour)
	must(t, s.KeepPersons(t.Context(), want[3], want[5], want[7]))
	got, err := s.Persons(t.Context(), append(ids, ids...)...)
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%d persons, want %d, as they were kept", len(got), len(want))
	}
	none, err := s.Persons(t.Context())
	if len(none) != 0 || err != nil {
		t.Errorf("nobody: %v, %v", none, err)
	}
}

// What changed of a person shows with their cards at once, all of them, and
// with a card that they get later; with nobody else's.
func TestPersonOfDue(t *testing.T) {
	s := open(t, newPath(t))
	assign(t, s, ending("c1", "u1", 1))
	must(t, s.KeepPersons(t.Context(), person("u1", "Jana"), person("u2", "Max")))
	assign(t, s, ending("c2", "u1", 2))
	assign(t, s, ending("c3", "u2", 3))
	assign(t, s, ending("c4", "u3", 4))
	names := func() (all []string) {
		for _, f := range dueFacts(t, s) {
			all = append(all, fmt.Sprint(f.Known, " ", f.Person.User.Name, " ", f.Person.Gone))
		}
		return all
	}
	want := []string{"true Jana false", "true Jana false", "true Max false", "false  false"}
	if got := names(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	jana := person("u1", "Jana Married")
	jana.Gone = true
	must(t, s.KeepPersons(t.Context(), jana))
	want[0], want[1] = "true Jana Married true", "true Jana Married true"
	if got := names(); !reflect.DeepEqual(got, want) {
		t.Errorf("after a change: got %q, want %q", got, want)
	}
	r := readCard(t, s, "c3")
	r.User.ID = "u1"
	assign(t, s, r)
	want[2] = "true Jana Married true"
	if got := names(); !reflect.DeepEqual(got, want) {
		t.Errorf("after another holder: got %q, want %q", got, want)
	}
}

// Every user who has a card is told once, in order, from any on; who has none
// any more is not.
func TestEachHolder(t *testing.T) {
	s := open(t, newPath(t))
	const cards, users = 2100, 1050 // more than a page
	must(t, store.Load(t.Context(), s, cards, func(i int) (engine.Record, engine.Person) {
		user := engine.UserRef{ID: engine.UserID(fmt.Sprintf("u%04d", i%users))}
		return record(engine.CardID(fmt.Sprint(i)), user), person(engine.UserID(fmt.Sprint("p", i)), "of no card")
	}))
	assign(t, s, engine.Record{Card: identity("free"), State: engine.StateClean})
	for from, after := range map[int]engine.UserID{0: "", 1: "u0000", 1000: "u0999", users: "u9999"} {
		next := from
		must(t, s.EachHolder(t.Context(), after, func(id engine.UserID) error {
			if want := engine.UserID(fmt.Sprintf("u%04d", next)); id != want {
				return fmt.Errorf("got %s, want %s", id, want)
			}
			next++
			if next%500 != 0 {
				return nil
			}
			return s.Write(t.Context(), auditRow("", "", "done")) // the file is free meanwhile
		}))
		if next != users {
			t.Errorf("after %q: %d users, want %d", after, next-from, users-from)
		}
	}
	enough := errors.New("enough")
	if err := s.EachHolder(t.Context(), "", func(engine.UserID) error { return enough }); err != enough { //nolint:errorlint // the very error, unwrapped
		t.Errorf("error is %v", err)
	}
}

// How fresh the snapshot is comes back as it was kept; before that it is
// nothing.
func TestSnapshot(t *testing.T) {
	s := open(t, newPath(t))
	got, err := s.Snapshot(t.Context())
	if err != nil || got != (engine.SnapshotState{}) {
		t.Errorf("before the first pass: %+v, %v", got, err)
	}
	for _, want := range []engine.SnapshotState{
		{Mark: engine.Mark{Server: "dc1", USN: 1 << 40}, Groups: "hash", Full: noon, Refresh: at(5)},
		{Mark: engine.Mark{At: noon}, Refresh: at(6)},
	} {
		must(t, s.KeepSnapshot(t.Context(), want))
		if got, err := s.Snapshot(t.Context()); err != nil || got != want {
			t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
		}
	}
}

// A policy's text is kept once, as it was first.
func TestPolicyText(t *testing.T) {
	s := open(t, newPath(t))
	if text, ok, err := s.PolicyText(t.Context(), "h1"); text != nil || ok || err != nil {
		t.Errorf("a policy nobody kept: %q, %v, %v", text, ok, err)
	}
	must(t, s.KeepPolicy(t.Context(), "h1", []byte(`{"name":"Žluť"}`)))
	must(t, s.KeepPolicy(t.Context(), "h1", []byte(`{"name":"other"}`)))
	must(t, s.KeepPolicy(t.Context(), "h2", []byte(`{}`)))
	if text, ok, err := s.PolicyText(t.Context(), "h1"); string(text) != `{"name":"Žluť"}` || !ok || err != nil {
		t.Errorf("got %q, %v, %v", text, ok, err)
	}
}
