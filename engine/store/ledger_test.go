package store_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

func record(card engine.CardID, user engine.UserRef) engine.Record {
	return engine.Record{Card: identity(card), User: user, State: engine.StateAssigned}
}

func assign(t *testing.T, s *store.Store, r engine.Record) {
	t.Helper()
	must(t, s.Assign(t.Context(), r, auditRow(r.Card.ID, "", "done")))
}

func readCard(t *testing.T, s *store.Store, id engine.CardID) engine.Record {
	t.Helper()
	r, ok, err := s.Card(t.Context(), id)
	must(t, err)
	if !ok {
		t.Fatalf("the store has no card %s", id)
	}
	return r
}

// A record comes back whole, and its version is one more than the one written.
func TestRecordComesBack(t *testing.T) {
	s := open(t, newPath(t))
	if _, ok, err := s.Card(t.Context(), "c1"); ok || err != nil {
		t.Fatalf("a card nobody wrote: %v, %v", ok, err)
	}
	want := engine.Record{
		Card: identity("c1"), User: jana, State: engine.StateIssued, Policy: "staff",
		Managed: []engine.Managed{{
			Template: "logon", Place: "9a", CA: "home", Request: "q1", Subject: "CN=Jana", Issuer: "CN=CA", Serial: "01",
			NotBefore: noon, NotAfter: noon.AddDate(1, 0, 0), Fingerprint: "f1", Public: []byte{1, 2, 3},
		}},
		Former:  []engine.Managed{{Template: "mail", Place: "82", NotAfter: noon.AddDate(0, 0, 1)}},
		Tracked: []engine.Tracked{{Place: "9c", NotAfter: noon.AddDate(0, 1, 0)}, {Place: "9d", NotAfter: noon, Ignored: true}},
		PUK:     []byte("sealed"), Written: noon.Add(7 * time.Nanosecond),
	}
	assign(t, s, want)
	want.Version = 1
	if got := readCard(t, s, "c1"); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	assign(t, s, want)
	if v := readCard(t, s, "c1").Version; v != 2 {
		t.Errorf("version is %d, want 2", v)
	}
}

// The column by which due cards are found is the first end of a certificate
// that is ours or followed; former ones and ignored ones do not count.
func TestNextExpiry(t *testing.T) {
	never := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	former := []engine.Managed{{NotAfter: noon}}
	ignored := engine.Tracked{NotAfter: noon, Ignored: true}
	for name, c := range map[string]struct {
		r    engine.Record
		want any
	}{
		"nothing":  {engine.Record{Former: former, Tracked: []engine.Tracked{ignored}}, nil},
		"managed":  {engine.Record{Managed: []engine.Managed{{NotAfter: never}, {NotAfter: noon.AddDate(1, 0, 0)}}}, noon.AddDate(1, 0, 0).UnixMicro()},
		"followed": {engine.Record{Managed: []engine.Managed{{NotAfter: never}}, Tracked: []engine.Tracked{ignored, {NotAfter: noon.AddDate(0, 1, 0)}}}, noon.AddDate(0, 1, 0).UnixMicro()},
		"never":    {engine.Record{Managed: []engine.Managed{{NotAfter: never}}}, never.UnixMicro()},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, newPath(t))
			c.r.Card, c.r.User, c.r.State = identity("c1"), jana, engine.StateIssued
			assign(t, s, c.r)
			var got any
			must(t, s.Raw().QueryRowContext(t.Context(), `SELECT next_expiry FROM cards`).Scan(&got))
			if got != c.want {
				t.Errorf("next_expiry is %v, want %v", got, c.want)
			}
		})
	}
}

// Every state a card can be in can be stored, and none that it cannot be in.
func TestStates(t *testing.T) {
	s := open(t, newPath(t))
	for i, state := range []engine.State{
		engine.StateClean, engine.StateAssigned, engine.StatePending, engine.StateIssued, engine.StateDisabled, engine.StateRevoked,
	} {
		r := record(engine.CardID(fmt.Sprint(i)), jana)
		r.State = state
		assign(t, s, r)
	}
	r := record("odd", jana)
	r.State = "lost in thought"
	wants(t, s.Assign(t.Context(), r, auditRow("odd", "", "done")), engine.Broken)
}

// Who writes over a record that is not the one they read is told who was
// faster, and neither record nor audit changes.
func TestAssignOvertaken(t *testing.T) {
	s := open(t, newPath(t))
	assign(t, s, record("c1", jana))
	late := record("c1", engine.UserRef{ID: "u-max", Name: "Max"})
	for _, version := range []int64{0, 2, 7} {
		late.Version = version
		e := wants(t, s.Assign(t.Context(), late, auditRow("c1", "", "done")), engine.Overtaken)
		if e.Subject != jana.Name {
			t.Errorf("subject is %q", e.Subject)
		}
	}
	late.Card.ID, late.Version = "unknown", 1
	wants(t, s.Assign(t.Context(), late, auditRow("c1", "", "done")), engine.Overtaken)
	if got := readCard(t, s, "c1"); got.User != jana || got.Version != 1 {
		t.Errorf("the record is %+v", got)
	}
	if n := count(t, s, `SELECT COUNT(*) FROM audit`); n != 1 {
		t.Errorf("%d audit rows, want 1", n)
	}
}

// A card whose run is open is given to nobody else, also when its station has
// gone silent.
func TestAssignInWork(t *testing.T) {
	s := open(t, newPath(t))
	assign(t, s, record("c1", jana))
	l := begin(t, s, run("r1", "c1"), "north")
	again := record("c1", engine.UserRef{ID: "u-max", Name: "Max"})
	again.Version = 1
	e := wants(t, s.Assign(t.Context(), again, auditRow("c1", "", "done")), engine.InWork)
	if e.Subject != "north" || e.Run != "r1" {
		t.Errorf("subject %q, run %q", e.Subject, e.Run)
	}
	must(t, s.Note(t.Context(), "r1", l, nil, engine.TakenBack, nil))
	assign(t, s, again)
}

// The cards of a thousand users are found, each once, in the order of their
// serial numbers, however the users are ordered and repeated.
func TestCardsOf(t *testing.T) {
	s := open(t, newPath(t))
	var users []engine.UserID
	const many = 1203
	for i := range many {
		user := engine.UserRef{ID: engine.UserID(fmt.Sprintf("u%04d", i))}
		users = append(users, user.ID)
		if i%100 == 0 { // cards in every chunk, serials against the order of users
			assign(t, s, record(engine.CardID(fmt.Sprintf("%04d", many-i)), user))
			assign(t, s, record(engine.CardID(fmt.Sprintf("%04d-b", many-i)), user))
		}
	}
	assign(t, s, record("9999", engine.UserRef{ID: "somebody else"}))
	cards, err := s.CardsOf(t.Context(), append(users, users...)...)
	must(t, err)
	if len(cards) != 26 {
		t.Fatalf("%d cards, want 26", len(cards))
	}
	for i := 1; i < len(cards); i++ {
		if cards[i-1].Card.Serial >= cards[i].Card.Serial {
			t.Errorf("%s comes before %s", cards[i-1].Card.Serial, cards[i].Card.Serial)
		}
	}
	none, err := s.CardsOf(t.Context())
	if len(none) != 0 || err != nil {
		t.Errorf("cards of nobody: %v, %v", none, err)
	}
}

// A record in a format of tomorrow is refused in words, not half read.
func TestNewerFacts(t *testing.T) {
	s := open(t, newPath(t))
	assign(t, s, record("c1", jana))
	_, err := s.Raw().ExecContext(t.Context(), `UPDATE cards SET format = 2`)
	must(t, err)
	_, _, err = s.Card(t.Context(), "c1")
	says(t, wants(t, err, engine.StoreTrouble), "card c1", "format 2", "up to 1")
	_, err = s.CardsOf(t.Context(), jana.ID)
	wants(t, err, engine.StoreTrouble)
}
