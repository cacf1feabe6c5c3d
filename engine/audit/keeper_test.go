package audit_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/audit"
	"cardkiosk/engine/store"
)

// place is where rows and checkpoints are brought; it may be away.
type place struct {
	mu   sync.Mutex
	away bool
	rows []int64
	cps  []string
}

func (p *place) Destination() string { return "place" }

func (p *place) CarryRows(_ context.Context, rows []engine.ChainedRow) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away {
		return errors.New("away")
	}
	for _, r := range rows {
		p.rows = append(p.rows, r.N)
	}
	return nil
}

func (p *place) CarryCheckpoints(_ context.Context, all []engine.Checkpoint) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away {
		return errors.New("away")
	}
	for _, c := range all {
		p.cps = append(p.cps, fmt.Sprintf("%d:%d", c.Number, c.N))
	}
	return nil
}

// kept is a store with a keeper of the station north.
type kept struct {
	*store.Store
	keeper *audit.Keeper
	now    time.Time
	place  *place
}

func newKept(t *testing.T) *kept {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "kiosk.db"), store.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	k := &kept{Store: s, now: noon, place: &place{}}
	k.keeper = &audit.Keeper{
		Station: "north", Chain: s, Rows: 10, Every: time.Hour, Now: func() time.Time { return k.now },
		Key:    func() (ed25519.PrivateKey, error) { return keyOf("north"), nil },
		RowsTo: []audit.RowCarrier{k.place}, CheckpointsTo: []audit.CheckpointCarrier{k.place},
	}
	return k
}

func (k *kept) rows(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		row := store.SyntheticRow(i, k.now)
		row.Actor.Station = "north"
		must(t, k.Write(t.Context(), row))
	}
}

func (k *kept) brought(t *testing.T, rows int, checkpoints string) {
	t.Helper()
	for i, n := range k.place.rows {
		if n != int64(i+1) {
			t.Errorf("row %d came as number %d", n, i+1)
		}
	}
	if len(k.place.rows) != rows || strings.Join(k.place.cps, " ") != checkpoints {
		t.Errorf("%d rows of %d came, and checkpoints %v of %s", len(k.place.rows), rows, k.place.cps, checkpoints)
	}
}

// A checkpoint is made after so many rows, after so much time, and at the end;
// none when there is nothing new.
func TestCheckpointsWhenDue(t *testing.T) {
	k := newKept(t)
	work := func() time.Time {
		t.Helper()
		next, err := k.keeper.Work(t.Context())
		must(t, err)
		return next
	}
	work()
	k.brought(t, 0, "")
	k.rows(t, 1)
	work() // the first one is due at once
	k.rows(t, 9)
	if next := work(); !next.Equal(noon.Add(time.Hour)) {
		t.Errorf("the next is due %v", next)
	}
	k.brought(t, 10, "1:1")
	k.rows(t, 1)
	work()
	k.brought(t, 11, "1:1 2:11")
	k.rows(t, 1)
	k.now = noon.Add(time.Hour)
	work()
	k.now = noon.Add(9 * time.Hour)
	work()
	k.brought(t, 12, "1:1 2:11 3:12")
	k.rows(t, 1)
	k.now = noon // somebody has set the clock back
	work()
	must(t, k.keeper.Finish(t.Context()))
	must(t, k.keeper.Finish(t.Context()))
	k.brought(t, 13, "1:1 2:11 3:12 4:13")
}

// A place that is away loses nothing, gets all in its order once it is back, and
// does not hold up others.
func TestAwayLosesNothing(t *testing.T) {
	k := newKept(t)
	file := filepath.Join(t.TempDir(), "checkpoints")
	k.keeper.CheckpointsTo = append(k.keeper.CheckpointsTo, audit.File{Name: file})
	k.place.away = true
	for range 3 {
		k.rows(t, 250)
		if _, err := k.keeper.Work(t.Context()); err == nil || !strings.Contains(err.Error(), "place") {
			t.Errorf("the error is %v", err)
		}
	}
	text, err := os.ReadFile(file)
	must(t, err)
	if n := strings.Count(string(text), "\n"); n != 3 {
		t.Errorf("%d checkpoints are in the file: %s", n, text)
	}
	k.place.away = false
	_, err = k.keeper.Work(t.Context())
	must(t, err)
	k.brought(t, 750, "1:250 2:500 3:750")
	_, err = k.keeper.Work(t.Context())
	must(t, err)
	k.brought(t, 750, "1:250 2:500 3:750")
}

// Two programs of one station bring nothing twice and out of its order.
func TestTwoKeepers(t *testing.T) {
	k := newKept(t)
	k.rows(t, 900)
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			another := *k.keeper
			if _, err := another.Work(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	_, err := k.keeper.Work(t.Context())
	must(t, err)
	k.brought(t, 900, "1:900")
}

// A line that was cut off when the power went is closed, and the checkpoints
// behind it are found.
func TestFileIsGoneOnWith(t *testing.T) {
	k := newKept(t)
	k.rows(t, 1)
	name := filepath.Join(t.TempDir(), "checkpoints")
	must(t, os.WriteFile(name, []byte(`{"kiosk_checkpoint":1,"sta`), 0o600))
	k.keeper.CheckpointsTo = []audit.CheckpointCarrier{audit.File{Name: name}}
	must(t, k.keeper.Finish(t.Context()))
	in, err := os.Open(name)
	must(t, err)
	defer func() { must(t, in.Close()) }()
	whole, cut := 0, 0
	_, err = audit.ReadCheckpoints(in, name, func(c engine.Checkpoint, err error, _ string) {
		if err != nil {
			cut++
		} else if c.Signed() && c.N == 1 {
			whole++
		}
	})
	must(t, err)
	if whole != 1 || cut != 1 {
		t.Errorf("%d whole, %d cut", whole, cut)
	}
}

// The station's key is made once, for its owner only, and not read when others
// could.
func TestKeyFile(t *testing.T) {
	folder := t.TempDir()
	first, made, err := audit.OpenKey(folder, rand.Reader)
	must(t, err)
	again, madeAgain, err := audit.OpenKey(folder, rand.Reader)
	must(t, err)
	if !made || madeAgain || !first.Equal(again) {
		t.Errorf("made %v, %v", made, madeAgain)
	}
	name := filepath.Join(folder, audit.KeyFile)
	info, err := os.Stat(name)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*")); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	for text, mode := range map[string]os.FileMode{"": 0o640, "junk": 0o600} {
		if text != "" {
			must(t, os.WriteFile(name, []byte(text), mode))
		}
		must(t, os.Chmod(name, mode))
		if _, _, err := audit.OpenKey(folder, rand.Reader); !engine.Is(err, engine.BadInput) || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A public key is read as it is printed, with its station, or alone.
func TestPublicLine(t *testing.T) {
	public := keyOf("x").Public().(ed25519.PublicKey)
	line := audit.PublicLine(`Süd "1"`, public)
	k, err := audit.ParseKey("  " + line + "\r\n")
	must(t, err)
	if !k.Public.Equal(public) || k.Station != `Süd "1"` || !k.Bound {
		t.Errorf("%s is %+v", line, k)
	}
	k, err = audit.ParseKey(strings.Fields(line)[1])
	must(t, err)
	if !k.Public.Equal(public) || k.Bound {
		t.Errorf("alone it is %+v", k)
	}
	for _, wrong := range []string{"", "kiosk-audit-key", "kiosk-audit-key AAAA", strings.Fields(line)[1] + "A", line[:50]} {
		if _, err := audit.ParseKey(wrong); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}
