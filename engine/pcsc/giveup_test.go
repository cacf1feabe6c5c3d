//go:build cgo

package pcsc_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/ebfe/scard"

	"cardkiosk/engine"
	"cardkiosk/engine/pcsc"
)

// slowCard works on each command until the test lets it.
func slowCard() (card *virtualCard, working, done chan struct{}) {
	working, done = make(chan struct{}, 1), make(chan struct{})
	return &virtualCard{busy: func([]byte) {
		working <- struct{}{}
		<-done
	}}, working, done
}

// transmit sends a command and tells how that ended.
func transmit(ctx context.Context, s *pcsc.Session) <-chan error {
	ended := make(chan error)
	go func() {
		_, err := s.Transmit(ctx, selectPIV)
		ended <- err
	}()
	return ended
}

// A command given up ends at once for its caller, and is the session's last:
// those after it say that the card has to be opened again.
// When the card has answered, it is reset and free for others.
func TestGiveUp(t *testing.T) {
	readers, daemon := start(t)
	card, working, done := slowCard()
	answers := sync.OnceFunc(func() { close(done) })
	defer answers() // the card cannot be pulled before
	insert(t, readers, daemon, card)
	session := open(t, readers, daemon)
	other := otherProgram(t, daemon, scard.ShareShared)
	must(t, session.Begin(soon(t)))
	ctx, cancel := context.WithCancel(t.Context())
	ended := transmit(ctx, session)
	<-working
	cancel()
	isKind(t, <-ended, engine.Stopped)
	isKind(t, session.Begin(soon(t)), engine.CardLetGo)
	isKind(t, session.End(true), engine.CardLetGo)
	_, err := session.Transmit(soon(t), selectPIV)
	isKind(t, err, engine.CardLetGo)
	isKind(t, session.Close(), engine.CardTrouble) // it is still at it

	answers()
	must(t, session.Close())
	if _, err := other.Status(); !errors.Is(err, scard.ErrResetCard) {
		t.Errorf("the other program got %v, want a reset card", err)
	}
	must(t, other.Reconnect(scard.ShareShared, scard.ProtocolAny, scard.LeaveCard))
	takes(t, other)
}

// A command that was not begun leaves the session as it was.
func TestNotBegun(t *testing.T) {
	readers, daemon := start(t)
	card := &virtualCard{}
	insert(t, readers, daemon, card)
	session := open(t, readers, daemon)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		_, err := session.Transmit(ctx, selectPIV)
		isKind(t, err, engine.Stopped)
		isKind(t, session.Begin(ctx), engine.Stopped)
	}
	if got := card.commands(); len(got) != 0 {
		t.Errorf("the card got % x", got)
	}
	echo(t, session)
}

// Close does not hang on a card that works on, says what it leaves behind, and
// ends the calls in progress.
func TestCloseInWork(t *testing.T) {
	readers, daemon := start(t)
	card, working, done := slowCard()
	insert(t, readers, daemon, card)
	session := open(t, readers, daemon)
	ended := transmit(t.Context(), session)
	<-working
	isKind(t, readers.Close(), engine.CardTrouble)
	isKind(t, <-ended, engine.Stopped)
	close(done) // start proves that nothing stays behind after that
}

// Whoever gives a command up may wipe it at once: the card gets it whole or not
// at all, never half wiped. (A wiped VERIFY would cost a try.)
func TestWiped(t *testing.T) {
	readers, daemon := start(t)
	card := &virtualCard{}
	insert(t, readers, daemon, card)
	session := open(t, readers, daemon)
	other := otherProgram(t, daemon, scard.ShareShared)
	must(t, other.BeginTransaction())
	// Outside a transaction of its own the command waits for the other's end:
	// the library sends it again and again until then.
	ctx, cancel := context.WithTimeout(t.Context(), brief)
	defer cancel()
	command := bytes.Clone(selectPIV)
	_, err := session.Transmit(ctx, command)
	isKind(t, err, engine.Stopped)
	clear(command)
	must(t, other.EndTransaction(scard.LeaveCard))
	must(t, session.Close())
	for _, got := range card.commands() {
		if !bytes.Equal(got, selectPIV) {
			t.Errorf("the card got % x, want % x", got, selectPIV)
		}
	}
	if len(card.commands()) != 1 {
		t.Errorf("the card got %d commands, want the one", len(card.commands()))
	}
}
