//go:build cgo

package pcsc

import (
	"errors"
	"time"

	"github.com/ebfe/scard"

	"cardkiosk/engine"
)

const (
	maxResets = 5 // by others, in a row, until we say that the card is busy

	// A pulled card shows first as a broken answer: pcscd looks for cards every
	// 0.4 s.
	pulledLimit = time.Second
	pulledLook  = 20 * time.Millisecond
)

// card is an open card. Its calls block; one goroutine makes them all.
type card struct {
	reader   string // its name, for people
	name     string // and for pcscd
	pcscd    *scard.Context
	handle   *scard.Card
	protocol scard.Protocol    // as it was opened; resets do not change it
	status   *scard.CardStatus // when opened, or after the last reset
	held     bool              // in a transaction of ours
}

func (c *card) open() error {
	const op = "open card"
	var err error
	if c.pcscd, err = establish(op, c.reader); err != nil {
		return err
	}
	c.handle, err = c.pcscd.Connect(c.name, scard.ShareShared, scard.ProtocolAny)
	if err != nil {
		return c.connectError(op, err)
	}
	if c.protocol = c.handle.ActiveProtocol(); c.protocol != scard.ProtocolT0 && c.protocol != scard.ProtocolT1 {
		return trouble(op, c.reader, scard.ErrProtoMismatch)
	}
	if c.status, err = c.statusAfterResets(); err != nil {
		return trouble(op, c.reader, err)
	}
	return nil
}

func (c *card) connectError(op string, err error) error {
	e := trouble(op, c.reader, err)
	switch {
	case errors.Is(err, scard.ErrUnpoweredCard): // it could not be powered: mute
		e.Kind = engine.CardTrouble
	case errors.Is(err, scard.ErrSecurityViolation):
		alive, dead := establish(op, c.reader)
		if dead != nil {
			return dead
		}
		_ = alive.Release() // pcscd may be gone now
		return forbidden(op, accessCard, err)
	}
	return e
}

// statusAfterResets asks for the card's status. That others reset the card is
// no trouble while it has nothing of ours to lose.
func (c *card) statusAfterResets() (*scard.CardStatus, error) {
	for range maxResets {
		status, err := c.handle.Status()
		if !errors.Is(err, scard.ErrResetCard) {
			return status, err
		}
		if err := c.handle.Reconnect(scard.ShareShared, c.protocol, scard.LeaveCard); err != nil {
			return nil, err
		}
	}
	return nil, scard.ErrSharingViolation
}

// extended reports whether card and reader take extended-length commands.
func (c *card) extended() bool {
	if !cardTakesExtended(c.status.Atr) {
		return false
	}
	features, err := c.handle.Control(scard.CtlCode(requestFeatures), nil)
	if err != nil {
		return true // the reader tells nothing about itself
	}
	code, ok := propertiesCode(features)
	if !ok {
		return true
	}
	properties, err := c.handle.Control(code, nil)
	return err != nil || !tooSmall(properties)
}

// begin takes the card. After another program's reset that needs a Reconnect
// first; it must not come upon another card than the one that was opened.
func (c *card) begin() error {
	const op = "begin transaction"
	for range maxResets {
		err := c.handle.BeginTransaction()
		if err == nil {
			c.held = true
			return nil
		}
		if !errors.Is(err, scard.ErrResetCard) {
			return c.explain(op, err)
		}
		if err := c.reconnect(); err != nil {
			return err
		}
	}
	return &engine.Error{Op: op, Kind: engine.CardBusy, Subject: c.reader, Err: errResets}
}

// reconnect gets over a reset. When the card is pulled, another put in and that
// one reset, pcscd only tells of the reset; but it counts the pull.
func (c *card) reconnect() error {
	const op = "begin transaction"
	if err := c.handle.Reconnect(scard.ShareShared, c.protocol, scard.LeaveCard); err != nil {
		return c.explain(op, err)
	}
	status, err := c.statusAfterResets()
	if err != nil {
		return c.explain(op, err)
	}
	if pulls(status) != pulls(c.status) {
		return &engine.Error{Op: op, Kind: engine.CardGone, Subject: c.reader, Err: errSwapped}
	}
	c.status = status
	return nil
}

// pulls is pcscd's count of cards put in and taken out, in the upper half of
// the state (SCardStatus of pcsc-lite).
func pulls(status *scard.CardStatus) uint32 { return uint32(status.State) >> 16 }

func (c *card) end(d scard.Disposition) error {
	if err := c.handle.EndTransaction(d); err != nil {
		return c.explain("end transaction", err)
	}
	c.held = false
	return nil
}

func (c *card) transmit(command []byte) ([]byte, error) {
	answer, err := c.handle.Transmit(command)
	if err == nil && len(answer) < 2 {
		err = errShort // some drivers, vpcd among them, answer so for a card that is gone
	}
	if err != nil {
		return nil, c.explain("send command", err)
	}
	return answer, nil
}

// explain classes an error, and finds out whether the card was pulled where
// PC/SC does not know yet.
func (c *card) explain(op string, err error) error {
	e := trouble(op, c.reader, err)
	if e.Kind == engine.CardTrouble && c.pulled() {
		e.Kind = engine.CardGone
	}
	return e
}

// pulled waits a while for pcscd to notice that the card is gone.
func (c *card) pulled() bool {
	limit := time.NewTimer(pulledLimit)
	defer limit.Stop()
	look := time.NewTicker(pulledLook)
	defer look.Stop()
	for {
		if _, err := c.handle.Status(); err != nil {
			return trouble("", "", err).Kind == engine.CardGone
		}
		select {
		case <-look.C:
		case <-limit.C:
			return false
		}
	}
}

// letGo closes what was opened. A card in the middle of something is reset, so
// that nobody finds it unlocked.
func (c *card) letGo() {
	if c.handle != nil {
		disposition := scard.LeaveCard
		if c.held {
			disposition = scard.ResetCard
		}
		_ = c.handle.Disconnect(disposition) // the card, or pcscd, may be gone
	}
	if c.pcscd != nil {
		_ = c.pcscd.Release() // pcscd may be gone
	}
}
