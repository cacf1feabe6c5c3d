package signin

import (
	"context"
	"errors"

	"cardkiosk/engine"
)

// PINTries tells how often the PIN of the card in a reader may still be tried;
// Left is -1 when the card does not tell. It spends no try.
func (d *Desk) PINTries(ctx context.Context, reader string) (engine.Counter, error) {
	return engine.Counter{}, errors.ErrUnsupported
}

// WithCard signs in whoever holds the card in a reader and knows its PIN. What
// can be seen without the PIN is looked at first: a card that is not accepted
// costs no try. The PIN is wiped.
//
// Kinds: SignInShut, WrongPIN, PINBlocked, BadInput (the PIN's shape),
// CardNotAccepted (its CardFault says why), AccountClosed, and the trouble that
// readers, cards and directories have.
func (d *Desk) WithCard(ctx context.Context, reader string, pin engine.PIN) (engine.Actor, engine.User, error) {
	return engine.Actor{}, engine.User{}, errors.ErrUnsupported
}
