package engine

import (
	"context"
	"errors"
	"slices"
)

// matter is what an act is about: roles that are local to policies, and whose card
// it is, depend on it. The zero matter is about nobody in particular: any role
// that holds the privilege will do then.
type matter struct {
	card   CardID
	user   UserID
	policy string // recorded with the card: what counts while the directory does not tell of the user
	held   bool   // the card lies in a reader here
	proven bool   // … and has shown that it is its holder's: see ProveHolder
	told   *User  // the user, as the directory has told the walk; nil: it is asked
}

func aboutUser(id UserID) matter { return matter{user: id} }

func aboutRecord(r Record) matter { return matter{card: r.Card.ID, user: r.User.ID, policy: r.Policy} }

func aboutCard(c *Connected) matter {
	m := aboutRecord(c.Record)
	m.card, m.held, m.proven = c.Contents.Identity.ID, true, c.proven
	return m
}

// may returns nil when the actor may do it, else an Error of Kind Forbidden with a
// Denial in it. A refusal is in the audit when it returns.
func (d *Desk) may(ctx context.Context, actor Actor, p Privilege, m matter) error {
	denial := d.denial(ctx, actor, p, m)
	if denial == nil {
		return nil
	}
	row := AuditRow{Actor: actor, Act: string(p), Card: m.card, User: m.user}
	err := &Error{Op: string(p), Kind: Forbidden, Subject: actor.Who, Err: denial}
	d.witness(ctx, row, err)
	return &Error{Op: string(p), Kind: Forbidden, Subject: actor.Who, Err: witnessed{denial}}
}

// mayAny is may for what several privileges lead to.
func (d *Desk) mayAny(ctx context.Context, actor Actor, m matter, ps ...Privilege) error {
	for _, p := range ps[1:] {
		if d.denial(ctx, actor, p, m) == nil {
			return nil
		}
	}
	return d.may(ctx, actor, ps[0], m)
}

// witnessed marks a refusal that stands in the audit already.
type witnessed struct{ error }

func (w witnessed) Unwrap() error { return w.error }

// denial is why the actor may not; nil when they may.
func (d *Desk) denial(ctx context.Context, actor Actor, p Privilege, m matter) *Denial {
	switch actor.Mode {
	case Operator:
		return d.askRoles(ctx, actor, p, m)
	case SelfService:
		if d.closed(ctx, actor) {
			return &Denial{Privilege: p, Why: AccountDisabled}
		}
		return byHolding(actor, p, m, func() (Policy, error) { return d.policyOf(ctx, m) })
	case Agent:
		return d.byTask(ctx, actor, p, m)
	}
	return &Denial{Privilege: p, Why: NoRole}
}

// askRoles is byRoles with the roles that the actor has now.
func (d *Desk) askRoles(ctx context.Context, actor Actor, p Privilege, m matter) *Denial {
	roles, none := d.rolesOf(ctx, actor)
	return byRoles(roles, none, p, m, func() (Policy, error) { return d.policyOf(ctx, m) })
}

// byRoles asks the actor's roles; none says why nobody knows them. of is the policy
// of whom the matter is about.
func byRoles(roles []Role, none *Denial, p Privilege, m matter, of func() (Policy, error)) *Denial {
	if none != nil {
		denial := *none
		denial.Privilege = p
		return &denial
	}
	var policies []string
	for _, r := range roles {
		switch {
		case !r.grants(p):
		case !r.Local() || m.user == "" && m.policy == "":
			return nil
		default:
			policies = append(policies, r.Policies...)
		}
	}
	if len(policies) == 0 {
		return &Denial{Privilege: p, Why: NoRole}
	}
	policy, err := of()
	switch {
	case err != nil && !Is(err, NoPolicy):
		return &Denial{Privilege: p, Why: StandingUnknown, Err: err}
	case err != nil || !slices.Contains(policies, policy.Name):
		return &Denial{Privilege: p, Why: NotThisPolicy, Policies: compact(policies)}
	}
	return nil
}

// localTo are the policies for which an actor holds a privilege; nil when it is for
// all.
func (d *Desk) localTo(ctx context.Context, actor Actor, p Privilege) []string {
	roles, _ := d.rolesOf(ctx, actor)
	policies := []string{}
	for _, r := range roles {
		if r.grants(p) && !r.Local() {
			return nil
		}
		if r.grants(p) {
			policies = append(policies, r.Policies...)
		}
	}
	return policies
}

// closed reports whether the directory says that the actor's account is disabled. While
// it says nothing, nobody's is.
func (d *Desk) closed(ctx context.Context, actor Actor) bool {
	if actor.User == "" || d.Standing == nil {
		return false
	}
	standing, err := d.Standing(ctx, actor.User)
	return err == nil && standing.Disabled
}

// rolesOf are the roles the actor has.
func (d *Desk) rolesOf(ctx context.Context, actor Actor) ([]Role, *Denial) {
	var standing Standing
	if actor.User != "" && d.Standing != nil {
		var err error
		if standing, err = d.Standing(ctx, actor.User); err != nil {
			return nil, &Denial{Why: StandingUnknown, Err: err}
		}
	}
	if standing.Disabled {
		return nil, &Denial{Why: AccountDisabled}
	}
	var mine []Role
	for _, r := range d.Roles {
		if r.membership(actor, standing) != "" {
			mine = append(mine, r)
		}
	}
	return mine, nil
}

// policyOf is the policy of whom the matter is about: by the directory, and while
// that does not tell, by the card's record.
func (d *Desk) policyOf(ctx context.Context, m matter) (Policy, error) {
	if m.told != nil {
		return d.PolicyOf(*m.told)
	}
	user, err := d.user(ctx, m.user)
	if err == nil {
		return d.PolicyOf(user)
	}
	for _, p := range d.Policies {
		if p.Name == m.policy {
			return p, nil
		}
	}
	return Policy{}, err
}

// byHolding lets a card's own holder do with it what the policy lets users do. What
// asks a CA, or writes, wants the card to have shown whose it is.
func byHolding(actor Actor, p Privilege, m matter, of func() (Policy, error)) *Denial {
	deny := func(why DenialWhy, err error) *Denial { return &Denial{Privilege: p, Why: why, Err: err} }
	switch p { //nolint:exhaustive // all others are an operator's
	case ViewCard:
		if m.user == "" || m.held && actor.User == "" {
			return nil // a card says whose it is before anybody is known to be there
		}
	case UpdateCard, ContinueUpdate, CancelUpdate:
	default:
		return deny(OperatorsOnly, nil)
	}
	switch {
	case actor.User == "" || m.user != actor.User:
		return deny(NotOwnCard, nil)
	case p == ViewCard:
		return nil
	}
	policy, err := of()
	switch {
	case err != nil:
		return deny(StandingUnknown, err)
	case p == CancelUpdate && !policy.Cancel:
		return deny(NotByPolicy, nil)
	case p == CancelUpdate && !policy.Users.CancelUpdate, p != CancelUpdate && !policy.Users.Update:
		return deny(NotForUsers, nil)
	case !m.proven:
		return deny(NotProven, nil)
	}
	return nil
}

// DenialOf returns why something was denied; nil when err is no denial.
func DenialOf(err error) *Denial {
	var d *Denial
	if errors.As(err, &d) {
		return d
	}
	return nil
}
