package config

import (
	"fmt"
	"slices"

	"cardkiosk/engine"
)

// role is a [[role]] as it is written.
type role struct {
	Name       string             `toml:"name"`
	Privileges []engine.Privilege `toml:"privileges"` // or "all"
	Users      []string           `toml:"users"`
	Groups     []string           `toml:"groups"`
	Policies   []string           `toml:"policies"`
}

// all stands for every privilege.
const all engine.Privilege = "all"

// checkRoles makes the roles. It wants the policies made.
func (d *document) checkRoles(c *checker) {
	at := c.root.key("role")
	if len(d.Role) == 0 && d.Station.Mode == engine.Operator {
		c.warn(at, "is missing: nobody may do anything at this kiosk", "add [[role]] with privileges and members, as the sample configuration shows")
	}
	for i, r := range d.Role {
		d.Roles = append(d.Roles, r.check(c, at.item(i), d.Policies))
		same := slices.IndexFunc(d.Role[:i], func(o role) bool { return o.Name == r.Name })
		if same >= 0 && r.Name != "" {
			c.wrong(at.item(i).key("name"), quote(r.Name)+" is also the name of another role", "give each role a name of its own")
		}
	}
}

func (r role) check(c *checker, at *path, policies []engine.Policy) engine.Role {
	c.name(at.key("name"), r.Name, `give the role a name: name = "operators"`)
	if len(r.Users)+len(r.Groups) == 0 {
		c.wrong(at, "has no members", `name logon names or groups: users = ["iokafor"], or groups = ["CN=Card desk,OU=Groups,DC=corp,DC=example"]`)
	}
	for i, name := range r.Users {
		c.name(at.key("users").item(i), name, `write a logon name: users = ["iokafor"]`)
	}
	for i, group := range r.Groups {
		_, _ = c.linked(at.key("groups").item(i), group, "CN=Card desk,OU=Groups,DC=corp,DC=example")
	}
	for i, name := range r.Policies {
		if !slices.ContainsFunc(policies, func(p engine.Policy) bool { return p.Name == name }) {
			c.wrong(at.key("policies").item(i), "no policy is named "+quote(name), "correct the name, or leave the key out: the role then counts for all policies")
		}
	}
	if given := at.key("policies"); c.given(given) && len(r.Policies) == 0 {
		c.wrong(given, "is empty", "name policies, or leave the key out: the role then counts for all policies")
	}
	return engine.Role{Name: r.Name, Privileges: r.privileges(c, at.key("privileges")), Users: r.Users, Groups: r.Groups, Policies: r.Policies}
}

func (r role) privileges(c *checker, at *path) []engine.Privilege {
	if len(r.Privileges) == 0 {
		c.need(at, "", fmt.Sprintf("name what its members may do: privileges = [%q, %q]", engine.FindUsers, engine.ViewCard))
	}
	var made []engine.Privilege
	for i, p := range r.Privileges {
		if p == all {
			return engine.Privileges()
		}
		oneOf(c, at.item(i), p, append(engine.Privileges(), all)...)
		made = append(made, p)
	}
	return made
}
