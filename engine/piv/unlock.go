package piv

import (
	"context"
	"slices"

	"cardkiosk/engine"
)

// unlocked is a card whose PIN is verified and whose administration key is
// authenticated, in a transaction of its own until Close. It is used by one
// goroutine.
type unlocked struct {
	*session
	card *Card
	pin  engine.PIN // what the card has now; ours, and wiped by Close

	// specs are the policies of keys that were looked at; in a transaction
	// nobody else can change them.
	specs map[engine.Place]engine.KeySpec
}

var _ engine.UnlockedCard = (*unlocked)(nil)

// Unlock verifies the PIN and the administration key and holds the card until
// Close. With factory set, the factory PIN is used if the card says that it
// still has it, else pin. PIN trouble is WrongPIN or PINBlocked; an
// administration key that nobody knows is CardRefused.
func (c *Card) Unlock(ctx context.Context, pin engine.PIN, factory bool) (engine.UnlockedCard, error) {
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	u := &unlocked{session: s, card: c, specs: make(map[engine.Place]engine.KeySpec)}
	if err := u.unlock(ctx, pin, factory); err != nil {
		_ = u.Close() // the first trouble is the one to tell
		return nil, err
	}
	return u, nil
}

func (u *unlocked) unlock(ctx context.Context, pin engine.PIN, factory bool) error {
	made, err := u.made(ctx) // first: a YubiKey 4 forgets the PIN over it
	if err != nil {
		return err
	}
	if err := u.checkTold(made); err != nil {
		return err
	}
	u.pin = copyPIN(pin)
	if factory && made.firmware.tellsMetadata() {
		state, err := u.readCounter(ctx, refPIN)
		if err != nil {
			return trouble("read PIN tries", "", err)
		}
		if state.Factory {
			u.holdPIN(engine.NewPIN([]byte(factoryPIN)))
		}
	}
	if err := u.verifyPIN(ctx, u.pin); err != nil {
		return err
	}
	return u.unlockAdmin(ctx)
}

// copyPIN makes a PIN that can be wiped without wiping the caller's.
func copyPIN(pin engine.PIN) engine.PIN {
	var held engine.PIN
	_ = pin.Use(func(b []byte) error {
		held = engine.NewPIN(slices.Clone(b))
		return nil
	})
	return held
}

// holdPIN replaces the PIN that is held.
func (u *unlocked) holdPIN(pin engine.PIN) {
	u.pin.Wipe()
	u.pin = pin
}

// verifyAgain verifies the PIN that the card has taken before. If it is wrong
// now, the card is not what it was, and no other try is spent.
func (u *unlocked) verifyAgain(ctx context.Context) error {
	err := u.verifyPIN(ctx, u.pin)
	if isStatus(err) {
		u.pin.Wipe()
	}
	return err
}

// Close locks the card and wipes the PIN. A second Close does nothing.
func (u *unlocked) Close() error {
	u.pin.Wipe()
	if u.over {
		return nil
	}
	return u.card.end(u.session, reset)
}
