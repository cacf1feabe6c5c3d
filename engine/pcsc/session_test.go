//go:build cgo

package pcsc_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/ebfe/scard"

	"cardkiosk/engine"
	"cardkiosk/engine/pcsc"
)

// brief is a deadline that is meant to pass.
const brief = 300 * time.Millisecond

// selectPIV is a command; the virtual card answers any with its own bytes.
var selectPIV = []byte{0x00, 0xa4, 0x04, 0x00, 0x05, 0xa0, 0x00, 0x00, 0x03, 0x08, 0x00}

// echo fails the test unless the card answers.
func echo(t testing.TB, s *pcsc.Session) {
	t.Helper()
	answer, err := s.Transmit(soon(t), selectPIV)
	must(t, err)
	if want := append(bytes.Clone(selectPIV), 0x90, 0x00); !bytes.Equal(answer, want) {
		t.Fatalf("the card answers % x, want % x", answer, want)
	}
}

// giveUpBegin tries to begin while another program is in a transaction.
func giveUpBegin(t testing.TB, s *pcsc.Session) error {
	ctx, cancel := context.WithTimeout(t.Context(), brief)
	defer cancel()
	return s.Begin(ctx)
}

// takes fails the test unless another program can have the card to itself: it
// would wait for ever while anything of ours holds it.
func takes(t testing.TB, other *scard.Card) {
	t.Helper()
	taken := make(chan error, 1)
	go func() { taken <- other.BeginTransaction() }()
	select {
	case err := <-taken:
		must(t, err)
	case <-soon(t).Done():
		t.Fatal("the other program does not get the card")
	}
	must(t, other.EndTransaction(scard.LeaveCard))
}

// A command reaches the card, and its answer comes back, long ones too.
func TestTransmit(t *testing.T) {
	readers, daemon := start(t)
	insert(t, readers, daemon, &virtualCard{})
	session := open(t, readers, daemon)
	if !session.Extended() {
		t.Errorf("a YubiKey takes extended-length commands")
	}
	must(t, session.Begin(soon(t)))
	echo(t, session)
	long := append([]byte{0x00, 0xdb, 0x3f, 0xff, 0x00, 0x10, 0x00}, make([]byte, 0x1000)...)
	answer, err := session.Transmit(soon(t), long)
	must(t, err)
	if len(answer) != len(long)+2 {
		t.Errorf("%d bytes came back of %d", len(answer), len(long)+2)
	}
	must(t, session.End(false))
	must(t, session.Close())
	_, err = session.Transmit(soon(t), selectPIV)
	isKind(t, err, engine.Stopped)
}

// End with reset resets the card, without it does not; Close resets a card that
// was left in a transaction.
func TestReset(t *testing.T) {
	readers, daemon := start(t)
	card := &virtualCard{}
	insert(t, readers, daemon, card)
	session := open(t, readers, daemon)
	// vpcd does not answer a reset; a command afterwards does, so that the card
	// has counted it by then.
	resets := func(s *pcsc.Session) int {
		must(t, s.Begin(soon(t)))
		echo(t, s)
		return card.wasReset()
	}
	resets(session)
	must(t, session.End(false))
	if n := resets(session); n != 0 {
		t.Errorf("the card was reset")
	}
	must(t, session.End(true))
	if n := resets(session); n != 1 {
		t.Errorf("the card was reset %d times, want once", n)
	}
	must(t, session.Close())
	if n := resets(open(t, readers, daemon)); n != 2 {
		t.Errorf("the card was reset %d times, want twice", n)
	}
}

// A card pulled while it works is CardGone, and so is every call after that,
// although the card was put back. A new session is as good as ever.
func TestPulled(t *testing.T) {
	readers, daemon := start(t)
	working := make(chan struct{})
	pulled := make(chan struct{})
	card := &virtualCard{busy: func([]byte) {
		close(working)
		<-pulled
	}}
	insert(t, readers, daemon, card)
	session := open(t, readers, daemon)
	must(t, session.Begin(soon(t)))
	failed := make(chan error)
	go func() {
		_, err := session.Transmit(soon(t), selectPIV)
		failed <- err
	}()
	<-working
	_ = card.conn.Close()
	close(pulled)
	isKind(t, <-failed, engine.CardGone)

	card.busy = nil
	until(t, readers, empty)
	insert(t, readers, daemon, card)
	isKind(t, session.Begin(soon(t)), engine.CardGone)
	_, err := session.Transmit(soon(t), selectPIV)
	isKind(t, err, engine.CardGone)
	isKind(t, session.End(true), engine.CardGone)
	must(t, session.Close())
	echo(t, open(t, readers, daemon))
}

// An empty reader is CardGone, an unknown one NoReaders.
func TestOpenNothing(t *testing.T) {
	readers, daemon := start(t)
	_, err := readers.Open(soon(t), daemon.Readers[0].Name)
	isKind(t, err, engine.CardGone)
	_, err = readers.Open(soon(t), "No Such Reader 00 00")
	isKind(t, err, engine.NoReaders)
}

// While another program is in a transaction, opening and beginning end in time
// with CardBusy. What was given up does not take the card later, and the same
// session works as soon as the other is done.
func TestBusy(t *testing.T) {
	readers, daemon := start(t)
	insert(t, readers, daemon, &virtualCard{})
	session := open(t, readers, daemon)
	other := otherProgram(t, daemon, scard.ShareShared)
	must(t, other.BeginTransaction())

	isKind(t, giveUpBegin(t, session), engine.CardBusy)
	isKind(t, giveUpBegin(t, session), engine.CardBusy)
	ctx, cancel := context.WithTimeout(t.Context(), brief)
	defer cancel()
	_, err := readers.Open(ctx, daemon.Readers[0].Name)
	isKind(t, err, engine.CardBusy)

	must(t, other.EndTransaction(scard.LeaveCard))
	must(t, session.Begin(soon(t)))
	echo(t, session)
	must(t, session.End(false))
	takes(t, other)
	must(t, session.Close())
}

// A program that has the card for itself is CardBusy, and is shown.
func TestExclusive(t *testing.T) {
	readers, daemon := start(t)
	insert(t, readers, daemon, &virtualCard{})
	other := otherProgram(t, daemon, scard.ShareExclusive)
	until(t, readers, func(r []engine.Reader) bool { return r[0].Shared })
	_, err := readers.Open(soon(t), daemon.Readers[0].Name)
	isKind(t, err, engine.CardBusy)
	must(t, other.Disconnect(scard.LeaveCard))
	until(t, readers, func(r []engine.Reader) bool { return !r[0].Shared })
	must(t, open(t, readers, daemon).Close())
}

// Begin gets over another program's reset.
func TestOthersReset(t *testing.T) {
	readers, daemon := start(t)
	card := &virtualCard{}
	insert(t, readers, daemon, card)
	session := open(t, readers, daemon)
	other := otherProgram(t, daemon, scard.ShareShared)
	must(t, other.Disconnect(scard.ResetCard))
	_, err := session.Transmit(soon(t), selectPIV)
	isKind(t, err, engine.CardGone) // what it knew of us is lost
	must(t, session.Begin(soon(t)))
	echo(t, session)
	must(t, session.End(false))
	if n := card.wasReset(); n != 1 {
		t.Errorf("the card was reset %d times, want once", n)
	}
}

// A session never speaks to another card, even when the service only tells that
// the card in the reader was reset.
func TestOtherCard(t *testing.T) {
	readers, daemon := start(t)
	mine := &virtualCard{}
	insert(t, readers, daemon, mine)
	session := open(t, readers, daemon)
	mine.pull()
	until(t, readers, empty)
	another := &virtualCard{}
	insert(t, readers, daemon, another)
	other := otherProgram(t, daemon, scard.ShareShared)
	must(t, other.Disconnect(scard.ResetCard))
	isKind(t, session.Begin(soon(t)), engine.CardGone)
	_, err := session.Transmit(soon(t), selectPIV)
	isKind(t, err, engine.CardGone)
	if got := another.commands(); len(got) != 0 {
		t.Errorf("the other card got % x", got)
	}
}

// When pcscd dies, a command in progress ends; another session works when
// pcscd is back.
func TestServiceDies(t *testing.T) {
	readers, daemon := start(t)
	working := make(chan struct{})
	killed := make(chan struct{})
	card := &virtualCard{busy: func([]byte) {
		close(working)
		<-killed
	}}
	insert(t, readers, daemon, card)
	session := open(t, readers, daemon)
	must(t, session.Begin(soon(t)))
	failed := make(chan error)
	go func() {
		_, err := session.Transmit(soon(t), selectPIV)
		failed <- err
	}()
	<-working
	daemon.Kill()
	isKind(t, <-failed, engine.NoReaders)
	close(killed)
	card.pull()
	isKind(t, session.Begin(soon(t)), engine.NoReaders)
	must(t, session.Close())

	must(t, daemon.Restart(soon(t)))
	card.busy = nil
	insert(t, readers, daemon, card)
	echo(t, open(t, readers, daemon))
}
