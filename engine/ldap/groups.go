package ldap

import (
	"context"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

var _ engine.Memberships = (*Directory)(nil)

// GroupsOf returns which of these groups a user is in, also through groups in
// groups, and in Active Directory through the primary group. Groups that are
// not there have no members.
func (d *Directory) GroupsOf(ctx context.Context, user engine.User, groups []string) ([]string, error) {
	if len(groups) == 0 {
		return nil, nil
	}
	v := d.visit("read groups")
	defer v.leave()
	e, err := v.user(ctx, user.ID, d.cfg.Attributes.Logon, "memberOf", "objectSid", "primaryGroupID")
	if err != nil {
		return nil, err
	}
	in := names{}
	if d.cfg.ActiveDirectory {
		err = v.chain(ctx, e, groups, in)
	} else {
		err = v.climb(ctx, e, groups, in)
	}
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(groups), func(g string) bool { return !in.has(g) }), nil
}

// chain is how Active Directory is asked: by its own matching rule, at the
// entry of the user and at that of the primary group, of which memberOf says
// nothing (MS-ADTS 3.1.1.4.5.3).
func (v *visit) chain(ctx context.Context, user *goldap.Entry, groups []string, in names) error {
	for _, dn := range user.GetEqualFoldAttributeValues("memberOf") {
		in.add(dn)
	}
	if err := v.chained(ctx, user.DN, without(groups, in), in); err != nil {
		return err
	}
	rest := without(groups, in)
	domain, _, known := cutRID(sidText(first(user, "objectSid")))
	rid := first(user, "primaryGroupID")
	if !known || rid == "" || len(rest) == 0 {
		return nil
	}
	// MS-ADTS 3.1.1.3.1.2.4: an entry may be named by its SID.
	primary, err := v.entry(ctx, "<SID="+domain+"-"+rid+">", anything, noAttribute)
	if err != nil || primary == nil {
		return err
	}
	in.add(primary.DN)
	return v.chained(ctx, primary.DN, without(rest, in), in)
}

// inChain is Active Directory's rule that follows links through any number of
// entries (MS-ADTS 3.1.1.3.4.4.3).
func inChain(group string) string {
	return "(memberOf:1.2.840.113556.1.4.1941:=" + goldap.EscapeFilter(group) + ")"
}

// chained adds those of the groups that an entry is in. All are asked for at
// once, and only when the answer is yes, each half of them: mostly it is no.
func (v *visit) chained(ctx context.Context, dn string, groups []string, in names) error {
	if len(groups) == 0 {
		return nil
	}
	var any strings.Builder
	for _, g := range groups {
		any.WriteString(inChain(g))
	}
	e, err := v.entry(ctx, dn, "(|"+any.String()+")", noAttribute)
	if err != nil || e == nil {
		return err
	}
	if len(groups) == 1 {
		in.add(groups[0])
		return nil
	}
	half := len(groups) / 2
	if err := v.chained(ctx, dn, groups[:half], in); err != nil {
		return err
	}
	return v.chained(ctx, dn, groups[half:], in)
}

func without(groups []string, in names) []string {
	return slices.DeleteFunc(slices.Clone(groups), in.has)
}

// cutRID cuts a SID into its domain's and the number within.
func cutRID(sid string) (domain, rid string, ok bool) {
	i := strings.LastIndexByte(sid, '-')
	if i < 0 {
		return "", "", false
	}
	return sid[:i], sid[i+1:], true
}

// climb is how other directories are asked: for the groups that the user is in,
// then for those that these are in, and so on, until all groups asked for are
// found or no new one is. Each level is asked for at once.
func (v *visit) climb(ctx context.Context, user *goldap.Entry, groups []string, in names) error {
	tops, err := v.tops(ctx)
	if err != nil {
		return err
	}
	var next []string
	found := func(dn string) {
		if in.add(dn) {
			next = append(next, dn)
		}
	}
	look := func(e *goldap.Entry) {
		found(e.DN)
		for _, dn := range e.GetEqualFoldAttributeValues("memberOf") {
			found(dn)
		}
	}
	terms := anyOf("memberUid", user.GetEqualFoldAttributeValues(v.dir.cfg.Attributes.Logon))
	look(user)
	for len(next) > 0 && len(without(groups, in)) > 0 {
		level := next
		next = nil
		for some := range slices.Chunk(level, batch) {
			filter := "(|" + terms + anyOf("member", some) + anyOf("uniqueMember", some) + ")"
			err := v.everywhere(ctx, tops, filter, []string{"memberOf"}, func(e *goldap.Entry) error {
				look(e)
				return nil
			})
			if err != nil {
				return err
			}
			terms = "" // these are the user's own
		}
	}
	return nil
}

// anyOf compares an attribute with several values.
func anyOf(attribute string, values []string) string {
	var b strings.Builder
	for _, value := range values {
		b.WriteString("(" + attribute + "=" + goldap.EscapeFilter(value) + ")")
	}
	return b.String()
}
