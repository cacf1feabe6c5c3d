package signin

import (
	"context"
	"errors"
	"fmt"

	"cardkiosk/engine"
)

// WithAccount signs in whom the system vouches for. name is the account's,
// never typed by anybody. An account that the directory does not have, or cannot
// be asked about, is signed in by its name alone: the Actor has no User then,
// and User is empty.
//
// Kinds: SignInShut, AccountClosed; BadInput without a name.
func (d *Desk) WithAccount(ctx context.Context, name string) (engine.Actor, engine.User, error) {
	a := attempt{way: engine.ByAccount, who: name}
	user, err := d.byAccount(ctx, name)
	if err == nil && user.ID != "" {
		a.who, a.user = user.Logon, user
	}
	return d.admit(ctx, a, err)
}

func (d *Desk) byAccount(ctx context.Context, name string) (engine.User, error) {
	if err := d.open(engine.ByAccount); err != nil {
		return engine.User{}, err
	}
	if name == "" {
		return engine.User{}, &engine.Error{Op: op, Kind: engine.BadInput, Err: errNoAccount}
	}
	logon := name
	if mapped, ok := d.Local[name]; ok {
		logon = mapped
	}
	users, err := d.Accounts.Called(ctx, engine.ByLogon, logon)
	if errors.Is(ctx.Err(), context.Canceled) {
		return engine.User{}, &engine.Error{Op: op, Kind: engine.Stopped, Err: ctx.Err()}
	}
	if err != nil {
		d.Log.Warn("an account was not looked up: it is signed in by its name alone", "account", cleaned(name), "err", err)
		return engine.User{}, nil
	}
	for _, u := range users {
		if err := closed(u); err != nil {
			return engine.User{}, err
		}
	}
	if len(users) > 1 {
		d.Log.Warn("several users have an account's name: it is signed in by its name alone", "account", cleaned(name), "users", fmt.Sprint(names(users)))
	}
	if len(users) != 1 {
		return engine.User{}, nil
	}
	return users[0], nil
}

var errNoAccount = errors.New("the system told no account")

// names are users, for the log.
func names(users []engine.User) (all []string) {
	for _, u := range users {
		all = append(all, engine.Clean(u.DN))
	}
	return all
}
