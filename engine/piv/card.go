// Package piv speaks to PIV cards: SP 800-73-4, and what YubiKeys add to it.
//
// A Card is reached over a Connection. Each of its calls begins a transaction,
// selects the PIV application anew (another program may have reset the card),
// and ends the transaction; Unlock holds it until the unlocked card is closed.
//
// Everything a card answers is taken for hostile: lengths, counts and the size
// of answers have limits, and what cannot be understood becomes an error in
// words. The package never spends a try of a PIN or PUK by itself: it verifies
// what it was given, once, and a factory PIN or PUK only on a card that says it
// still has it.
package piv

import (
	"context"
	"io"

	"cardkiosk/engine"
)

// Transmitter carries one command APDU to the card and its answer back. The
// command is wiped after the call: an implementation must not keep it.
type Transmitter interface {
	Transmit(ctx context.Context, command []byte) ([]byte, error)
}

// Connection is a card in a reader. Its errors are engine.Errors where it
// knows the Kind: CardGone, CardBusy. Once the card is gone it stays gone:
// another card in the same reader needs another Connection.
type Connection interface {
	Transmitter
	// Begin gets the card to ourselves, and keeps others off it until End. The
	// card may have been reset since the last End.
	Begin(ctx context.Context) error
	// End lets others at the card. With reset they find it locked.
	End(reset bool) error
	// Extended tells whether reader and card take extended-length APDUs.
	Extended() bool
	Close() error
}

// T0Connection is a Connection that may speak the older protocol with its card.
// One that is none speaks T=1, or whatever else takes APDUs as they are.
type T0Connection interface {
	Connection
	// T0 tells whether reader and card speak T=0. Asked after Begin.
	T0() bool
}

// Card is a PIV card in a reader. Its methods may be called from several
// goroutines; each waits for its turn.
type Card struct {
	conn   Connection
	random io.Reader
	turn   chan struct{} // holds a token while somebody is at the card

	// What was learned of the card, for as long as it lies in the reader.
	// Whoever has the turn reads and writes it.
	holder holderPIN

	told AdminKey // by its issuer; zero when it was not
}

var _ engine.Card = (*Card)(nil)

// Open returns the card behind a connection, which it takes over. No command
// is sent. random is for challenges and administration keys.
func Open(conn Connection, random io.Reader) *Card {
	return &Card{conn: conn, random: random, turn: make(chan struct{}, 1)}
}

// UseAdminKey has Unlock use a key that the card's issuer told us, on a card
// that is not a YubiKey. Without one such a card is read and never written.
func (c *Card) UseAdminKey(key AdminKey) { c.told = key }

// Close lets the card go. Calls in progress end with the connection's error.
func (c *Card) Close() error { return c.conn.Close() }

// Identify tells which card it is. A card that tells neither a serial number
// nor a GUID is CardTrouble.
func (c *Card) Identify(ctx context.Context) (engine.Identity, error) {
	return visit(ctx, c, leave, (*session).Identify)
}

// Inspect reads everything that needs no PIN. What cannot be read of one place
// is said at that place.
func (c *Card) Inspect(ctx context.Context) (engine.Contents, error) {
	return visit(ctx, c, leave, (*session).Inspect)
}

// Counters tells the state of PIN and PUK, and spends no try.
func (c *Card) Counters(ctx context.Context) (pin, puk engine.Counter, err error) {
	both, err := visit(ctx, c, leave, (*session).counters)
	return both.pin, both.puk, err
}

// CheckPIN verifies the PIN and locks the card again.
func (c *Card) CheckPIN(ctx context.Context, pin engine.PIN) error {
	if err := pin.CheckShape(); err != nil {
		return err
	}
	_, err := visit(ctx, c, reset, func(s *session, ctx context.Context) (struct{}, error) {
		return struct{}{}, s.verifyPIN(ctx, pin)
	})
	return err
}

// How a transaction ends.
const (
	leave = false
	reset = true
)

// visit does one thing in a transaction of its own.
func visit[T any](ctx context.Context, c *Card, end bool, do func(*session, context.Context) (T, error)) (T, error) {
	var got T
	s, err := c.begin(ctx)
	if err != nil {
		return got, err
	}
	got, err = do(s, ctx)
	if eerr := c.end(s, end); err == nil {
		err = eerr
	}
	return got, err
}

// begin takes the card and selects the PIV application.
func (c *Card) begin(ctx context.Context) (*session, error) {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, stopped(ctx.Err())
	}
	if err := c.conn.Begin(ctx); err != nil {
		<-c.turn
		return nil, trouble("begin transaction", "", err)
	}
	s := &session{wire: c.conn, extended: c.conn.Extended(), random: c.random, told: c.told, holder: &c.holder}
	if conn, ok := c.conn.(T0Connection); ok {
		s.t0 = conn.T0()
	}
	if err := s.selectPIV(ctx); err != nil {
		_ = c.end(s, leave) // the first trouble is the one to tell
		return nil, err
	}
	return s, nil
}

// end gives the card back. The session is of no use afterwards.
func (c *Card) end(s *session, reset bool) error {
	s.over = true
	err := c.conn.End(reset)
	<-c.turn
	return trouble("end transaction", "", err)
}
