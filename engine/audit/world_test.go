package audit_test

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/audit"
	"cardkiosk/engine/store"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stations are what an administrator, or somebody worse, may call a kiosk.
var stations = []string{"lobby-1", "Lobby „Süd\" 2", "", "'; DROP TABLE audit; --"}

// keyOf is a station's key.
func keyOf(station string) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, station+"station")
	return ed25519.NewKeyFromSeed(seed)
}

// estate is the store of several stations, as a file that is opened anew each
// time, and what left it.
type estate struct {
	path    string
	half    string // a copy, as the file was halfway
	outside []engine.Checkpoint
	rows    []engine.ChainedRow
}

// rowsHeld are how many rows an estate has.
const rowsHeld = 80

// newEstate writes rows of all stations in a random order, with checkpoints now
// and then, which leave it; behind the last one of a station there may be rows.
func newEstate(t testing.TB, dice *rand.Rand) *estate {
	t.Helper()
	e := &estate{path: filepath.Join(t.TempDir(), "kiosk.db"), half: filepath.Join(t.TempDir(), "half.db")}
	e.write(t, func(s *store.Store) { e.fill(t, s, dice, 0) })
	e.copyTo(t, e.half)
	e.write(t, func(s *store.Store) {
		e.fill(t, s, dice, rowsHeld/2)
		must(t, s.EachAudit(t.Context(), engine.AuditFilter{}, func(r engine.ChainedRow) error {
			e.rows = append(e.rows, r)
			return nil
		}))
	})
	return e
}

// fill writes one half of the rows.
func (e *estate) fill(t testing.TB, s *store.Store, dice *rand.Rand, from int) {
	t.Helper()
	for i := from; i < from+rowsHeld/2; i++ {
		const part = 16 // in each of which every station has a row, and signs it
		row := store.SyntheticRow(i, noon)
		row.Actor.Station = stations[dice.IntN(len(stations))]
		if i%part < len(stations) {
			row.Actor.Station = stations[i%part]
		}
		must(t, s.Write(t.Context(), row))
		if dice.IntN(4) == 0 || i%part < len(stations) {
			e.outside = append(e.outside, e.sign(t, s, row.Actor.Station))
		}
	}
}

func (e *estate) write(t testing.TB, f func(*store.Store)) {
	t.Helper()
	s, err := store.Open(t.Context(), e.path, store.Options{})
	must(t, err)
	f(s)
	must(t, s.Close())
}

// sign makes the next checkpoint of a station.
func (e *estate) sign(t testing.TB, s *store.Store, station string) engine.Checkpoint {
	t.Helper()
	end, last, err := s.ChainEnd(t.Context(), station)
	must(t, err)
	c := engine.Checkpoint{Station: station, Number: 1, N: end.N, Seq: end.Seq, Hash: end.Hash, At: end.At.Add(time.Second)}
	if last != nil {
		c.Number = last.Number + 1
	}
	c = c.Sign(keyOf(station))
	must(t, s.KeepCheckpoint(t.Context(), c))
	return c
}

func (e *estate) copyTo(t testing.TB, path string) {
	t.Helper()
	data, err := os.ReadFile(e.path)
	must(t, err)
	must(t, os.WriteFile(path, data, 0o600))
}

// twin is the estate with its file copied, for somebody to manipulate.
func (e *estate) twin(t testing.TB) *estate {
	t.Helper()
	twin := *e
	twin.path = filepath.Join(t.TempDir(), "kiosk.db")
	e.copyTo(t, twin.path)
	return &twin
}

// signedTo is the last row of a station that a checkpoint outside vouches for.
func (e *estate) signedTo(station string) (n int64) {
	for _, c := range e.outside {
		if c.Station == station {
			n = max(n, c.N)
		}
	}
	return n
}

// last is the last row of a station.
func (e *estate) last(station string) (r engine.ChainedRow) {
	for _, one := range e.rows {
		if one.Actor.Station == station {
			r = one
		}
	}
	return r
}

// raw lets somebody with the file at its tables, past the guards: they are taken
// away, and put back as they were.
func (e *estate) raw(t testing.TB, f func(exec func(query string, args ...any))) {
	t.Helper()
	db, err := sql.Open("sqlite", e.path)
	must(t, err)
	defer func() { must(t, db.Close()) }()
	db.SetMaxOpenConns(1)
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	guards := texts(t, db, `SELECT sql FROM sqlite_schema WHERE type = 'trigger'`)
	for _, name := range texts(t, db, `SELECT name FROM sqlite_schema WHERE type = 'trigger'`) {
		exec(`DROP TRIGGER ` + name)
	}
	exec(`DROP INDEX IF EXISTS audit_chain`)
	f(exec)
	for _, g := range guards {
		exec(g)
	}
}

// dropGuard takes one guard away.
func dropGuard(t testing.TB, path, guard string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = db.ExecContext(t.Context(), `DROP TRIGGER `+guard)
	must(t, err)
	must(t, db.Close())
}

func texts(t testing.TB, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), query)
	must(t, err)
	defer func() { must(t, rows.Close()) }()
	for rows.Next() {
		var s string
		must(t, rows.Scan(&s))
		all = append(all, s)
	}
	must(t, rows.Err())
	return all
}

// rewrite puts these rows in the place of all there are, and counts as many.
func (e *estate) rewrite(t testing.TB, rows []engine.ChainedRow) {
	t.Helper()
	e.raw(t, func(exec func(string, ...any)) {
		exec(`CREATE TABLE others AS SELECT * FROM audit WHERE FALSE`) // without keys: a number may stand twice
		exec(`DROP TABLE audit`)
		exec(`ALTER TABLE others RENAME TO audit`)
		last := int64(0)
		for _, r := range rows {
			last = max(last, r.Seq)
			exec(`INSERT INTO audit (seq, at, who, station, mode, act, card, user_id, run, result, detail, how, n, chain, prev, hash)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
				r.Seq, r.At.UnixMicro(), r.Actor.Who, r.Actor.Station, string(r.Actor.Mode), r.Act, string(r.Card), string(r.User), string(r.Run),
				r.Result, r.Detail, string(r.Actor.How), r.N, r.Format, r.Prev.String(), r.Hash.String())
		}
		exec(`UPDATE audit_last SET seq = $1`, last)
	})
}

// relink numbers and links rows as if they had been written like this: what
// somebody does who has understood the chain.
func relink(rows []engine.ChainedRow) []engine.ChainedRow {
	ends := map[string]engine.ChainedRow{}
	for i := range rows {
		r := &rows[i]
		end := ends[r.Actor.Station]
		r.Seq, r.N, r.Prev = int64(i+1), end.N+1, end.Hash
		r.Hash = r.Link()
		ends[r.Actor.Station] = *r
	}
	return rows
}

// verify verifies the file against what has left the stations.
func (e *estate) verify(t testing.TB, keys audit.Keys) (found []audit.Finding, vouched map[string]audit.Vouched) {
	t.Helper()
	a, err := store.OpenAuditFile(t.Context(), e.path)
	must(t, err)
	defer func() { must(t, a.Close()) }()
	missing, err := a.Guards(t.Context())
	must(t, err)
	v, counted, err := e.read(t, a, keys, missing, false, &found)
	if errors.Is(err, store.ErrDisorder) {
		found = nil
		v, counted, err = e.read(t, a, keys, missing, true, &found)
	}
	must(t, err)
	vouched = map[string]audit.Vouched{}
	for _, one := range v.End(counted) {
		vouched[one.Station] = one
	}
	if (v.Findings() > 0) != (len(found) > 0) {
		t.Errorf("%d findings are counted, %d told", v.Findings(), len(found))
	}
	return found, vouched
}

// read tells a verifier everything.
func (e *estate) read(t testing.TB, a *store.AuditFile, keys audit.Keys, missing []string, sorted bool, found *[]audit.Finding) (*audit.Verifier, int64, error) {
	t.Helper()
	v := audit.NewVerifier(keys, func(f audit.Finding) { *found = append(*found, f) })
	for i, c := range e.outside {
		again, ok, err := engine.FindCheckpoint("Mar  4 12:00:00 lobby kiosk: " + c.Line() + "  ")
		if !ok || err != nil {
			t.Fatalf("%s: %v", c.Line(), err)
		}
		v.Outside(again, nil, fmt.Sprintf("checkpoints:%d", i+1))
	}
	for _, g := range missing {
		v.Unguarded(g)
	}
	v.WithStore()
	counted, err := a.Read(t.Context(), sorted, func(c engine.Checkpoint, err error) error {
		v.Stored(c, err)
		return nil
	}, func(r engine.ChainedRow, odd string) error {
		v.Row(r, odd)
		return nil
	})
	return v, counted, err
}

// knownKeys are the stations' keys as an auditor has kept them.
func knownKeys(t testing.TB) (all audit.Keys) {
	t.Helper()
	for _, s := range stations {
		k, err := audit.ParseKey(audit.PublicLine(s, keyOf(s).Public().(ed25519.PublicKey)) + "\n")
		must(t, err)
		all = append(all, k)
	}
	return all
}

func lines(found []audit.Finding) string {
	var all []string
	for _, f := range found {
		all = append(all, fmt.Sprintf("%+v", f))
	}
	return strings.Join(all, "\n")
}
