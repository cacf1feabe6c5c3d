package words

import (
	"fmt"
	"strings"

	"cardkiosk/engine"
)

// RolesWords are the words that say who may do what, and why.
type RolesWords struct {
	Who, Local                 string // name, logon name; account
	Disabled                   string
	Roles, NoRoles, Privileges string
	Role                       string // role, through what
	RoleFor                    string // role, through what, policies
	ByFor                      string // role, policies
	No                         string // why
	Own                        string // policy
	NoOwn, Yes                 string
	Why                        map[engine.DenialWhy]string // of NoRole, AccountDisabled, NotForUsers, NotByPolicy
}

// RolesLines say which roles somebody has and through what, who grants each privilege,
// and what they may do with their own card. Privileges are called as in the
// configuration.
func (t *Text) RolesLines(e engine.RolesExplained) []string {
	w := t.Roles
	lines := []string{fmt.Sprintf(w.Local, engine.Clean(e.Who))}
	if e.User.ID != "" {
		lines = []string{fmt.Sprintf(w.Who, e.User.Name, engine.Clean(e.Who))}
	}
	if e.Disabled {
		lines = append(lines, w.Disabled)
	}
	lines = append(lines, t.heldLines(e.Roles)...)
	lines = append(lines, w.Privileges)
	for _, p := range e.Privileges {
		lines = append(lines, t.privilegeLine(p))
	}
	switch {
	case e.User.ID == "":
	case e.Policy == "":
		lines = append(lines, w.NoOwn)
	default:
		lines = append(lines, fmt.Sprintf(w.Own, engine.Clean(e.Policy)))
	}
	for _, p := range e.Own {
		lines = append(lines, t.privilegeLine(p))
	}
	return lines
}

func (t *Text) heldLines(roles []engine.RoleHeld) []string {
	if len(roles) == 0 {
		return []string{t.Roles.NoRoles}
	}
	lines := []string{t.Roles.Roles}
	for _, r := range roles {
		line := fmt.Sprintf(t.Roles.Role, r.Role, engine.Clean(r.Through))
		if len(r.Policies) > 0 {
			line = fmt.Sprintf(t.Roles.RoleFor, r.Role, engine.Clean(r.Through), strings.Join(r.Policies, ", "))
		}
		lines = append(lines, "  "+line)
	}
	return lines
}

func (t *Text) privilegeLine(p engine.PrivilegeExplained) string {
	says := t.Roles.Yes
	switch {
	case p.Denial != nil:
		says = fmt.Sprintf(t.Roles.No, t.Roles.Why[p.Denial.Why])
	case len(p.By) > 0:
		says = t.grantedBy(p.By)
	}
	return fmt.Sprintf("  %-31s %s", p.Privilege, says)
}

func (t *Text) grantedBy(roles []engine.RoleHeld) string {
	var all []string
	for _, r := range roles {
		name := r.Role
		if len(r.Policies) > 0 {
			name = fmt.Sprintf(t.Roles.ByFor, r.Role, strings.Join(r.Policies, ", "))
		}
		all = append(all, name)
	}
	return strings.Join(all, "; ")
}
