package demo

import (
	"context"
	"sync"

	"cardkiosk/engine/pcsc/sandbox"
	"cardkiosk/engine/sim"
)

var _ Tray = (*Sockets)(nil)

// Sockets puts cards into the virtual readers of a pcscd: each card has the
// port of one.
type Sockets struct {
	readers []sandbox.Reader
	cards   []*sim.Card
	mu      sync.Mutex
	in      []*sim.Insertion
}

// NewSockets gives each card one of the readers.
func NewSockets(readers []sandbox.Reader, cards []*sim.Card) *Sockets {
	return &Sockets{readers: readers, cards: cards, in: make([]*sim.Insertion, len(cards))}
}

// Insert puts the i-th card into its reader and waits until the reader has
// seen it.
func (s *Sockets) Insert(ctx context.Context, i int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, err := sim.Insert(context.WithoutCancel(ctx), s.readers[i].Addr, s.cards[i])
	if err != nil {
		return err
	}
	s.in[i] = in
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-in.Seen():
		return nil
	}
}

// Remove takes the i-th card out.
func (s *Sockets) Remove(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.in[i] != nil {
		s.in[i].Remove()
		_ = s.in[i].Wait() // it says why it is out; we know
		s.in[i] = nil
	}
}

// In reports whether the i-th card is in its reader.
func (s *Sockets) In(i int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.in[i] != nil
}

// Reader names the i-th card's reader.
func (s *Sockets) Reader(i int) string { return s.readers[i].Name }

// Close takes all cards out.
func (s *Sockets) Close() error {
	for i := range s.cards {
		s.Remove(i)
	}
	return nil
}
