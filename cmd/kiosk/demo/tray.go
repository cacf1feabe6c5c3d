package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/piv"
	"cardkiosk/engine/sim"
)

// Tray puts cards into readers and takes them out, as a hand would. Each card
// has a reader of its own.
type Tray interface {
	Insert(ctx context.Context, i int) error
	Remove(i int)
	In(i int) bool
	Reader(i int) string
}

var (
	_ Tray           = (*VirtualReaders)(nil)
	_ engine.Readers = (*VirtualReaders)(nil)
)

// VirtualReaders are readers inside this program, one for each card: nothing
// but the APDUs is real about them.
type VirtualReaders struct {
	Pace time.Duration // how long a card takes for a command; making a key takes twenty times as long

	mu      sync.Mutex
	slots   []*slot
	changed chan struct{} // closed and made anew at each change
}

// slot is one reader with the card that belongs to it.
type slot struct {
	name  string
	card  *sim.Card
	in    bool
	visit int           // counts the times a card was put in
	turn  chan struct{} // holds a token while somebody has a transaction
}

// NewVirtualReaders makes a reader for each card; all are empty.
func NewVirtualReaders(cards ...*sim.Card) *VirtualReaders {
	r := &VirtualReaders{changed: make(chan struct{})}
	for i, c := range cards {
		r.slots = append(r.slots, &slot{name: fmt.Sprintf("Demo reader %d", i+1), card: c, turn: make(chan struct{}, 1)})
	}
	return r
}

// Insert puts the i-th card into its reader.
func (r *VirtualReaders) Insert(_ context.Context, i int) error {
	r.move(i, true)
	return nil
}

// Remove takes the i-th card out.
func (r *VirtualReaders) Remove(i int) { r.move(i, false) }

func (r *VirtualReaders) move(i int, in bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.slots[i]
	if s.in == in {
		return
	}
	s.in = in
	if in {
		s.visit++
		s.card.PowerOn()
	} else {
		s.card.PowerOff()
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

// In reports whether the i-th card is in its reader.
func (r *VirtualReaders) In(i int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.slots[i].in
}

// Reader names the i-th card's reader.
func (r *VirtualReaders) Reader(i int) string { return r.slots[i].name }

// List implements engine.Readers.
func (r *VirtualReaders) List(context.Context) ([]engine.Reader, error) {
	now, _ := r.look()
	return now, nil
}

// Wait implements engine.Readers.
func (r *VirtualReaders) Wait(ctx context.Context, known []engine.Reader) ([]engine.Reader, error) {
	for {
		now, changed := r.look()
		if !slices.Equal(now, known) {
			return now, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-changed:
		}
	}
}

func (r *VirtualReaders) look() ([]engine.Reader, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := make([]engine.Reader, len(r.slots))
	for i, s := range r.slots {
		now[i] = engine.Reader{Name: s.name, Card: s.in, Visit: s.visit}
	}
	return now, r.changed
}

// Connect implements engine.Readers.
func (r *VirtualReaders) Connect(_ context.Context, reader string) (engine.Card, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.slots {
		if s.name == reader && s.in {
			return piv.Open(&connection{readers: r, slot: s, visit: s.visit}, rand.Reader), nil
		}
	}
	return nil, &engine.Error{Op: "connect card", Kind: engine.CardGone, Subject: reader}
}

// connection is a card in a slot, as long as it stays there.
type connection struct {
	readers *VirtualReaders
	slot    *slot
	visit   int
	holds   atomic.Bool
	dead    atomic.Bool // the card lost its power: a reset does not bring it back
}

var _ piv.Connection = (*connection)(nil)

// patience is how long one waits for another's transaction.
const patience = 5 * time.Second

func (c *connection) Begin(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case c.slot.turn <- struct{}{}:
		c.holds.Store(true)
		return nil
	case <-ctx.Done():
		return &engine.Error{Op: "begin transaction", Kind: engine.CardBusy, Subject: c.slot.name, Err: ctx.Err()}
	}
}

func (c *connection) End(reset bool) error {
	if !c.holds.CompareAndSwap(true, false) {
		return nil
	}
	if reset && c.there() && !c.dead.Load() {
		c.slot.card.PowerOn()
	}
	<-c.slot.turn
	return nil
}

func (c *connection) there() bool {
	c.readers.mu.Lock()
	defer c.readers.mu.Unlock()
	return c.slot.in && c.slot.visit == c.visit
}

func (c *connection) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	gone := &engine.Error{Op: "transmit", Kind: engine.CardGone, Subject: c.slot.name}
	if !c.there() {
		return nil, gone
	}
	c.readers.takeTime(command)
	answer, err := c.slot.card.Transmit(ctx, command)
	if errors.Is(err, sim.ErrNoPower) {
		c.dead.Store(true)
		return nil, gone
	}
	return answer, err
}

// takeTime makes the card as slow as a real one, so that a person can watch.
func (r *VirtualReaders) takeTime(command []byte) {
	pace := r.Pace
	if len(command) > 1 && command[1] == 0x47 { // GENERATE ASYMMETRIC KEY PAIR
		pace *= 20
	}
	if pace > 0 {
		time.Sleep(pace)
	}
}

func (c *connection) Extended() bool { return true }

func (c *connection) Close() error { return c.End(true) }
