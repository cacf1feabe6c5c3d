package piv

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

// The cards the driver is held against.
var (
	yubiKey57 = sim.Firmware{Major: 5, Minor: 7, Patch: 1}
	yubiKey53 = sim.Firmware{Major: 5, Minor: 3, Patch: 0}
	plainCard = sim.Firmware{}
)

const testSerial = 712233

// virtual is a reader with a software card in it. Between transactions another
// program may be at the card.
type virtual struct {
	t        *testing.T
	card     *sim.Card
	extended bool
	between  func(*sim.Card) // what another program does before each Begin

	mu    sync.Mutex
	held  bool
	kept  [][]byte // the commands as they were handed over, not copies
	trace sim.Trace
}

var _ Connection = (*virtual)(nil)

// put puts a card into a reader that takes extended APDUs if the card does.
func put(t *testing.T, state sim.State, o sim.Options) *virtual {
	t.Helper()
	v := &virtual{t: t, extended: state.Firmware != plainCard}
	o.Watch = v.trace.Add
	card, err := sim.New(state, o)
	if err != nil {
		t.Fatal(err)
	}
	card.PowerOn()
	v.card = card
	return v
}

// factory is a card as it leaves the factory.
func factory(t *testing.T, f sim.Firmware) sim.State {
	t.Helper()
	state, err := sim.Factory(f, testSerial, time.Unix(1790000000, 0), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if f.Major < 5 { // the software card tells no serial number then, so it must have a CHUID
		state.Objects[sim.Object(objectCHUID)] = encodeCHUID([16]byte{0xab, 15: 0xcd})
	}
	return state
}

func (v *virtual) Begin(context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.held {
		v.t.Error("a transaction began within another")
	}
	v.held = true
	if v.between != nil {
		v.between(v.card)
	}
	return nil
}

func (v *virtual) End(reset bool) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.held {
		v.t.Error("a transaction ended that had not begun")
	}
	v.held = false
	if reset {
		v.card.PowerOn()
	}
	return nil
}

func (v *virtual) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.held {
		v.t.Error("a command was sent outside of a transaction")
	}
	v.kept = append(v.kept, command)
	return v.card.Transmit(ctx, slices.Clone(command))
}

func (v *virtual) Extended() bool { return v.extended }
func (v *virtual) Close() error   { return nil }

func (v *virtual) open() *Card { return openTold(v) }

// openTold opens a card; of the plain one we were told the administration key.
func openTold(conn Connection) *Card {
	c := Open(conn, rand.Reader)
	c.UseAdminKey(AdminKey{Algorithm: tripleDES.String(), Value: factoryAdminKey()})
	return c
}

// apdus counts the commands since it was last asked.
func (v *virtual) apdus() int { return len(v.trace.Take()) }

// sent counts them by instruction.
func (v *virtual) sent() map[byte]int {
	counts := map[byte]int{}
	for _, ex := range v.trace.Take() {
		counts[ex.Header[1]]++
	}
	return counts
}

// newPIN makes a PIN for one call.
func newPIN(s string) engine.PIN { return engine.NewPIN([]byte(s)) }

// unlock unlocks a card and locks it again when the test ends.
func unlock(t *testing.T, c *Card, pin string, factory bool) engine.UnlockedCard {
	t.Helper()
	u, err := c.Unlock(t.Context(), newPIN(pin), factory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := u.Close(); err != nil {
			t.Error(err)
		}
	})
	return u
}

func inspect(t *testing.T, c engine.CardReader) engine.Contents {
	t.Helper()
	contents, err := c.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return contents
}

func wantKind(t *testing.T, err error, kind engine.Kind) {
	t.Helper()
	if err == nil || engine.KindOf(err) != kind {
		t.Errorf("error is %v of kind %d, want kind %d", err, engine.KindOf(err), kind)
	}
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var errPulled = &engine.Error{Op: "transmit", Kind: engine.CardGone, Err: errors.New("pulled")}
