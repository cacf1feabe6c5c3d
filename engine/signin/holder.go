package signin

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"

	"cardkiosk/engine"
)

// holder finds whose a certificate is: by the first of MapBy that it has. What
// comes after that is not looked at: a name that says more and is nobody's is no
// reason to go by one that says less.
func (d *Desk) holder(ctx context.Context, c *x509.Certificate) (engine.User, error) {
	for _, by := range d.MapBy {
		if by == engine.BySerial {
			users, err := d.Accounts.Issued(ctx, c)
			return only(by, users, err)
		}
		if names := engine.NamesIn(c, by); len(names) > 0 {
			users, err := d.called(ctx, by, names)
			return only(by, users, err)
		}
	}
	return engine.User{}, fault(engine.HolderUnknown, fmt.Errorf("the certificate has none of %v", d.MapBy))
}

// called returns the users with any of these names. A person has several mail
// addresses, but one name to log on with.
func (d *Desk) called(ctx context.Context, by engine.CalledBy, names []string) ([]engine.User, error) {
	if len(names) > 1 && by != engine.ByMail {
		return nil, fault(engine.HolderUnclear, fmt.Errorf("the certificate has %d names of the kind %s", len(names), by))
	}
	var all []engine.User
	for _, name := range names {
		users, err := d.Accounts.Called(ctx, by, name)
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			if !slices.ContainsFunc(all, func(known engine.User) bool { return known.ID == u.ID }) {
				all = append(all, u)
			}
		}
	}
	return all, nil
}

// only refuses nobody, and several.
func only(by engine.CalledBy, users []engine.User, err error) (engine.User, error) {
	switch {
	case err != nil:
		return engine.User{}, err
	case len(users) == 0:
		return engine.User{}, fault(engine.HolderUnknown, fmt.Errorf("by its %s", by))
	case len(users) > 1:
		return engine.User{}, fault(engine.HolderUnclear, fmt.Errorf("by its %s: %q", by, names(users)))
	}
	return users[0], nil
}
