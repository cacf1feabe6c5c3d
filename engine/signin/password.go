package signin

import (
	"context"
	"errors"

	"cardkiosk/engine"
)

// WithPassword signs somebody in by the name and the password that they typed.
// The directory is asked once, and its word is final. The password is wiped.
//
// Kinds: SignInShut, WrongPassword, AccountLocked, AccountClosed,
// PasswordExpired, DirectoryAway, DirectoryRefused.
func (d *Desk) WithPassword(ctx context.Context, logon string, password engine.PIN) (engine.Actor, engine.User, error) {
	return engine.Actor{}, engine.User{}, errors.ErrUnsupported
}
