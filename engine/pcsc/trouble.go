//go:build cgo

package pcsc

import (
	"errors"

	"github.com/ebfe/scard"

	"cardkiosk/engine"
)

// The actions that polkit may forbid: to speak to pcscd, to open a card.
const (
	accessService = "org.debian.pcsc-lite.access_pcsc"
	accessCard    = "org.debian.pcsc-lite.access_card"
)

// What goes wrong without PC/SC saying so.
var (
	errNoAnswer  = errors.New("the card did not answer in time")
	errShort     = errors.New("the card's answer has no status word")
	errSwapped   = errors.New("the card was taken out since")
	errResets    = errors.New("other programs reset the card again and again")
	errNoCommand = errors.New("too short for a command")
	errClosed    = errors.New("closed")
	errLetGo     = errors.New("a command to the card was given up before")
	errLeft      = errors.New("a command to a card is still under way")
	errNoReaders = errors.New("no reader is connected")
)

// kinds says what a PC/SC error means for the person. What is not here is
// CardTrouble: a mute card, a card that speaks no protocol the reader knows, a
// broken exchange.
var kinds = map[scard.Error]engine.Kind{
	scard.ErrNoService:          engine.NoReaders,
	scard.ErrServiceStopped:     engine.NoReaders,
	scard.ErrShutdown:           engine.NoReaders,
	scard.ErrCommError:          engine.NoReaders, // pcscd broke off: "RPC transport error"
	scard.ErrInvalidHandle:      engine.NoReaders, // of a context that pcscd no longer knows
	scard.ErrNoReadersAvailable: engine.NoReaders,
	scard.ErrUnknownReader:      engine.NoReaders,
	// 0x8010006A: pcscd closed the connection. It may have died; when it lives,
	// polkit said no (see establish and connect).
	scard.ErrSecurityViolation: engine.NoReaders,

	scard.ErrSharingViolation: engine.CardBusy,

	scard.ErrRemovedCard:       engine.CardGone,
	scard.ErrNoSmartcard:       engine.CardGone,
	scard.ErrUnpoweredCard:     engine.CardGone,
	scard.ErrResetCard:         engine.CardGone, // all it knew of us is lost
	scard.ErrReaderUnavailable: engine.CardGone, // unplugged
	scard.ErrInvalidValue:      engine.CardGone, // handle of a reader that was unplugged
}

// trouble classes an error of PC/SC. subject is what the deed was about.
func trouble(op, subject string, err error) *engine.Error {
	e := &engine.Error{Op: op, Kind: engine.CardTrouble, Subject: subject, Err: err}
	var code scard.Error
	if !errors.As(err, &code) {
		return e
	}
	if kind, ok := kinds[code]; ok {
		e.Kind = kind
	}
	return e
}

// forbidden says that polkit does not let us do this.
func forbidden(op, action string, err error) *engine.Error {
	return &engine.Error{Op: op, Kind: engine.ReadersForbidden, Subject: action, Err: err}
}

// establish makes a context. A pcscd that dies and one that keeps us out both
// close the connection, but only the latter does it again.
func establish(op, subject string) (*scard.Context, error) {
	pcscd, err := scard.EstablishContext()
	if errors.Is(err, scard.ErrSecurityViolation) {
		pcscd, err = scard.EstablishContext()
	}
	switch {
	case err == nil:
		return pcscd, nil
	case errors.Is(err, scard.ErrSecurityViolation):
		return nil, forbidden(op, accessService, err)
	}
	return nil, trouble(op, subject, err)
}
