package signin

import (
	"context"
	"errors"

	"cardkiosk/engine"
)

// WithPassword signs somebody in by the name and the password that they typed.
// The directory checks it once, and its word is final. The password is wiped.
//
// Of a name that nobody has, and of one that several have, it is said what is
// said of a wrong password; that an account is disabled, only to those who know
// its password.
//
// Kinds: SignInShut, WrongPassword, AccountLocked, AccountClosed,
// PasswordExpired, DirectoryAway, DirectoryRefused.
func (d *Desk) WithPassword(ctx context.Context, logon string, password engine.PIN) (engine.Actor, engine.User, error) {
	defer password.Wipe()
	a := attempt{way: engine.ByPassword, who: logon}
	user, err := d.byPassword(ctx, logon, password)
	if err == nil {
		a.who, a.user = user.Logon, user
	}
	return d.admit(ctx, a, err)
}

func (d *Desk) byPassword(ctx context.Context, logon string, password engine.PIN) (engine.User, error) {
	if err := d.open(engine.ByPassword); err != nil {
		return engine.User{}, err
	}
	if logon == "" || password.Len() == 0 {
		return engine.User{}, wrongPassword(errNothingTyped)
	}
	users, err := d.Accounts.Called(ctx, engine.ByLogon, logon)
	switch {
	case err != nil:
		return engine.User{}, err
	case len(users) == 0:
		return engine.User{}, wrongPassword(errNobody)
	case len(users) > 1:
		return engine.User{}, wrongPassword(errSeveral)
	}
	if err := d.Accounts.CheckPassword(ctx, users[0], password); err != nil {
		return engine.User{}, err
	}
	return users[0], closed(users[0])
}

// What the audit and the log are told beside "the name or the password is wrong".
var (
	errNothingTyped = errors.New("no name or no password was typed")
	errNobody       = errors.New("nobody has this name")
	errSeveral      = errors.New("several users have this name")
)

func wrongPassword(err error) error {
	return &engine.Error{Op: op, Kind: engine.WrongPassword, Err: err}
}
