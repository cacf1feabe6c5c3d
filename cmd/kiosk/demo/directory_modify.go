package demo

import (
	"slices"
	"strings"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// publishable are the only attributes that clients may change, and only by
// adding and taking away values.
var publishable = []string{"usercertificate", "altsecurityidentities"}

// modify is RFC 4511, 4.6: the entry, then a list of operation, attribute and
// values. All of it happens or nothing.
func (s *ldapSession) modify(op *ber.Packet) ldapRefusal {
	if !s.signed {
		return ldapRefusal{goldap.LDAPResultInsufficientAccessRights, "sign in first"}
	}
	if len(op.Children) != 2 {
		return ldapRefusal{goldap.LDAPResultProtocolError, "the request is cut short"}
	}
	normal, err := normalDN(op.Children[0].Data.String())
	if err != nil {
		return ldapRefusal{goldap.LDAPResultInvalidDNSyntax, err.Error()}
	}
	return s.tree.change(normal, func(e *ldapEntry) ldapRefusal {
		for _, c := range op.Children[1].Children {
			if why := e.modify(c); why.code != 0 {
				return why
			}
		}
		e.set("modifyTimestamp", time.Now().UTC().Format("20060102150405Z"))
		return ldapRefusal{}
	})
}

// change replaces an entry by one that has been changed, unless that is
// refused. Searches that have the old one go on with it.
func (t *ldapTree) change(normal string, do func(*ldapEntry) ldapRefusal) ldapRefusal {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := slices.IndexFunc(t.entries, func(e *ldapEntry) bool { return e.normal == normal })
	if at < 0 {
		return ldapRefusal{goldap.LDAPResultNoSuchObject, ""}
	}
	changed := *t.entries[at]
	changed.attributes = slices.Clone(changed.attributes)
	why := do(&changed)
	if why.code == 0 {
		t.entries[at] = &changed
	}
	return why
}

// modify makes one change: an operation, and an attribute with values.
func (e *ldapEntry) modify(c *ber.Packet) ldapRefusal {
	if len(c.Children) != 2 || len(c.Children[1].Children) != 2 {
		return ldapRefusal{goldap.LDAPResultProtocolError, "a change is cut short"}
	}
	operation, _ := c.Children[0].Value.(int64)
	name := c.Children[1].Children[0].Data.String()
	if base, _, _ := strings.Cut(strings.ToLower(name), ";"); !slices.Contains(publishable, base) {
		return ldapRefusal{goldap.LDAPResultInsufficientAccessRights, name + " is not to be changed here"}
	}
	values := slices.Clone(e.attribute(strings.ToLower(name)).values)
	for _, v := range c.Children[1].Children[1].Children {
		value := v.Data.String()
		at := slices.Index(values, value)
		switch {
		case operation == goldap.AddAttribute && at >= 0:
			return ldapRefusal{goldap.LDAPResultAttributeOrValueExists, ""}
		case operation == goldap.AddAttribute:
			values = append(values, value)
		case operation == goldap.DeleteAttribute && at < 0:
			return ldapRefusal{goldap.LDAPResultNoSuchAttribute, ""}
		case operation == goldap.DeleteAttribute:
			values = slices.Delete(values, at, at+1)
		default:
			return ldapRefusal{goldap.LDAPResultUnwillingToPerform, "values are added and taken away here, and nothing else"}
		}
	}
	e.set(name, values...)
	return ldapRefusal{}
}

// set replaces an attribute's values. Those it had stay with whoever has them.
func (e *ldapEntry) set(name string, values ...string) {
	e.attributes = slices.DeleteFunc(e.attributes, func(a ldapAttribute) bool { return strings.EqualFold(a.name, name) })
	for _, value := range values {
		e.add(name, value)
	}
}
