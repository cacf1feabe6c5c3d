package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// unchain takes the tables back to version 8, before there were chains.
func unchain() []string {
	var back []string
	for _, trigger := range []string{
		"audit_keeps_chain", "audit_last_counts", "audit_last_stays", "audit_last_is_one",
		"checkpoints_keep_words", "checkpoints_stay", "checkpoints_follow",
	} {
		back = append(back, `DROP TRIGGER `+trigger)
	}
	back = append(back, `DROP INDEX audit_chain`, `DROP TABLE checkpoints`, `DROP TABLE departures`, `DROP TABLE tasks`)
	for _, column := range []string{"how", "n", "chain", "prev", "hash"} {
		back = append(back, `ALTER TABLE audit DROP COLUMN `+column)
	}
	return back
}

// chained reads all rows of the audit.
func chained(t testing.TB, s *store.Store, f engine.AuditFilter) (all []engine.ChainedRow) {
	t.Helper()
	must(t, s.EachAudit(t.Context(), f, func(r engine.ChainedRow) error {
		all = append(all, r)
		return nil
	}))
	return all
}

// holds fails the test unless the rows are whole chains, one for each station.
func holds(t testing.TB, rows []engine.ChainedRow) {
	t.Helper()
	ends := map[string]engine.ChainedRow{}
	for i, r := range rows {
		end := ends[r.Actor.Station]
		if r.Seq != int64(i+1) || r.N != end.N+1 || r.Prev != end.Hash || r.Hash != r.Link() || r.Format != engine.ChainFormat {
			t.Fatalf("row %d does not follow %d of its station: %+v", i+1, end.N, r)
		}
		ends[r.Actor.Station] = r
	}
}

// A station's rows are numbered from one without a gap and linked, each to the
// one before, whatever the station is called and whatever a row says.
func TestChain(t *testing.T) {
	s := open(t, newPath(t))
	stations := []string{"north", "", "Lobby „Süd\" 1", "'; DROP TABLE audit; --", "a\x00b", "bad \xff utf", "\n"}
	for i := range 40 {
		row := auditRow("c1", "r1", "done")
		row.Actor.Station, row.Actor.How = stations[i%len(stations)], engine.ByCard
		row.Detail, row.At = strings.Repeat("x\x00\xfe", i), noon.Add(time.Duration(i)*1234567*time.Nanosecond)
		must(t, s.Write(t.Context(), row))
	}
	rows := chained(t, s, engine.AuditFilter{})
	holds(t, rows)
	if len(rows) != 40 || rows[0].Actor.How != engine.ByCard {
		t.Errorf("%d rows, the first is %+v", len(rows), rows[0])
	}
}

// Several kiosks on one file, all writing at once, do not tear a chain.
func TestChainsTogether(t *testing.T) {
	path := newPath(t)
	g, ctx := errgroup.WithContext(t.Context())
	for i := range 4 {
		s := open(t, path)
		for range 2 {
			g.Go(func() error { return writeRows(ctx, s, fmt.Sprintf("station %d", i/2), 25) })
		}
	}
	must(t, g.Wait())
	rows := chained(t, open(t, path), engine.AuditFilter{})
	holds(t, rows)
	if len(rows) != 200 {
		t.Errorf("%d rows, want 200", len(rows))
	}
}

func writeRows(ctx context.Context, s *store.Store, station string, n int) error {
	for range n {
		row := auditRow("c1", "r1", "done")
		row.Actor.Station = station
		if err := s.Write(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// Rows that an older kiosk has left are chained, and keep what they say; the
// chain goes on behind them.
func TestFormerAuditIsChained(t *testing.T) {
	for name := range formerJournals {
		t.Run(name, func(t *testing.T) {
			s := open(t, load(t, filepath.Join(journals, name)))
			before := chained(t, s, engine.AuditFilter{})
			if len(before) == 0 {
				t.Fatal("there is no row")
			}
			must(t, s.Write(t.Context(), auditRow("c1", "r1", "done")))
			rows := chained(t, s, engine.AuditFilter{})
			holds(t, rows)
			if !slices.Equal(rows[:len(before)], before) || len(rows) != len(before)+1 {
				t.Errorf("before %v\nafter  %v", before, rows)
			}
		})
	}
}

// However many rows an older kiosk has left, each is chained as it stood.
func TestManyFormerRowsAreChained(t *testing.T) {
	path := newPath(t)
	s, err := store.Open(t.Context(), path, store.Options{})
	must(t, err)
	must(t, store.LoadAudit(t.Context(), s, 1203, func(i int) engine.AuditRow { return store.SyntheticRow(i, noon) }))
	want := chained(t, s, engine.AuditFilter{})
	for _, back := range append(unchain(), `DELETE FROM goose_db_version WHERE version_id >= 9`) {
		_, err := s.Raw().ExecContext(t.Context(), back)
		must(t, err)
	}
	must(t, s.Close())
	got := chained(t, open(t, path), engine.AuditFilter{})
	for i := range want { // how somebody signed in was not kept then
		if i >= len(got) || got[i].Seq != want[i].Seq || got[i].N != want[i].N || got[i].Detail != want[i].Detail {
			t.Fatalf("row %d is not as it was", i+1)
		}
	}
	holds(t, got)
}

// The store itself refuses to change, remove or replace a row of the audit, to
// put one in out of its turn, and to touch what counts them, whoever asks, with
// recursive triggers or without.
func TestAuditIsShut(t *testing.T) {
	const columns = `(seq, at, who, station, mode, act, card, user_id, run, result, detail, n, chain, prev, hash)`
	same := `SELECT seq, at, 'mallory', station, mode, act, card, user_id, run, result, detail, n, chain, prev, hash FROM audit WHERE seq = 2`
	row := func(seq, n, prev string) string {
		return `SELECT ` + seq + `, at, who, station, mode, act, card, user_id, run, result, detail, ` + n + `, chain, ` + prev + `, hash FROM audit WHERE seq = 3`
	}
	refused := map[string]string{
		"update":               `UPDATE audit SET result = 'done' WHERE seq = 2`,
		"update a chain":       `UPDATE audit SET hash = prev`,
		"update or replace":    `UPDATE OR REPLACE audit SET seq = 1 WHERE seq = 2`,
		"delete":               `DELETE FROM audit WHERE seq = 3`,
		"replace":              `INSERT OR REPLACE INTO audit ` + columns + same,
		"replace into":         `REPLACE INTO audit ` + columns + same,
		"upsert":               `INSERT INTO audit ` + columns + same + ` ON CONFLICT (seq) DO UPDATE SET who = 'mallory'`,
		"insert between":       `INSERT INTO audit ` + columns + row("2", "4", "hash"),
		"insert ahead":         `INSERT INTO audit ` + columns + row("5", "4", "hash"),
		"insert uncounted":     `INSERT INTO audit ` + columns + row("4", "4", "hash"),
		"insert without seq":   `INSERT INTO audit ` + columns + row("NULL", "4", "hash"),
		"replace a number":     `INSERT OR REPLACE INTO audit ` + columns + row("4", "3", "prev"),
		"count back":           `UPDATE audit_last SET seq = seq - 1`,
		"count on by two":      `UPDATE audit_last SET seq = seq + 2`,
		"count not":            `DELETE FROM audit_last`,
		"count twice":          `INSERT INTO audit_last (seq) VALUES (7)`,
		"change a checkpoint":  `UPDATE checkpoints SET n = 1`,
		"remove a checkpoint":  `DELETE FROM checkpoints`,
		"replace a checkpoint": `INSERT OR REPLACE INTO checkpoints SELECT station, number, 3, 3, (SELECT hash FROM audit WHERE seq = 3), at, format, key, signature FROM checkpoints`,
		"skip a checkpoint":    `INSERT INTO checkpoints SELECT station, number + 2, n, seq, hash, at, format, key, signature FROM checkpoints`,
		"checkpoint of no row": `INSERT INTO checkpoints SELECT station, number + 1, n + 7, seq, hash, at, format, key, signature FROM checkpoints`,
	}
	for _, recursive := range []string{"off", "on"} {
		s := open(t, newPath(t))
		must(t, writeRows(t.Context(), s, "north", 3))
		must(t, s.KeepCheckpoint(t.Context(), checkpoint(t, s, 2)))
		want := dump(t, s)
		_, err := s.Raw().ExecContext(t.Context(), `PRAGMA recursive_triggers = `+recursive)
		must(t, err)
		for name, deed := range refused {
			_, err := s.Raw().ExecContext(t.Context(), deed)
			if err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if dump(t, s) != want {
			t.Errorf("the audit is not as it was")
		}
		must(t, writeRows(t.Context(), s, "north", 1))
		holds(t, chained(t, s, engine.AuditFilter{}))
	}
}

// Even with its number counted, a row goes in only behind the last one of its
// station's chain.
func TestOnlyNextRow(t *testing.T) {
	s := open(t, newPath(t))
	must(t, writeRows(t.Context(), s, "north", 3))
	for name, c := range map[string][2]string{
		"a gap": {"5", "hash"}, "twice": {"3", "hash"}, "unlinked": {"4", "prev"},
	} {
		tx, err := s.Raw().BeginTx(t.Context(), nil)
		must(t, err)
		_, err = tx.ExecContext(t.Context(), `UPDATE audit_last SET seq = seq + 1`)
		must(t, err)
		_, err = tx.ExecContext(t.Context(), `
			INSERT INTO audit (seq, at, who, station, mode, act, card, user_id, run, result, detail, n, chain, prev, hash)
			SELECT 4, at, who, station, mode, act, card, user_id, run, result, detail, `+c[0]+`, chain, `+c[1]+`, hash FROM audit WHERE seq = 3`)
		if err == nil {
			t.Errorf("%s: was let in", name)
		}
		must(t, tx.Rollback())
	}
}

// checkpoint is the next one of the station north, of its row n.
func checkpoint(t testing.TB, s *store.Store, n int64) engine.Checkpoint {
	t.Helper()
	rows, err := s.ChainRows(t.Context(), "north", n-1, 1)
	must(t, err)
	_, last, err := s.ChainEnd(t.Context(), "north")
	must(t, err)
	c := engine.Checkpoint{Station: "north", Number: 1, N: n, Seq: rows[0].Seq, Hash: rows[0].Hash, At: noon}
	if last != nil {
		c.Number = last.Number + 1
	}
	return c.Sign(testKey)
}

// Checkpoints are kept in their order; who comes second is told so.
func TestCheckpoints(t *testing.T) {
	s := open(t, newPath(t))
	must(t, writeRows(t.Context(), s, "north", 5))
	first := checkpoint(t, s, 2)
	must(t, s.KeepCheckpoint(t.Context(), first))
	wants(t, s.KeepCheckpoint(t.Context(), first), engine.Overtaken)
	second := checkpoint(t, s, 5)
	must(t, s.KeepCheckpoint(t.Context(), second))
	got, err := s.Checkpoints(t.Context(), "north", 0, 10)
	must(t, err)
	if len(got) != 2 || got[0].Line() != first.Line() || got[1].Line() != second.Line() || !got[1].Signed() {
		t.Errorf("got %+v", got)
	}
	end, last, err := s.ChainEnd(t.Context(), "north")
	must(t, err)
	if end.N != 5 || last.Number != 2 {
		t.Errorf("the end is %+v, %+v", end, last)
	}
}

// A turn is one's alone until it is let go or has run out, and who lost it
// cannot say that anything has arrived.
func TestTurns(t *testing.T) {
	s := open(t, newPath(t))
	d := engine.Departure{Station: "north", What: "rows", Destination: "tls://log"}
	upTo, ok, err := s.TakeTurn(t.Context(), d, at(0), at(1))
	must(t, err)
	if !ok || upTo != 0 {
		t.Fatalf("the first turn is %v, %d", ok, upTo)
	}
	if _, ok, err = s.TakeTurn(t.Context(), d, at(0), at(2)); ok || err != nil {
		t.Errorf("two at once: %v", err)
	}
	must(t, s.Arrived(t.Context(), d, at(1), at(2), 7))
	if upTo, ok, err = s.TakeTurn(t.Context(), d, at(2), at(3)); !ok || upTo != 7 || err != nil {
		t.Errorf("when it has run out: %v, %d, %v", ok, upTo, err)
	}
	wants(t, s.Arrived(t.Context(), d, at(2), at(4), 9), engine.Overtaken)
	must(t, s.Arrived(t.Context(), d, at(3), time.Time{}, 8))
	if upTo, ok, err = s.TakeTurn(t.Context(), d, at(2), at(3)); !ok || upTo != 8 || err != nil {
		t.Errorf("when it was let go: %v, %d, %v", ok, upTo, err)
	}
}

// Rows are found by card, number, user, person, act, run and time, and the
// newest are given in their order.
func TestAuditFilter(t *testing.T) {
	s := open(t, newPath(t))
	assign(t, s, engine.Record{Card: identity("c2"), User: jana, State: engine.StateAssigned})
	for i := range 6 {
		row := auditRow(engine.CardID(fmt.Sprint("c", i)), engine.RunID(fmt.Sprint("r", i)), "done")
		row.At, row.Detail = at(i), fmt.Sprint(i)
		row.User, row.Actor.Who, row.Act = engine.UserID(fmt.Sprint("u", i)), fmt.Sprint("w", i), fmt.Sprint("a", i)
		must(t, s.Write(t.Context(), row))
	}
	for want, f := range map[string]engine.AuditFilter{
		"1":  {Card: "c1"},
		"2":  {Card: "S-c2", Act: "a2"},
		"3":  {User: "u3", Who: "w3", Act: "a3", Run: "r3"},
		"":   {User: "u3", Run: "r4"},
		"45": {Station: "north", Since: at(4), Who: "", Newest: 2},
		"23": {Since: at(2), Until: at(4), User: ""},
		"5":  {Newest: 1},
	} {
		got := ""
		for _, r := range chained(t, s, f) {
			got += r.Detail
		}
		if got != want {
			t.Errorf("%+v: rows %q, want %q", f, got, want)
		}
	}
	stop := errors.New("enough")
	if err := s.EachAudit(t.Context(), engine.AuditFilter{}, func(engine.ChainedRow) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the error is %v", err)
	}
}

// A deed whose row somebody lets vanish does not happen, and leaves no gap.
func TestSwallowedRow(t *testing.T) {
	s := open(t, newPath(t))
	must(t, writeRows(t.Context(), s, "north", 2))
	_, err := s.Raw().ExecContext(t.Context(), `CREATE TRIGGER swallow BEFORE INSERT ON audit BEGIN SELECT RAISE(IGNORE); END`)
	must(t, err)
	wants(t, writeRows(t.Context(), s, "north", 1), engine.StoreTrouble)
	_, err = s.Raw().ExecContext(t.Context(), `DROP TRIGGER swallow`)
	must(t, err)
	must(t, writeRows(t.Context(), s, "north", 1))
	rows := chained(t, s, engine.AuditFilter{})
	if holds(t, rows); len(rows) != 3 {
		t.Errorf("%d rows", len(rows))
	}
}
