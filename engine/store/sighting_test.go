package store_test

import (
	"reflect"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// seeable is a card with a certificate of each kind.
func seeable(t *testing.T, s *store.Store) engine.Record {
	t.Helper()
	r := ending("c1", "u1", 30)
	r.State, r.Managed[0].Fingerprint = engine.StateIssued, "f1"
	r.Managed = append(r.Managed, engine.Managed{Template: "mail", Fingerprint: "f2", NotAfter: noon.AddDate(0, 0, 40)})
	r.Tracked = []engine.Tracked{
		{Place: "82", Fingerprint: "t1", NotAfter: noon.AddDate(0, 0, 5)},
		{Place: "83", Fingerprint: "t2", NotAfter: noon.AddDate(0, 0, 6)},
	}
	assign(t, s, r)
	return readCard(t, s, "c1")
}

// What was found on a card is noted, those found gone among them, which count
// for the next end no more; whoever read the record before can still write it.
func TestSee(t *testing.T) {
	s := open(t, newPath(t))
	r := seeable(t, s)
	gone := r.Tracked[0]
	gone.Gone = at(1)
	stranger := engine.Tracked{Place: "82", Fingerprint: "t9"}
	seen := engine.Sighting{At: at(1), Outside: []engine.Tracked{stranger}, Missing: []string{"t1"}}
	must(t, s.See(t.Context(), "c1", 1, seen, []engine.Tracked{gone, stranger}))
	want := readCard(t, s, "c1")
	r.Seen, r.Tracked[0] = seen, gone
	if !reflect.DeepEqual(want, r) {
		t.Errorf("got  %+v\nwant %+v", want, r)
	}
	if n := count(t, s, `SELECT COUNT(*) FROM cards JOIN due ON due.card = cards.id AND due.next_expiry = cards.next_expiry
		WHERE cards.next_expiry = $1`, noon.AddDate(0, 0, 6).UnixMicro()); n != 1 {
		t.Error("the next end is not that of the certificate which is still there")
	}
	must(t, s.See(t.Context(), "c1", 1, engine.Sighting{At: at(0)}, nil))
	if got := readCard(t, s, "c1").Seen.At; !got.Equal(at(1)) {
		t.Errorf("an earlier sighting was noted over a later one: %v", got)
	}
	must(t, s.See(t.Context(), "c1", 1, engine.Sighting{At: at(2)}, nil))
	assign(t, s, r)
}

// What CAs said is noted with the certificates meant, and taken back when a hold
// is lifted.
func TestRevoked(t *testing.T) {
	s := open(t, newPath(t))
	r := seeable(t, s)
	hold := &engine.Revocation{At: noon, Reason: engine.CertificateHold}
	must(t, s.Revoked(t.Context(), "c1", 1, map[string]*engine.Revocation{"f2": hold, "f9": hold}))
	r.Managed[1].Revoked = hold
	if got := readCard(t, s, "c1"); !reflect.DeepEqual(got, r) {
		t.Errorf("got  %+v\nwant %+v", got, r)
	}
	if got := dueFacts(t, s)[0].Record.Managed[1].Revoked; !reflect.DeepEqual(got, hold) {
		t.Errorf("due says %+v", got)
	}
	must(t, s.Revoked(t.Context(), "c1", 1, map[string]*engine.Revocation{"f2": nil}))
	if got := readCard(t, s, "c1"); got.Managed[1].Revoked != nil {
		t.Errorf("the hold was not lifted: %+v", got.Managed[1].Revoked)
	}
}

// Somebody who knows more was faster: then nothing is noted, and that is no
// error.
func TestSeeTooLate(t *testing.T) {
	s := open(t, newPath(t))
	before := seeable(t, s)
	notes := func(card engine.CardID, version int64) {
		t.Helper()
		must(t, s.See(t.Context(), card, version, engine.Sighting{At: at(9)}, nil))
		must(t, s.Revoked(t.Context(), card, version, map[string]*engine.Revocation{"f1": {At: noon}}))
	}
	notes("c1", 0)
	notes("c1", 2)
	notes("unknown", 1)
	l := begin(t, s, run("r1", "c1"), "north")
	notes("c1", 1)
	if got := readCard(t, s, "c1"); !reflect.DeepEqual(got, before) {
		t.Errorf("got  %+v\nwant %+v", got, before)
	}
	must(t, s.Note(t.Context(), "r1", l, nil, engine.TakenBack, nil))
	notes("c1", 1)
	if got := readCard(t, s, "c1"); !got.Seen.At.Equal(at(9)) || got.Managed[0].Revoked == nil {
		t.Errorf("after the run nothing was noted: %+v", got)
	}
}
