package engine

import (
	"context"
	"slices"
)

// RolesExplained says what somebody may do as an operator, and with their own card in
// self-service, and why.
type RolesExplained struct {
	Who        string // logon name, or the account's
	User       User   // zero for an account that the directory does not have
	Disabled   bool   // the account is: then none of it counts
	Roles      []RoleHeld
	Privileges []PrivilegeExplained // all there are
	Policy     string               // "" for none: then nothing is done in self-service
	Own        []PrivilegeExplained // with their own card, once it has shown that it is theirs
}

// RoleHeld is a role that somebody has.
type RoleHeld struct {
	Role     string
	Through  string   // the logon name, or the DN of the group, that makes them a member
	Policies []string // none: it counts for all
}

// PrivilegeExplained says who grants a privilege, or why it is not held.
type PrivilegeExplained struct {
	Privilege Privilege
	By        []RoleHeld
	Denial    *Denial // nil when it is held, be it for some policies only
}

// ExplainRoles says what a user may do, or, without one, an account of this machine
// that the directory does not have. Oneself everybody may ask about.
func (d *Desk) ExplainRoles(ctx context.Context, actor Actor, id UserID, account string) (RolesExplained, error) {
	own := id != "" && id == actor.User || id == "" && actor.User == "" && account == actor.Who && actor.Mode == Operator
	if !own {
		if err := d.may(ctx, actor, SeeRoles, aboutUser(id)); err != nil {
			return RolesExplained{}, err
		}
	}
	e := RolesExplained{Who: account}
	var err error
	if id != "" {
		if e.User, err = d.user(ctx, id); err != nil {
			return RolesExplained{}, err
		}
		e.Who = e.User.Logon
	}
	if err := d.explainHeld(ctx, &e); err != nil {
		return RolesExplained{}, err
	}
	e.explainOwn(d.PolicyOf)
	e.User = e.User.shown()
	d.witness(ctx, AuditRow{Actor: actor, Act: string(SeeRoles), User: id, Detail: Clean(e.Who)}, nil)
	return e, nil
}

// explainHeld looks which roles somebody has, and what these grant.
func (d *Desk) explainHeld(ctx context.Context, e *RolesExplained) error {
	standing := Standing{Disabled: e.User.Disabled}
	who := Actor{Who: e.Who, User: e.User.ID, Mode: Operator}
	if who.User != "" && d.Standing != nil {
		var err error
		if standing, err = d.Standing(ctx, who.User); err != nil {
			return err
		}
	}
	e.Disabled = standing.Disabled
	for _, p := range Privileges() {
		e.Privileges = append(e.Privileges, PrivilegeExplained{Privilege: p, Denial: &Denial{Privilege: p, Why: NoRole}})
	}
	for _, r := range d.Roles {
		if through := r.membership(who, standing); through != "" {
			e.hold(r, RoleHeld{Role: r.Name, Through: through, Policies: r.Policies})
		}
	}
	if e.Disabled {
		for i := range e.Privileges {
			e.Privileges[i].Denial = &Denial{Privilege: e.Privileges[i].Privilege, Why: AccountDisabled}
		}
	}
	return nil
}

func (e *RolesExplained) hold(r Role, held RoleHeld) {
	e.Roles = append(e.Roles, held)
	for i, p := range e.Privileges {
		if slices.Contains(r.Privileges, p.Privilege) {
			e.Privileges[i].By, e.Privileges[i].Denial = append(p.By, held), nil
		}
	}
}

// explainOwn looks what the policy leaves to users.
func (e *RolesExplained) explainOwn(policyOf func(User) (Policy, error)) {
	if e.User.ID == "" {
		return
	}
	policy, err := policyOf(e.User)
	if err != nil {
		return
	}
	e.Policy = policy.Name
	holder := Actor{Who: e.Who, User: e.User.ID, Mode: SelfService}
	m := matter{user: e.User.ID, proven: true}
	for _, p := range []Privilege{UpdateCard, ContinueUpdate, CancelUpdate} {
		denial := byHolding(holder, p, m, func() (Policy, error) { return policy, nil })
		if e.Disabled {
			denial = &Denial{Privilege: p, Why: AccountDisabled}
		}
		e.Own = append(e.Own, PrivilegeExplained{Privilege: p, Denial: denial})
	}
}
