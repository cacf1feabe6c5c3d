package audit_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/audit"
	"cardkiosk/engine/store"
	"cardkiosk/engine/words"
)

// A store is not accused because its rows lie elsewhere in the file, because
// somebody has packed it, or because it is a copy in a folder that only lets
// itself be read.
func TestSoundWhereverRowsLie(t *testing.T) {
	e := newEstate(t, rand.New(rand.NewPCG(7, 7)))
	shuffled := e.twin(t)
	rows := slices.Clone(e.rows)
	rand.New(rand.NewPCG(8, 8)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	shuffled.rewrite(t, rows)
	shuffled.isSound(t)

	packed := e.twin(t)
	packed.raw(t, func(exec func(string, ...any)) { exec(`VACUUM`) })
	packed.isSound(t)

	shut := e.twin(t)
	must(t, os.Chmod(shut.path, 0o400))
	must(t, os.Chmod(filepath.Dir(shut.path), 0o500))
	t.Cleanup(func() { _ = os.Chmod(filepath.Dir(shut.path), 0o700) })
	shut.isSound(t)
}

// A store in use can be verified, with all that was written so far.
func TestSoundWhileInUse(t *testing.T) {
	e := newEstate(t, rand.New(rand.NewPCG(9, 9)))
	e.write(t, func(s *store.Store) {
		row := store.SyntheticRow(0, noon)
		row.Actor.Station = stations[0]
		must(t, s.Write(t.Context(), row))
		found, vouched := e.verify(t, nil)
		if v := vouched[stations[0]]; len(found) > 0 || v.Last != e.last(stations[0]).N+1 {
			t.Errorf("found %s, vouched %+v", lines(found), v)
		}
	})
}

// What is not known is not claimed: without checkpoints nothing is vouched for,
// and rows behind the last one are not either.
func TestNothingIsVouchedForWithoutCheckpoint(t *testing.T) {
	e := newEstate(t, rand.New(rand.NewPCG(3, 3)))
	e.outside = nil
	e.raw(t, func(exec func(string, ...any)) { exec(`DELETE FROM checkpoints`) })
	found, vouched := e.verify(t, nil)
	if len(found) > 0 {
		t.Fatal(lines(found))
	}
	for _, s := range stations {
		said := strings.Join(audit.VouchedLines(&words.English, vouched[s]), "\n")
		if vouched[s].To != 0 || !strings.Contains(said, "No checkpoint vouches for this chain") {
			t.Errorf("%+v: %s", vouched[s], said)
		}
	}
}

// An export in either format verifies as the store does, whatever rows say; and a
// spreadsheet finds no formula in it.
func TestExport(t *testing.T) {
	e := newEstate(t, rand.New(rand.NewPCG(5, 5)))
	hostile := []string{
		"=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\tx", "\r=1", "'quoted", `'"`, `"`, "a,b\r\nc", "\nx", "ü\u2028€", "＝1", "\x1b[0m", "",
	}
	e.write(t, func(s *store.Store) {
		for i, h := range hostile {
			row := store.SyntheticRow(i, noon)
			row.Actor.Who, row.Detail, row.Actor.Station = h, h, stations[i%2]
			must(t, s.Write(t.Context(), row))
		}
		for _, format := range []string{audit.JSON, audit.CSV} {
			var out bytes.Buffer
			w, err := audit.NewWriter(format, &out)
			must(t, err)
			must(t, s.EachAudit(t.Context(), engine.AuditFilter{}, w.Row))
			must(t, w.Close())
			e.verifyExport(t, out.String(), len(e.rows)+len(hostile), nil)
			changed := strings.Replace(out.String(), "done", "failed", 1)
			e.verifyExport(t, changed, len(e.rows)+len(hostile), []audit.Fault{audit.Changed})
			lines := strings.SplitAfter(out.String(), "\n")
			e.verifyExport(t, strings.Join(slices.Delete(lines, 5, 6), ""), len(e.rows)+len(hostile)-1, []audit.Fault{audit.Missing, audit.Missing})
		}
	})
}

func (e *estate) verifyExport(t *testing.T, text string, rows int, faults []audit.Fault) {
	t.Helper()
	var found []audit.Fault
	v := audit.NewVerifier(knownKeys(t), func(f audit.Finding) { found = append(found, f.Fault) })
	for _, c := range e.outside {
		v.Outside(c, nil, "outside")
	}
	n := 0
	must(t, audit.ReadExport(strings.NewReader(text), func(r engine.ChainedRow, odd string) {
		n++
		v.Row(r, odd)
	}))
	v.End(-1)
	if n != rows || !slices.Equal(found, faults) {
		t.Errorf("%d rows of %d, found %v instead of %v", n, rows, found, faults)
	}
}

// No field of a CSV begins as a formula does.
func TestNoFormula(t *testing.T) {
	for _, h := range []string{"=1", "+1", "-1", "@a", "\t=1", "\r=1", "＝1", "＋1"} {
		var out bytes.Buffer
		w, err := audit.NewWriter(audit.CSV, &out)
		must(t, err)
		must(t, w.Row(engine.ChainedRow{AuditRow: engine.AuditRow{Actor: engine.Actor{Who: h}, At: noon}}))
		must(t, w.Close())
		if strings.Contains(out.String(), ","+h) || strings.Contains(out.String(), `,"`+h) || !strings.Contains(out.String(), "'") {
			t.Errorf("%q: %s", h, out.String())
		}
	}
}

// Every fault has its words in every language.
func TestFaultsHaveWords(t *testing.T) {
	for _, l := range words.Languages() {
		for _, f := range audit.Faults() {
			if l.Text.Audit.Faults[string(f)] == "" {
				t.Errorf("%s has no words for %q", l.Code, f)
			}
		}
		if len(l.Text.Audit.Faults) != len(audit.Faults()) {
			t.Errorf("%s has words for %d faults", l.Code, len(l.Text.Audit.Faults))
		}
	}
}
