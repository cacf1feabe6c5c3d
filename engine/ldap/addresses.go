package ldap

import (
	"context"
	"slices"

	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

var _ engine.Addresses = (*Directory)(nil)

// ManagersOf returns a user's managers: the entries that their attribute names,
// wherever they lie. RFC 4524, 2.10 lets there be several; Active Directory has
// one. One whose entry is gone is left out.
func (d *Directory) ManagersOf(ctx context.Context, id engine.UserID) ([]engine.User, error) {
	attribute := d.cfg.Attributes.Manager
	if attribute == "" {
		return nil, nil
	}
	v := d.visit("read manager")
	defer v.leave()
	e, err := v.user(ctx, id, attribute)
	if err != nil {
		return nil, err
	}
	var managers []engine.User
	seen := names{}
	for _, dn := range e.GetEqualFoldAttributeValues(attribute) {
		if _, err := goldap.ParseDN(dn); err != nil || !seen.add(dn) {
			continue // where the attribute is a text, it may say anything
		}
		m, err := v.entry(ctx, dn, anything, d.cfg.Attributes.wanted()...)
		if err != nil {
			return nil, err
		}
		if m != nil {
			managers = append(managers, d.cfg.Attributes.user(m))
		}
	}
	return managers, nil
}

// MembersOf returns the users in a group, also through groups in groups. A group
// that is not there has none.
func (d *Directory) MembersOf(ctx context.Context, group string) ([]engine.User, error) {
	var ids []engine.UserID
	err := d.Members(ctx, group, func(id engine.UserID) error {
		ids = append(ids, id)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(ids)
	var members []engine.User
	err = d.Users(ctx, slices.Compact(ids), func(u engine.User) error {
		members = append(members, u)
		return nil
	})
	return members, err
}
