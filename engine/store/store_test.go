package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// TestMain is also the other process of the tests that need one.
func TestMain(m *testing.M) {
	switch os.Getenv(childDeed) {
	case deedNotes:
		os.Exit(writeNotesForEver())
	case deedRecords:
		os.Exit(recordForEver())
	case deedFull:
		os.Exit(fillDisk())
	}
	goleak.VerifyTestMain(m)
}

// childDeed names the environment variable that makes the test binary such a
// process.
const childDeed = "CARDKIOSK_STORE_TEST"

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func newPath(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "kiosk.db")
}

func open(t testing.TB, path string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// must fails the test unless err is nil.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wants fails the test unless err is of this kind, and returns it.
func wants(t testing.TB, err error, kind engine.Kind) *engine.Error {
	t.Helper()
	if !engine.Is(err, kind) {
		t.Fatalf("error is %v (kind %d), want kind %d", err, engine.KindOf(err), kind)
	}
	var e *engine.Error
	if ok := asError(err, &e); !ok {
		t.Fatalf("%v is no engine.Error", err)
	}
	return e
}

// says fails the test unless err's text has these words.
func says(t testing.TB, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(fmt.Sprint(err), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}

func identity(card engine.CardID) engine.Identity {
	return engine.Identity{ID: card, Serial: "S-" + string(card), GUID: strings.Repeat("0a", 16), Model: "YubiKey 5.7.1"}
}

var jana = engine.UserRef{ID: "u-jana", Name: "Jana Nováková", Logon: "jana", Mail: "jana@example.test"}

// run is a run of three steps, the last of which is the record.
func run(id engine.RunID, card engine.CardID) engine.Run {
	return engine.Run{
		ID: id, Actor: engine.Actor{Who: "olga", Station: "north", Mode: engine.Operator}, Started: noon,
		Plan: engine.Plan{
			Format: engine.PlanFormat, Card: identity(card), User: jana, Policy: "staff",
			Steps:   []engine.Step{{Verb: engine.MakeKey, Place: "95", Template: "logon"}, {Verb: engine.Check, Place: "95"}, {Verb: engine.WriteRecord}},
			Decided: 1,
		},
	}
}

// lease is a station's hold for a minute from noon on.
func lease(station string, fence int64) engine.Lease {
	return engine.Lease{Station: station, Now: noon, Until: noon.Add(time.Minute), Fence: fence}
}

func begin(t testing.TB, s *store.Store, r engine.Run, station string) engine.Lease {
	t.Helper()
	l := lease(station, 0)
	fence, err := s.Begin(t.Context(), r, l)
	must(t, err)
	l.Fence = fence
	return l
}

func note(step int, kind engine.NoteKind) engine.Note {
	return engine.Note{Step: step, Kind: kind, At: noon.Add(time.Duration(step) * 1234567 * time.Nanosecond)}
}

// outcome is what run records: the card becomes issued.
func outcome(r engine.Run, version int64, letters ...engine.Letter) engine.Outcome {
	return engine.Outcome{
		Record:  engine.Record{Card: r.Plan.Card, User: r.Plan.User, State: engine.StateIssued, Policy: "staff", Written: noon, Version: version},
		Letters: letters,
		Audit:   auditRow(r.Plan.Card.ID, r.ID, "done"),
		Notes:   []engine.Note{note(2, engine.Done)},
		End:     engine.Finished,
	}
}

func auditRow(card engine.CardID, run engine.RunID, result string) engine.AuditRow {
	return engine.AuditRow{
		At: noon, Actor: engine.Actor{Who: "olga", Station: "north", Mode: engine.Operator},
		Act: string(engine.UpdateCard), Card: card, User: jana.ID, Run: run, Result: result,
	}
}

// count returns the answer of a SELECT COUNT(*).
func count(t testing.TB, s *store.Store, query string, args ...any) int {
	t.Helper()
	var n int
	must(t, s.Raw().QueryRowContext(context.Background(), query, args...).Scan(&n))
	return n
}
