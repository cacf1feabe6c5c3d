//go:build cgo

package pcsc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ebfe/scard"

	"cardkiosk/engine"
)

// A session is open, and then over for good:
//
//	open ──► over   the card or the service is gone, or a call was given up
//
// A call is made by the goroutine that owns the card. A caller who leaves before
// that has begun it leaves nothing behind: the card knows nothing, the session
// stays open. A call that was begun cannot be called back. Whoever leaves it
// gives it up, and nobody knows what it did: callOrEnd ends the session; Begin,
// which can be undone, does not.

// How a call ends that the caller did not wait for.
var (
	errNotBegun = errors.New("not begun")
	errGivenUp  = errors.New("begun, and given up")
)

// call has the session's goroutine act, and waits until it has, or ctx or the
// Readers end. What was given up, the goroutine finishes, and goes on with
// unwaited.
func (s *Session) call(ctx context.Context, op string, act func() error, unwaited func(error)) error {
	if over := s.whyOver(op); over != nil {
		return over
	}
	answer := make(chan error) // unbuffered: what is in it was received
	job := func() {
		err := act()
		s.noteEnd(err)
		select {
		case answer <- err:
		case <-ctx.Done():
			unwaited(err)
		case <-s.readers.stop:
			unwaited(err)
		}
	}
	if ctx.Err() != nil {
		return errNotBegun
	}
	select {
	case s.jobs <- job:
	case <-ctx.Done():
		return errNotBegun
	case <-s.released:
		return s.stopped(op, errClosed)
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return errGivenUp
	case <-s.readers.stop:
		return errGivenUp
	}
}

// callOrEnd is call for what cannot be given up without giving up the session.
func (s *Session) callOrEnd(ctx context.Context, op string, act func() error) error {
	err := s.call(ctx, op, act, func(error) { s.release() })
	switch {
	case errors.Is(err, errNotBegun):
		return s.stopped(op, cause(ctx))
	case errors.Is(err, errGivenUp):
		s.noteEnd(&engine.Error{Op: op, Kind: engine.CardLetGo, Subject: s.reader, Err: errLetGo})
		e := s.stopped(op, fmt.Errorf("%w: %w", errGivenUp, cause(ctx)))
		if errors.Is(e.Err, errNoAnswer) {
			e.Kind = engine.CardTrouble
		}
		return e
	}
	return err
}

// noteEnd notes that the session is over, if err ends one. A reset does not:
// Begin gets over it.
func (s *Session) noteEnd(err error) {
	var e *engine.Error
	if !errors.As(err, &e) || !ends(e) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over == nil {
		s.over = e
	}
}

func ends(e *engine.Error) bool {
	gone := e.Kind == engine.CardGone || e.Kind == engine.NoReaders
	return gone && !errors.Is(e, scard.ErrResetCard) || e.Kind == engine.CardLetGo
}

// whyOver returns why the session is over, nil while it is open.
func (s *Session) whyOver(op string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over == nil {
		return nil
	}
	e := *s.over
	e.Op = op
	return &e
}

func (s *Session) stopped(op string, why error) *engine.Error {
	return &engine.Error{Op: op, Kind: engine.Stopped, Subject: s.reader, Err: why}
}

// notTaken says why the card could not be had before ctx ended.
func (s *Session) notTaken(ctx context.Context, op string) error {
	e := s.stopped(op, cause(ctx))
	if errors.Is(e.Err, context.DeadlineExceeded) {
		e.Kind = engine.CardBusy
	}
	return e
}

// cause says why nobody waits any more.
func cause(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return errClosed
}

// limited gives a context without a deadline one.
func limited(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, limit)
}
