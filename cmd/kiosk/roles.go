package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"slices"
	"strings"

	"cardkiosk/engine"
)

// rolesCmd is about roles and privileges.
type rolesCmd struct {
	Explain rolesExplainCmd `cmd:"" help:"Say which roles somebody has and through what, who grants each privilege, and what they may do in self-service."`
}

// rolesExplainCmd asks the directory about one user and looks at every role.
type rolesExplainCmd struct {
	Config string `placeholder:"FILE" help:"The configuration. Left out: config.toml in this folder, or else /etc/kiosk/config.toml."`
	JSON   bool   `name:"json" help:"As one JSON object."`
	User   string `arg:"" help:"Who: logon name, mail address, or an account of this machine that the directory does not have."`
}

// Run prints who may do what, and why. Everybody may ask about themselves; about
// others it takes the privileges "see roles" and "find users".
func (cmd rolesExplainCmd) Run(ctx context.Context) error {
	p, err := openAs(ctx, cmd.Config)
	if err != nil {
		return err
	}
	return errors.Join(cmd.explain(ctx, p, os.Stdout), p.close())
}

func (cmd rolesExplainCmd) explain(ctx context.Context, p *parts, out io.Writer) error {
	id, err := cmd.who(ctx, p)
	if err != nil {
		return err
	}
	e, err := p.desk.ExplainRoles(ctx, p.actor, id, cmd.User)
	if err != nil {
		return err
	}
	if cmd.JSON {
		return json.NewEncoder(out).Encode(rolesOf(e))
	}
	if _, err := fmt.Fprintln(out, strings.Join(p.text.RolesLines(e), "\n")); err != nil {
		return fmt.Errorf("print roles: %w", err)
	}
	return nil
}

// who is the user who is meant; "" for an account that the directory does not have.
// Oneself nobody has to look for.
func (cmd rolesExplainCmd) who(ctx context.Context, p *parts) (engine.UserID, error) {
	if p.actor.User != "" && strings.EqualFold(cmd.User, p.actor.Who) || cmd.User == p.actor.Who {
		return p.actor.User, nil
	}
	found, err := meant(ctx, p, cmd.User)
	if engine.Is(err, engine.UserUnknown) && isAccount(cmd.User, p.desk.Roles) {
		return "", nil
	}
	return found.ID, err
}

// isAccount tells a name that the directory does not have from a slip: this machine
// has the account, or a role names it.
func isAccount(name string, roles []engine.Role) bool {
	_, err := user.Lookup(name)
	return err == nil || slices.ContainsFunc(roles, func(r engine.Role) bool { return slices.Contains(r.Users, name) })
}

// jsonRoles is what somebody may do.
type jsonRoles struct {
	Who        string          `json:"who"`
	User       engine.UserID   `json:"user,omitempty"` // none: an account of this machine
	Name       string          `json:"name,omitempty"`
	Disabled   bool            `json:"disabled,omitempty"`
	Roles      []jsonRole      `json:"roles"`
	Privileges []jsonPrivilege `json:"privileges"`
	Policy     string          `json:"policy,omitempty"`
	Own        []jsonPrivilege `json:"own_card,omitempty"`
}

type jsonRole struct {
	Role     string   `json:"role"`
	Through  string   `json:"through"`
	Policies []string `json:"policies,omitempty"`
}

type jsonPrivilege struct {
	Privilege engine.Privilege `json:"privilege"`
	Granted   bool             `json:"granted"`
	By        []jsonRole       `json:"by,omitempty"`
	Why       string           `json:"why,omitempty"` // not
}

func rolesOf(e engine.RolesExplained) jsonRoles {
	return jsonRoles{
		Who: e.Who, User: e.User.ID, Name: e.User.Name, Disabled: e.Disabled, Policy: e.Policy,
		Roles: held(e.Roles), Privileges: privilegesOf(e.Privileges), Own: privilegesOf(e.Own),
	}
}

func held(roles []engine.RoleHeld) []jsonRole {
	all := []jsonRole{}
	for _, r := range roles {
		all = append(all, jsonRole(r))
	}
	return all
}

func privilegesOf(ps []engine.PrivilegeExplained) []jsonPrivilege {
	var all []jsonPrivilege
	for _, p := range ps {
		one := jsonPrivilege{Privilege: p.Privilege, Granted: p.Denial == nil, By: held(p.By)}
		if p.Denial != nil {
			one.Why = string(p.Denial.Why)
		}
		all = append(all, one)
	}
	return all
}
