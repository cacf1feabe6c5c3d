package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"cardkiosk/engine"
)

// Whoever looks after roles is told of anybody which they have and through what, who
// grants each privilege, and what is left to users with their own card; everybody is
// told that of themselves, and nobody else of anybody.
func TestRolesExplain(t *testing.T) {
	l := openPolicies(t)
	l.desk.Roles = []engine.Role{
		{Name: "Card desk", Privileges: []engine.Privilege{engine.FindUsers, engine.SeeRoles}, Users: []string{"ines"}},
		{Name: "Helpers", Privileges: []engine.Privilege{engine.ViewCard, engine.UpdateCard}, Users: []string{"alovelace"}, Policies: []string{"Staff", "Research"}},
		{Name: "Managers", Privileges: []engine.Privilege{engine.UpdateCard, engine.SeeDue}, Groups: []string{managers}},
	}
	standings := &engine.Standings{Directory: l.desk.Directory, Memberships: l.desk.Memberships, Groups: engine.RoleGroups(l.desk.Roles), Now: l.desk.Now}
	l.desk.Standing = standings.Of
	l.desk.Policies[2].Users = engine.UserOptions{Update: true}
	l.desk.PolicyOf = engine.ByLinks(l.desk.Policies)
	ask := func(user string, asJSON bool) (string, error) {
		var out bytes.Buffer
		err := rolesExplainCmd{User: user, JSON: asJSON}.explain(t.Context(), l.parts, &out)
		return out.String(), err
	}
	for user, golden := range map[string]string{"ada@corp.example": "user", "ines": "oneself", "root": "nobody"} {
		said, err := ask(user, false)
		if err != nil {
			t.Fatalf("%s: %v", user, err)
		}
		goldenRoles(t, golden, said)
	}
	if said, err := ask("alovelase", false); !engine.Is(err, engine.UserUnknown) || said != "" {
		t.Errorf("of a slip: %q, %v", said, err)
	}
	said, err := ask("alovelace", true)
	var e jsonRoles
	if err == nil {
		err = json.Unmarshal([]byte(said), &e)
	}
	if err != nil || len(e.Roles) != 2 || e.Roles[1].Through != managers || len(e.Privileges) != len(engine.Privileges()) || e.Policy != "Managers" {
		t.Errorf("as JSON: %s, %v", said, err)
	}
	l.desk.Roles[0].Privileges = []engine.Privilege{engine.FindUsers}
	if said, err := ask("alovelace", false); !engine.Is(err, engine.Forbidden) || said != "" {
		t.Errorf("without the privilege: %q, %v", said, err)
	}
	if said, err := ask("ines", false); err != nil || !strings.Contains(said, "Card desk, through ines") {
		t.Errorf("about oneself: %q, %v", said, err)
	}
}

func goldenRoles(t *testing.T, name, said string) {
	t.Helper()
	golden(t, "roles/"+name+".golden", said)
}
