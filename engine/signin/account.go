package signin

import (
	"context"
	"errors"

	"cardkiosk/engine"
)

// WithAccount signs in whom the system vouches for. name is the account's,
// never typed by anybody. An account that the directory does not have, or cannot
// be asked about, is signed in by its name alone: the Actor has no User then,
// and User is empty.
//
// Kinds: SignInShut, AccountClosed.
func (d *Desk) WithAccount(ctx context.Context, name string) (engine.Actor, engine.User, error) {
	return engine.Actor{}, engine.User{}, errors.ErrUnsupported
}
