package engine

import (
	"context"
	"maps"
	"sync"
)

// Permissions are what somebody may not do, and why: the rest they may. The zero
// Permissions deny nothing, and the door denies what it denies.
type Permissions map[Privilege]*Denial

// Denied returns why something may not be done that takes all of these, as an Error
// of Kind Forbidden; nil when it may.
func (p Permissions) Denied(all ...Privilege) error {
	for _, one := range all {
		if denial := p[one]; denial != nil {
			return &Error{Op: string(one), Kind: Forbidden, Err: denial}
		}
	}
	return nil
}

// Permitted says what an actor may do with a user's card, so that a page can show
// it before anybody tries: nothing is refused here, and nothing is in the audit.
// Without a record it is about the user, and without a user about nobody in
// particular. Roles and directory are asked once, for all privileges together.
//
// What a card has to show first, in self-service, is taken as shown.
func (d *Desk) Permitted(ctx context.Context, actor Actor, user UserID, record *Record) Permissions {
	m := aboutUser(user)
	if record != nil {
		m = aboutRecord(*record)
	}
	m.proven = true
	policy := sync.OnceValues(func() (Policy, error) { return d.policyOf(ctx, m) })
	denies := func(p Privilege) *Denial { return d.denial(ctx, actor, p, m) }
	switch actor.Mode {
	case Operator:
		roles, none := d.rolesOf(ctx, actor)
		denies = func(p Privilege) *Denial { return byRoles(roles, none, p, m, policy) }
	case SelfService:
		if d.closed(ctx, actor) {
			denies = func(p Privilege) *Denial { return &Denial{Privilege: p, Why: AccountDisabled} }
			break
		}
		denies = func(p Privilege) *Denial { return byHolding(actor, p, m, policy) }
	case Agent:
	}
	denied := Permissions{}
	for _, p := range Privileges() {
		denied[p] = denies(p)
	}
	maps.DeleteFunc(denied, func(_ Privilege, d *Denial) bool { return d == nil })
	return denied
}
