package engine

import (
	"slices"
	"strings"
)

// Role is what its members may do. Everything is denied until a role grants it.
type Role struct {
	Name       string
	Privileges []Privilege
	Users      []string // logon names of members
	Groups     []string // DNs of groups whose members are the role's, also through other groups
	Policies   []string // it counts for users and cards of these only; none: for all
}

// Local reports whether a role counts for some policies only.
func (r Role) Local() bool { return len(r.Policies) > 0 }

func (r Role) grants(p Privilege) bool { return slices.Contains(r.Privileges, p) }

// membership says why somebody is a member: "" when they are none.
func (r Role) membership(actor Actor, s Standing) string {
	for _, name := range r.Users {
		if sameLogon(name, actor) {
			return name
		}
	}
	for _, g := range r.Groups {
		if slices.ContainsFunc(s.Groups, func(in string) bool { return sameDN(in, g) }) {
			return g
		}
	}
	return ""
}

// sameLogon compares as the directory does, where the person is of the directory
// (RFC 4519, 2.39 uid: caseIgnoreMatch), and else as the system does.
func sameLogon(name string, actor Actor) bool {
	if actor.User != "" {
		return strings.EqualFold(name, actor.Who)
	}
	return name == actor.Who
}

// RoleGroups are the groups that roles name, each once.
func RoleGroups(roles []Role) []string {
	var names []string
	for _, r := range roles {
		names = append(names, r.Groups...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func sameDN(a, b string) bool {
	x, err := ParseDN(a)
	y, err2 := ParseDN(b)
	if err != nil || err2 != nil {
		return a == b
	}
	return x.Equal(y)
}
