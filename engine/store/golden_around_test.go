package store_test

import (
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// aroundJournal is firstJournal with what a record has since policies are kept,
// common certificates written and cards seen. Beside it lies aroundErrands and
// the rest that leaveAround leaves.
func aroundJournal() (engine.Record, engine.Run, engine.Letter) {
	record, run, letter := firstJournal()
	record.Under, record.Access = "h1", true
	record.Managed[0].KeyMade, record.Managed[0].Attributes = noon.AddDate(-1, 0, 0), map[string]string{"mail": "jana@corp.test"}
	record.Managed[0].Revoked = &engine.Revocation{Serial: "0a", At: noon, Reason: engine.CertificateHold}
	record.Managed = append(record.Managed, engine.Managed{Template: "team", Place: "83", Common: true, Fingerprint: "f3", NotAfter: noon.AddDate(1, 0, 0)})
	record.Tracked[0].Gone = noon
	record.Seen = engine.Sighting{
		At: noon, Missing: []string{"f1"},
		Outside: []engine.Tracked{{Place: "84", Subject: "CN=New\t\\", Fingerprint: "f4", NotAfter: noon.AddDate(3, 0, 0)}},
	}
	return record, run, letter
}

// aroundErrands are one of each kind.
func aroundErrands() []engine.Errand {
	publish, tell, revoke := errand("publish", "c9", 0), errand("tell", "c9", 1), errand("revoke", "c9", 2)
	publish.Revoke, publish.Publication = nil, &engine.Publication{Add: [][]byte{{1, 2}}, Prune: []string{"f0"}, Bind: []string{"X509:<I>a"}, Unbind: []string{"X509:<I>b"}}
	tell.Revoke, tell.Access = nil, &engine.AccessNote{Key: "r1/9", Event: engine.AccessRegister, At: noon, Card: identity("c9"), User: jana, Certificates: []engine.Managed{{Template: "logon"}}}
	return []engine.Errand{publish, tell, revoke}
}

var (
	aroundPerson = engine.Person{Seen: noon, Gone: true, User: engine.User{
		ID: jana.ID, DN: "CN=Jana\\, Dr.,DC=corp", Name: jana.Name, Logon: jana.Logon, Mail: jana.Mail, UPN: "jana@corp.test", SID: "S-1-5-21-1",
		Disabled: true, Groups: []string{"CN=a"}, Attributes: map[string][]string{"title": {"Dr.", "\t"}},
	}}
	aroundState = engine.SnapshotState{Mark: engine.Mark{Server: "dc1", USN: 7, At: noon}, Groups: "h2", Full: noon, Refresh: at(1)}
)

func leaveAround(t *testing.T, s *store.Store) {
	t.Helper()
	send(t, s, aroundErrands()...)
	must(t, s.KeepPolicy(t.Context(), "h1", []byte(`{"name":"staff"}`)))
	must(t, s.KeepPersons(t.Context(), aroundPerson))
	must(t, s.KeepSnapshot(t.Context(), aroundState))
}

// Errands, persons, the snapshot and policies that an older kiosk has left
// behind are read as they were meant.
func TestFormerAround(t *testing.T) {
	s := open(t, load(t, filepath.Join(journals, "plan2-tables5.sql")))
	for i, want := range aroundErrands() {
		if got := takesErrand(t, s, i, want.ID); !reflect.DeepEqual(got, want) {
			t.Errorf("errand:\ngot  %+v\nwant %+v", got, want)
		}
		must(t, s.ErrandDone(t.Context(), want.ID, at(i)))
	}
	got, err := s.Persons(t.Context(), jana.ID)
	must(t, err)
	if !reflect.DeepEqual(got, []engine.Person{aroundPerson}) {
		t.Errorf("person: got %+v\nwant %+v", got, aroundPerson)
	}
	known := aroundPerson
	known.Seen = time.Time{}
	if got := dueFacts(t, s)[0].Person; !reflect.DeepEqual(got, known) {
		t.Errorf("person in due: got %+v\nwant %+v", got, known)
	}
	if got, err := s.Snapshot(t.Context()); err != nil || got != aroundState {
		t.Errorf("snapshot: got %+v, %v", got, err)
	}
	if text, ok, err := s.PolicyText(t.Context(), "h1"); string(text) != `{"name":"staff"}` || !ok || err != nil {
		t.Errorf("policy: got %q, %v, %v", text, ok, err)
	}
}
