package store_test

import (
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// What is packed comes back, whatever characters are in it.
func TestPackedComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawDue(t)
		if got, err := store.UnpackDue(store.PackDue(r)); err != nil || !reflect.DeepEqual(got, r) {
			t.Fatalf("got  %+v, %v\nwant %+v", got, err, r)
		}
		p := drawPerson(t)
		if got, err := store.UnpackPerson(store.PackPerson(p)); err != nil || !reflect.DeepEqual(got, p) {
			t.Fatalf("got  %+v, %v\nwant %+v", got, err, p)
		}
	})
}

// A packed row that was cut off, or written by a newer program, is refused in
// words.
func TestPackedBroken(t *testing.T) {
	record, person := store.Synthetic(1, 10, noon)
	due, packed := store.PackDue(record), store.PackPerson(person)
	for end := range due {
		if _, err := store.UnpackDue(due[:end]); err == nil {
			t.Fatalf("%q was taken for a whole row", due[:end])
		}
	}
	for end := range packed {
		if _, err := store.UnpackPerson(packed[:end]); err == nil {
			t.Fatalf("%q was taken for a whole person", packed[:end])
		}
	}
	_, err := store.UnpackDue("99" + strings.TrimPrefix(due, "1"))
	says(t, err, "format 99", "use the newer program")
	_, err = store.UnpackPerson("99" + strings.TrimPrefix(packed, "1"))
	says(t, err, "format 99", "use the newer program")
	_, err = store.UnpackDue(due + "\t")
	says(t, err, "not whole")
}

// Whatever stands in a row, reading it ends, and what is taken for whole comes
// back when it is packed again. (Bytes that are no text are not packed.)
func FuzzPackedDue(f *testing.F) {
	record, person := store.Synthetic(1, 10, noon)
	f.Add(store.PackDue(record))
	f.Add(store.PackPerson(person))
	f.Add("1\t\\t\t9999999\t")
	f.Fuzz(func(t *testing.T, row string) {
		if r, err := store.UnpackDue(row); err == nil && utf8.ValidString(row) {
			again, err := store.UnpackDue(store.PackDue(r))
			must(t, err)
			if !reflect.DeepEqual(again, r) {
				t.Errorf("got  %+v\nwant %+v", again, r)
			}
		}
		_, _ = store.UnpackPerson(row)
	})
}

func drawText(t *rapid.T) string {
	return rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("\\\t\x00t0ž\n")))).Draw(t, "text")
}

func drawTime(t *rapid.T) time.Time {
	if rapid.Bool().Draw(t, "none") {
		return time.Time{}
	}
	first, last := time.Date(1500, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	return time.UnixMicro(rapid.Int64Range(first.UnixMicro(), last.UnixMicro()).Draw(t, "time")).UTC()
}

// drawAll draws a few, or nil.
func drawAll[T any](t *rapid.T, draw func(*rapid.T) T) (all []T) {
	for range rapid.IntRange(0, 3).Draw(t, "many") {
		all = append(all, draw(t))
	}
	return all
}

func drawMap[T any](t *rapid.T, draw func(*rapid.T) T) (all map[string]T) {
	for range rapid.IntRange(0, 3).Draw(t, "many") {
		if all == nil {
			all = map[string]T{}
		}
		all[drawText(t)] = draw(t)
	}
	return all
}

// drawDue draws a record that has what due keeps, and nothing else.
func drawDue(t *rapid.T) engine.Record {
	return engine.Record{
		Card:  engine.Identity{ID: engine.CardID(drawText(t)), Serial: drawText(t), GUID: drawText(t), Model: drawText(t)},
		User:  engine.UserRef{ID: engine.UserID(drawText(t)), Name: drawText(t), Logon: drawText(t), Mail: drawText(t)},
		State: engine.State(drawText(t)), Policy: drawText(t), Under: drawText(t), Written: drawTime(t), Access: rapid.Bool().Draw(t, "access"),
		Managed: drawAll(t, drawManaged), Tracked: drawAll(t, drawTracked),
		Seen: engine.Sighting{At: drawTime(t), Outside: drawAll(t, drawTracked), Missing: drawAll(t, drawText)},
	}
}

func drawManaged(t *rapid.T) engine.Managed {
	m := engine.Managed{
		Template: drawText(t), Place: engine.Place(drawText(t)), CA: drawText(t), Serial: drawText(t),
		NotBefore: drawTime(t), NotAfter: drawTime(t),
		Fingerprint: drawText(t), Common: rapid.Bool().Draw(t, "common"), Attributes: drawMap(t, drawText),
	}
	if rapid.Bool().Draw(t, "revoked") {
		m.Revoked = &engine.Revocation{Serial: drawText(t), At: drawTime(t), Reason: engine.RevokeReason(drawText(t))}
	}
	return m
}

func drawTracked(t *rapid.T) engine.Tracked {
	return engine.Tracked{
		Place: engine.Place(drawText(t)), Subject: drawText(t), NotAfter: drawTime(t), Fingerprint: drawText(t),
		Ignored: rapid.Bool().Draw(t, "ignored"), Gone: drawTime(t),
	}
}

// drawPerson draws a person, but for when they were seen.
func drawPerson(t *rapid.T) engine.Person {
	texts := func(t *rapid.T) []string { return drawAll(t, drawText) }
	return engine.Person{Gone: rapid.Bool().Draw(t, "gone"), User: engine.User{
		ID: engine.UserID(drawText(t)), DN: drawText(t), Name: drawText(t), Logon: drawText(t), Mail: drawText(t), UPN: drawText(t),
		SID: drawText(t), Disabled: rapid.Bool().Draw(t, "disabled"), Groups: texts(t), Attributes: drawMap(t, texts),
	}}
}
