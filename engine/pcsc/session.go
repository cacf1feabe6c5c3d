//go:build cgo

package pcsc

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/ebfe/scard"

	"cardkiosk/engine"
)

const (
	takeLimit = 5 * time.Second // to open a card or begin a transaction, unless the context says otherwise
	endLimit  = 10 * time.Second
	// A good JavaCard may take nearly five minutes to make an RSA-4096 key.
	commandLimit = 6 * time.Minute
	letGoLimit   = time.Second
)

// Session is a card in a reader that we have open, with others. It is for one
// caller at a time. A session whose card is gone is at its end: every call
// answers with that same error. So is one whose command was given up; that call
// says why, those after it engine.CardLetGo. Close it and open another.
type Session struct {
	readers  *Readers
	reader   string // its name, for people
	extended bool
	t0       bool
	jobs     chan func()   // taken by the goroutine that owns the card
	quit     chan struct{} // closed by release
	release  func()        // has the goroutine let the card go
	released chan struct{} // closed when it has

	mu   sync.Mutex
	over *engine.Error // why; nil while the session is open

	card card // the goroutine's
}

// Open opens the card in a reader, without taking it from others. A context
// without a deadline gets one of five seconds: while another program is in a
// transaction, opening waits, and ends with engine.CardBusy. An empty reader is
// engine.CardGone, an unknown one engine.NoReaders.
func (r *Readers) Open(ctx context.Context, reader string) (*Session, error) {
	const op = "open card"
	ctx, cancel := limited(ctx, takeLimit)
	defer cancel()
	s := &Session{
		readers:  r,
		reader:   reader,
		jobs:     make(chan func()),
		quit:     make(chan struct{}),
		released: make(chan struct{}),
	}
	s.release = sync.OnceFunc(func() { close(s.quit) })
	name, ok := r.adopt(reader)
	if !ok {
		return nil, s.stopped(op, errClosed)
	}
	s.card = card{reader: reader, name: name}
	opened := make(chan error)
	go s.live(ctx, opened)
	select {
	case err := <-opened:
		if err != nil {
			return nil, err
		}
		return s, nil
	case <-ctx.Done():
		return nil, s.notTaken(ctx, op)
	case <-r.stop:
		return nil, s.stopped(op, errClosed)
	}
}

// live owns the card: it makes every call to PC/SC about it.
func (s *Session) live(ctx context.Context, opened chan<- error) {
	defer close(s.released)
	defer s.readers.orphan(s.card.name)
	defer s.card.letGo()
	err := s.card.open()
	s.extended = err == nil && s.card.extended()
	s.t0 = s.card.protocol == scard.ProtocolT0
	select {
	case opened <- err:
	case <-ctx.Done(): // whoever asked is gone
		return
	case <-s.readers.stop:
		return
	}
	if err != nil {
		return
	}
	for {
		select {
		case job := <-s.jobs:
			job()
		case <-s.quit:
			return
		case <-s.readers.stop:
			return
		}
	}
}

// Extended reports whether card and reader take extended-length commands.
func (s *Session) Extended() bool { return s.extended }

// T0 reports whether reader and card speak T=0, which has no extended-length
// commands and no Le behind data (ISO/IEC 7816-3, 12.2).
func (s *Session) T0() bool { return s.t0 }

// Begin takes the card from all other programs until End. A context without a
// deadline gets one of five seconds; when another program is still in a
// transaction then, the error is engine.CardBusy, and Begin may be called
// again. The card may have been reset since: select the application anew.
func (s *Session) Begin(ctx context.Context) error {
	const op = "begin transaction"
	ctx, cancel := limited(ctx, takeLimit)
	defer cancel()
	err := s.call(ctx, op, s.card.begin, func(err error) {
		if err == nil { // too late: nobody waits for it any more
			_ = s.card.end(scard.LeaveCard)
		}
	})
	if errors.Is(err, errGivenUp) || errors.Is(err, errNotBegun) {
		return s.notTaken(ctx, op)
	}
	return err
}

// End gives the card back to other programs; with reset they find it locked.
func (s *Session) End(reset bool) error {
	disposition := scard.LeaveCard
	if reset {
		disposition = scard.ResetCard
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), endLimit, errNoAnswer)
	defer cancel()
	return s.callOrEnd(ctx, "end transaction", func() error { return s.card.end(disposition) })
}

// Transmit carries one command APDU to the card and its answer, with the status
// word, back. When ctx ends first, nobody knows what becomes of the command: the
// session is at its end, and when the card has answered it is reset. A card
// that does not answer within six minutes is engine.CardTrouble.
func (s *Session) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	const op = "send command"
	if len(command) < 4 { // CLA, INS, P1, P2
		return nil, &engine.Error{Op: op, Kind: engine.BadInput, Subject: s.reader, Err: errNoCommand}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, commandLimit, errNoAnswer)
	defer cancel()
	if over := s.whyOver(op); over != nil {
		return nil, over
	}
	// The caller may wipe its bytes as soon as it stops waiting; a VERIFY half
	// wiped would cost a try.
	sent := slices.Clone(command)
	var answer []byte
	err := s.callOrEnd(ctx, op, func() (err error) {
		defer clear(sent) // it may hold a PIN
		answer, err = s.card.transmit(sent)
		return err
	})
	if !errors.Is(err, errGivenUp) {
		clear(sent)
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// Close lets the card go, and resets it when a transaction was left open. While
// the card is still at a command that was given up, Close leaves after a second
// with an error, and the card is let go when it answers.
func (s *Session) Close() error {
	s.release()
	select {
	case <-s.released:
		return nil
	case <-time.After(letGoLimit):
		return &engine.Error{Op: "close card", Kind: engine.CardTrouble, Subject: s.reader, Err: errLeft}
	}
}
