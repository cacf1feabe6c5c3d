package audit_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/audit"
	"cardkiosk/engine/store"
)

var tamperSeed = flag.Uint64("tamper-seed", 0, "only the manipulation of this seed")

// manipulations are how many are tried; each has a seed of its own.
const manipulations = 1000

// Of a thousand manipulations of a store, by somebody who has its file to
// themselves, takes the guards away and puts them back, and may make the whole
// chain anew, each is found, and what is found names the row, or the first rows
// where the chain is not the one that was.
func TestTampered(t *testing.T) {
	const each = 100 // manipulations of one estate
	for first := uint64(1); first <= manipulations; first += each {
		if *tamperSeed != 0 && (*tamperSeed < first || *tamperSeed >= first+each) {
			continue
		}
		t.Run(fmt.Sprintf("seeds %d to %d", first, first+each-1), func(t *testing.T) {
			t.Parallel()
			e := newEstate(t, rand.New(rand.NewPCG(first, 0)))
			e.isSound(t)
			for seed := first; seed < first+each; seed++ {
				if *tamperSeed == 0 || *tamperSeed == seed {
					e.tamper(t, seed)
				}
			}
		})
	}
}

// isSound fails the test unless nothing is found, and everything up to the last
// checkpoint that left is vouched for.
func (e *estate) isSound(t *testing.T) {
	t.Helper()
	for _, keys := range []audit.Keys{nil, knownKeys(t)} {
		found, vouched := e.verify(t, keys)
		if len(found) > 0 {
			t.Fatalf("a sound store is accused:\n%s", lines(found))
		}
		for _, s := range stations {
			got, last := vouched[s], e.last(s)
			if !got.Sound || got.To != e.signedTo(s) || got.Last != last.N || got.Rows != last.N || !got.Outside || got.KnownKey != (keys != nil) {
				t.Errorf("%q with rows up to %d, signed up to %d: vouched is %+v", s, last.N, e.signedTo(s), got)
			}
		}
	}
}

func (e *estate) tamper(t *testing.T, seed uint64) {
	t.Helper()
	dice := rand.New(rand.NewPCG(seed, 1))
	m := tampering[seed%uint64(len(tampering))]
	twin := e.twin(t)
	want := m.do(t, twin, dice)
	var keys audit.Keys
	if m.keys || dice.IntN(2) == 0 {
		keys = knownKeys(t)
	}
	found, vouched := twin.verify(t, keys)
	if !slices.ContainsFunc(found, want.named) {
		t.Errorf("seed %d, %s: nothing names %+v; found is:\n%s", seed, m.name, want, lines(found))
	}
	if v := vouched[want.station]; want.n > 0 && v.Sound && v.To >= want.n {
		t.Errorf("seed %d, %s: row %d is vouched for: %+v", seed, m.name, want.n, v)
	}
}

// target is what a finding has to name: a row of a station, or a checkpoint.
type target struct {
	station string
	n, seq  int64
	faults  []audit.Fault // none: any
	detail  string
	unnamed bool // it is not about a station
}

func (w target) named(f audit.Finding) bool {
	if len(w.faults) > 0 && !slices.Contains(w.faults, f.Fault) || !strings.Contains(f.Detail, w.detail) {
		return false
	}
	if w.unnamed {
		return !f.Named
	}
	inChain := f.Named && f.Station == w.station && (w.n == 0 || f.From <= w.n && w.n <= f.To)
	among := w.seq > 0 && f.SeqFrom > 0 && f.SeqFrom <= w.seq && w.seq <= f.SeqTo
	return inChain || among
}

func rowOf(r engine.ChainedRow, faults ...audit.Fault) target {
	return target{station: r.Actor.Station, n: r.N, seq: r.Seq, faults: faults}
}

// any is some row.
func (e *estate) any(dice *rand.Rand) engine.ChainedRow { return e.rows[dice.IntN(len(e.rows))] }

// anySigned is some row that a checkpoint outside vouches for.
func (e *estate) anySigned(dice *rand.Rand) engine.ChainedRow {
	for {
		if r := e.any(dice); r.N <= e.signedTo(r.Actor.Station) {
			return r
		}
	}
}

// tampering is what is done to a store, and what has to be found. What keys are
// for is only found by who has kept them.
var tampering = []struct {
	name string
	keys bool
	do   func(t *testing.T, e *estate, dice *rand.Rand) target
}{
	{name: "a word is changed", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.any(dice)
		column := []string{"who", "act", "card", "user_id", "run", "result", "detail", "how", "mode"}[dice.IntN(9)]
		e.raw(t, func(exec func(string, ...any)) {
			exec(`UPDATE audit SET `+column+` = 'M' || substr(`+column+`, 2) || 'y' WHERE seq = $1`, r.Seq)
		})
		return rowOf(r, audit.Changed)
	}},
	{name: "a letter goes from one field to the next", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.any(dice)
		e.raw(t, func(exec func(string, ...any)) {
			exec(`UPDATE audit SET result = substr(result, 1, length(result) - 1), detail = substr(result, -1) || detail WHERE seq = $1`, r.Seq)
		})
		return rowOf(r, audit.Changed)
	}},
	{name: "the time is changed", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.any(dice)
		e.raw(t, func(exec func(string, ...any)) {
			exec(`UPDATE audit SET at = at + $1 WHERE seq = $2`, 1+dice.IntN(1_000_000), r.Seq)
		})
		return rowOf(r, audit.Changed)
	}},
	{name: "text becomes bytes", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.any(dice)
		column := []string{"who", "card", "user_id", "act"}[dice.IntN(4)]
		e.raw(t, func(exec func(string, ...any)) {
			exec(`UPDATE audit SET `+column+` = CAST(`+column+` AS BLOB) WHERE seq = $1`, r.Seq)
		})
		return rowOf(r, audit.Changed)
	}},
	{name: "a hash is changed", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.any(dice)
		column := []string{"hash", "prev"}[dice.IntN(2)]
		var hash engine.Hash
		hash[0] = byte(1 + dice.IntN(255))
		e.raw(t, func(exec func(string, ...any)) {
			exec(`UPDATE audit SET `+column+` = $1 WHERE seq = $2`, hash.String(), r.Seq)
		})
		return rowOf(r, audit.Changed)
	}},
	{name: "a number in the chain is changed", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.any(dice)
		e.raw(t, func(exec func(string, ...any)) {
			exec(`UPDATE audit SET n = n + $1 WHERE seq = $2`, 1+dice.IntN(200), r.Seq)
		})
		return rowOf(r)
	}},
	{name: "a number among all is changed", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.any(dice)
		e.raw(t, func(exec func(string, ...any)) {
			exec(`UPDATE audit SET seq = $1 WHERE seq = $2`, rowsHeld+1+dice.IntN(200), r.Seq)
		})
		return rowOf(r)
	}},
	{name: "a row is removed", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.any(dice)
		e.raw(t, func(exec func(string, ...any)) { exec(`DELETE FROM audit WHERE seq = $1`, r.Seq) })
		return rowOf(r, audit.Missing, audit.CutOff)
	}},
	{name: "rows in a line are removed", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.any(dice)
		e.raw(t, func(exec func(string, ...any)) { exec(`DELETE FROM audit WHERE seq BETWEEN $1 AND $1 + 4`, r.Seq) })
		return rowOf(r, audit.Missing, audit.CutOff)
	}},
	{name: "the end of a chain is cut off", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.anySigned(dice)
		e.raw(t, func(exec func(string, ...any)) {
			exec(`DELETE FROM audit WHERE station = $1 AND n >= $2`, r.Actor.Station, r.N)
			exec(`DELETE FROM checkpoints WHERE station = $1 AND n >= $2`, r.Actor.Station, r.N)
			exec(`UPDATE audit_last SET seq = (SELECT MAX(seq) FROM audit)`)
		})
		return target{station: r.Actor.Station, n: r.N, faults: []audit.Fault{audit.CutOff}}
	}},
	{name: "the end of all is cut off", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.anySigned(dice)
		e.raw(t, func(exec func(string, ...any)) {
			exec(`DELETE FROM audit WHERE seq >= $1`, r.Seq)
			exec(`DELETE FROM checkpoints WHERE seq >= $1`, r.Seq)
			exec(`UPDATE audit_last SET seq = $1 - 1`, r.Seq)
		})
		return target{station: r.Actor.Station, n: r.N, faults: []audit.Fault{audit.CutOff}}
	}},
	{name: "the end is cut off and still counted", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.any(dice)
		e.raw(t, func(exec func(string, ...any)) { exec(`DELETE FROM audit WHERE seq >= $1`, r.Seq) })
		return rowOf(r, audit.CutOff)
	}},
	{name: "the count is set back", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		n := 1 + dice.IntN(rowsHeld-1)
		e.raw(t, func(exec func(string, ...any)) { exec(`UPDATE audit_last SET seq = $1`, n) })
		return target{station: "no station", seq: int64(n) + 1, faults: []audit.Fault{audit.Miscounted}}
	}},
	{name: "a row is made up at the end", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.last(e.any(dice).Actor.Station)
		r.Seq, r.N, r.Act = rowsHeld+1, r.N+1, "revoke card"
		r.Prev[0] ^= byte(dice.IntN(2)) // linked or not, one of the two is wrong
		r.Prev, r.Hash = r.Hash, r.Prev
		e.rewrite(t, append(slices.Clone(e.rows), r))
		return rowOf(r, audit.Changed)
	}},
	{name: "a row is put in between, hashed but not linked", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		before := dice.IntN(len(e.rows))
		r := e.rows[before]
		r.Detail, r.Prev = "was never written", engine.Hash{7}
		r.Hash = r.Link()
		e.rewrite(t, slices.Insert(slices.Clone(e.rows), before, r))
		return rowOf(r)
	}},
	{name: "a row is doubled", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.any(dice)
		if dice.IntN(2) == 0 {
			r.Seq = rowsHeld + 1
		}
		e.rewrite(t, append(slices.Clone(e.rows), r))
		return rowOf(r, audit.OutOfPlace, audit.Changed)
	}},
	{name: "two rows of a chain change their numbers", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		i, j := two(dice, len(e.rows))
		for e.rows[i].Actor.Station != e.rows[j].Actor.Station {
			i, j = two(dice, len(e.rows))
		}
		rows := slices.Clone(e.rows)
		rows[i].N, rows[j].N = rows[j].N, rows[i].N
		e.rewrite(t, rows)
		return rowOf(e.rows[i], audit.Changed)
	}},
	{name: "two rows change their numbers among all", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		i, j := two(dice, len(e.rows))
		rows := slices.Clone(e.rows)
		rows[i].Seq, rows[j].Seq = rows[j].Seq, rows[i].Seq
		if dice.IntN(2) == 0 {
			rows[i], rows[j] = rows[j], rows[i]
		}
		e.rewrite(t, rows)
		return rowOf(e.rows[i])
	}},
	{name: "two rows change what they say", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		i, j := two(dice, len(e.rows))
		rows := slices.Clone(e.rows)
		rows[i].AuditRow, rows[j].AuditRow = rows[j].AuditRow, rows[i].AuditRow
		rows[i].Actor.Station, rows[j].Actor.Station = rows[j].Actor.Station, rows[i].Actor.Station
		e.rewrite(t, rows)
		return rowOf(e.rows[i], audit.Changed)
	}},
	{name: "a row goes to another station", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.any(dice)
		e.raw(t, func(exec func(string, ...any)) {
			exec(`UPDATE audit SET station = $1 WHERE seq = $2`, other(dice, r.Actor.Station), r.Seq)
		})
		return rowOf(r)
	}},
	{name: "a station is renamed", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.any(dice)
		e.raw(t, func(exec func(string, ...any)) {
			exec(`UPDATE audit SET station = 'lobby-9' WHERE station = $1`, r.Actor.Station)
			exec(`UPDATE checkpoints SET station = 'lobby-9' WHERE station = $1`, r.Actor.Station)
		})
		return target{station: "lobby-9", n: r.N, seq: r.Seq, faults: []audit.Fault{audit.Changed}}
	}},
	{name: "a word is changed, and one hash made anew", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		i := dice.IntN(len(e.rows))
		for e.rows[i].N >= max(e.signedTo(e.rows[i].Actor.Station), e.last(e.rows[i].Actor.Station).N) {
			i = dice.IntN(len(e.rows)) // the last one of a chain that nobody has signed cannot be known
		}
		rows := slices.Clone(e.rows)
		rows[i].Result = "refused"
		rows[i].Hash = rows[i].Link()
		e.rewrite(t, rows)
		return rowOf(e.rows[i], audit.Departs, audit.NotAsSigned)
	}},
	{name: "a word is changed, and the chain made anew", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.anySigned(dice)
		rows := slices.Clone(e.rows)
		rows[r.Seq-1].Actor.Who = "somebody else"
		e.rewrite(t, relink(rows))
		return rowOf(r, audit.NotAsSigned)
	}},
	{name: "a row is removed, and all made anew", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.anySigned(dice)
		e.rewrite(t, relink(slices.Delete(slices.Clone(e.rows), int(r.Seq-1), int(r.Seq))))
		return rowOf(r, audit.NotAsSigned, audit.CutOff)
	}},
	{name: "a row is put in, and all made anew", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.anySigned(dice)
		made := r
		made.Detail = "was never written"
		e.rewrite(t, relink(slices.Insert(slices.Clone(e.rows), int(r.Seq-1), made)))
		return rowOf(r, audit.NotAsSigned)
	}},
	{name: "two rows change places, and all is made anew", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.anySigned(dice)
		j := dice.IntN(len(e.rows))
		for int64(j) == r.Seq-1 {
			j = dice.IntN(len(e.rows))
		}
		rows := slices.Clone(e.rows)
		rows[r.Seq-1], rows[j] = rows[j], rows[r.Seq-1]
		e.rewrite(t, relink(rows))
		return e.departs(rows, r.Actor.Station)
	}},
	{name: "a station is renamed, and its chain made anew", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.anySigned(dice)
		rows := slices.Clone(e.rows)
		for i := range rows {
			if rows[i].Actor.Station == r.Actor.Station {
				rows[i].Actor.Station = "lobby-9"
			}
		}
		e.rewrite(t, relink(rows))
		e.raw(t, func(exec func(string, ...any)) { exec(`DELETE FROM checkpoints WHERE station = $1`, r.Actor.Station) })
		return rowOf(r, audit.CutOff)
	}},
	{name: "two chains become one, made anew", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.anySigned(dice)
		into := other(dice, r.Actor.Station)
		rows := slices.Clone(e.rows)
		for i := range rows {
			if rows[i].Actor.Station == r.Actor.Station {
				rows[i].Actor.Station = into
			}
		}
		e.rewrite(t, relink(rows))
		return rowOf(r, audit.CutOff)
	}},
	{name: "all is made anew, and signed by somebody else", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.anySigned(dice)
		rows := slices.Clone(e.rows)
		rows[r.Seq-1].Actor.Who = "somebody else"
		rows = relink(rows)
		e.rewrite(t, rows)
		e.resign(t, rows, keyOf("mallory"))
		return rowOf(r, audit.NotAsSigned)
	}},
	{name: "all is made anew, and only the store's checkpoints tell", keys: true, do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		e.outside = nil // nothing has left, but the public keys
		r := e.any(dice)
		rows := slices.Clone(e.rows)
		rows[r.Seq-1].Actor.Who = "somebody else"
		rows = relink(rows)
		e.rewrite(t, rows)
		e.resign(t, rows, keyOf("mallory"))
		return target{station: r.Actor.Station, faults: []audit.Fault{audit.Checkpoint}, detail: "not known to be the station's"}
	}},
	{name: "a checkpoint is changed", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		c := e.outside[dice.IntN(len(e.outside))]
		column := []string{"n = n + 1", "seq = seq + 1", "at = at + 1", "hash = prev", "signature = 'AAAA'", "number = number + 100"}[dice.IntN(6)]
		column = strings.Replace(column, "prev", "'"+strings.Repeat("ab", 32)+"'", 1)
		e.raw(t, func(exec func(string, ...any)) {
			exec(`UPDATE checkpoints SET `+column+` WHERE station = $1 AND number = $2`, c.Station, c.Number)
		})
		return target{station: c.Station, faults: []audit.Fault{audit.Checkpoint}, detail: fmt.Sprint(c.Number)}
	}},
	{name: "a checkpoint is removed", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		c := e.outside[dice.IntN(len(e.outside))]
		e.raw(t, func(exec func(string, ...any)) {
			exec(`DELETE FROM checkpoints WHERE station = $1 AND number = $2`, c.Station, c.Number)
		})
		return target{station: c.Station, faults: []audit.Fault{audit.Checkpoint}}
	}},
	{name: "a checkpoint outside is changed", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		i := dice.IntN(len(e.outside))
		e.outside = slices.Clone(e.outside)
		c := &e.outside[i]
		switch dice.IntN(3) {
		case 0:
			c.N++
		case 1:
			c.Hash[dice.IntN(len(c.Hash))] ^= 1
		case 2:
			c.Signature = slices.Clone(c.Signature)
			c.Signature[0] ^= 1
		}
		return target{station: c.Station, faults: []audit.Fault{audit.Checkpoint}, detail: fmt.Sprintf("checkpoints:%d", i+1)}
	}},
	{name: "an old copy is put back", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.putBack(t, dice)
		return target{station: r.Actor.Station, n: r.N, faults: []audit.Fault{audit.CutOff}}
	}},
	{name: "an old copy is put back and gone on with", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		r := e.putBack(t, dice)
		e.write(t, func(s *store.Store) {
			for i := range 2 * rowsHeld {
				row := store.SyntheticRow(rowsHeld+i, noon)
				row.Actor.Station = stations[i%len(stations)]
				must(t, s.Write(t.Context(), row))
			}
			e.sign(t, s, r.Actor.Station) // by the station itself
		})
		return target{station: r.Actor.Station, n: r.N, faults: []audit.Fault{audit.NotAsSigned}}
	}},
	{name: "a guard is taken away", do: func(t *testing.T, e *estate, dice *rand.Rand) target {
		guards := []string{
			"audit_keeps_rows", "audit_keeps_words", "audit_keeps_chain", "audit_last_counts", "audit_last_stays", "audit_last_is_one",
			"checkpoints_keep_words", "checkpoints_stay", "checkpoints_follow",
		}
		guard := guards[dice.IntN(len(guards))]
		e.write(t, func(s *store.Store) { dropGuard(t, e.path, guard) })
		return target{faults: []audit.Fault{audit.Unguarded}, detail: guard, unnamed: true}
	}},
}

// putBack puts the copy back that the file was halfway, and returns the first row
// since of some station, one that had been signed.
func (e *estate) putBack(t *testing.T, dice *rand.Rand) engine.ChainedRow {
	t.Helper()
	half := *e
	half.path = e.half
	half.copyTo(t, e.path)
	station := stations[dice.IntN(len(stations))]
	i := slices.IndexFunc(e.rows, func(r engine.ChainedRow) bool { return r.Seq > rowsHeld/2 && r.Actor.Station == station })
	if e.rows[i].N > e.signedTo(station) {
		t.Fatalf("%q has signed nothing since", station)
	}
	return e.rows[i]
}

// departs is the first row of a chain that is not as it was.
func (e *estate) departs(rows []engine.ChainedRow, station string) target {
	now := map[int64]engine.Hash{}
	for _, r := range rows {
		if r.Actor.Station == station {
			now[r.N] = r.Hash
		}
	}
	for _, r := range e.rows {
		if r.Actor.Station == station && now[r.N] != r.Hash {
			return rowOf(r)
		}
	}
	panic("nothing was done to " + station)
}

// two different numbers below n.
func two(dice *rand.Rand, n int) (i, j int) {
	for i == j {
		i, j = dice.IntN(n), dice.IntN(n)
	}
	return i, j
}

func other(dice *rand.Rand, station string) string {
	for {
		if s := stations[dice.IntN(len(stations))]; s != station {
			return s
		}
	}
}

// resign makes the store's checkpoints anew, over these rows.
func (e *estate) resign(t *testing.T, rows []engine.ChainedRow, key ed25519.PrivateKey) {
	t.Helper()
	e.raw(t, func(exec func(string, ...any)) {
		exec(`DELETE FROM checkpoints`)
		numbers := map[string]int64{}
		for i, r := range rows {
			if i%5 != 0 && r.N != e.last(r.Actor.Station).N {
				continue
			}
			numbers[r.Actor.Station]++
			c := engine.Checkpoint{Station: r.Actor.Station, Number: numbers[r.Actor.Station], N: r.N, Seq: r.Seq, Hash: r.Hash, At: r.At}.Sign(key)
			exec(`INSERT INTO checkpoints (station, number, n, seq, hash, at, format, key, signature) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
				c.Station, c.Number, c.N, c.Seq, c.Hash.String(), c.At.UnixMicro(), c.Format, base64.StdEncoding.EncodeToString(c.Key), base64.StdEncoding.EncodeToString(c.Signature))
		}
	})
}
