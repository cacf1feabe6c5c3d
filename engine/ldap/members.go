package ldap

import (
	"context"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

// Members calls each with every user in a group, also through groups in
// groups, and in Active Directory those whose primary group it is or is in.
func (d *Directory) Members(ctx context.Context, group string, each func(engine.UserID) error) error {
	v := d.visit("read members")
	defer v.leave()
	if d.cfg.ActiveDirectory {
		return v.chainMembers(ctx, group, each)
	}
	return v.descend(ctx, group, each)
}

// chainMembers asks Active Directory for all members at once.
func (v *visit) chainMembers(ctx context.Context, group string, each func(engine.UserID) error) error {
	rids, err := v.rids(ctx, group)
	if err != nil || len(rids) == 0 {
		return err
	}
	tell := func(_ *goldap.Entry, id engine.UserID) error { return each(id) }
	if err := v.users(ctx, inChain(group), nil, tell); err != nil {
		return err
	}
	for some := range slices.Chunk(rids, batch) {
		// Nobody has two primary groups, and whoever is a member has been told.
		filter := "(|" + anyOf("primaryGroupID", some) + ")(!" + inChain(group) + ")"
		if err := v.users(ctx, filter, nil, tell); err != nil {
			return err
		}
	}
	return nil
}

// rids are the numbers, within the domain, of a group and of all groups in it:
// primary groups are named by them. None when the group is not there.
func (v *visit) rids(ctx context.Context, group string) ([]string, error) {
	e, err := v.entry(ctx, group, anything, "objectSid")
	if err != nil || e == nil {
		return nil, err
	}
	tops, err := v.tops(ctx)
	if err != nil {
		return nil, err
	}
	var rids []string
	take := func(e *goldap.Entry) error {
		if _, rid, ok := cutRID(sidText(first(e, "objectSid"))); ok {
			rids = append(rids, rid)
		}
		return nil
	}
	_ = take(e)
	err = v.everywhere(ctx, tops, "(&(objectClass=group)"+inChain(group)+")", []string{"objectSid"}, take)
	return rids, err
}

// descend goes from a group to its members, from those that are groups to
// theirs, and so on. Every entry is looked at once, so a group that is in
// itself ends nowhere.
func (v *visit) descend(ctx context.Context, group string, each func(engine.UserID) error) error {
	tops, err := v.tops(ctx)
	if err != nil {
		return err
	}
	w := &walk{visit: v, tops: tops, each: each, seen: names{}}
	w.found(group)
	for len(w.next) > 0 {
		level := w.next
		w.next = nil
		for some := range slices.Chunk(level, batch) {
			if err := w.look(ctx, some); err != nil {
				return err
			}
		}
	}
	return nil
}

// walk is on its way from a group to all of its members.
type walk struct {
	*visit
	tops []string
	each func(engine.UserID) error
	seen names
	next []string // seen, and not yet looked at
}

func (w *walk) found(dn string) {
	if w.seen.add(dn) {
		w.next = append(w.next, dn)
	}
}

// look tells the users among some entries, and finds the members of the others.
func (w *walk) look(ctx context.Context, some []string) error {
	people := names{}
	err := w.users(ctx, "(|"+anyOf("entryDN", some)+")", nil, func(e *goldap.Entry, id engine.UserID) error {
		people.add(e.DN)
		return w.each(id)
	})
	others := without(some, people)
	if err != nil || len(others) == 0 {
		return err
	}
	var logons []string
	err = w.everywhere(ctx, w.tops, "(|"+anyOf("entryDN", others)+")", []string{"member", "uniqueMember", "memberUid"}, func(e *goldap.Entry) error {
		for _, dn := range e.GetEqualFoldAttributeValues("member") {
			w.found(dn)
		}
		for _, dn := range e.GetEqualFoldAttributeValues("uniqueMember") {
			w.found(withoutUID(dn))
		}
		logons = append(logons, e.GetEqualFoldAttributeValues("memberUid")...)
		return nil
	})
	if err != nil {
		return err
	}
	return w.tellLogons(ctx, logons)
}

// tellLogons tells the users with these logon names: the members of a
// posixGroup (RFC 2307).
func (w *walk) tellLogons(ctx context.Context, logons []string) error {
	for some := range slices.Chunk(logons, batch) {
		filter := "(|" + anyOf(w.dir.cfg.Attributes.Logon, some) + ")"
		err := w.users(ctx, filter, nil, func(e *goldap.Entry, id engine.UserID) error {
			if !w.seen.add(e.DN) {
				return nil // told, or about to be
			}
			return w.each(id)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// withoutUID cuts the bits off that may follow a name (RFC 4517, 3.3.21).
func withoutUID(member string) string {
	if i := strings.LastIndex(member, "#'"); i >= 0 && strings.HasSuffix(member, "'B") {
		return member[:i]
	}
	return member
}
