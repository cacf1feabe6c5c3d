package main

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cardkiosk/engine"
)

// members is a directory's word of who is in which group, by logon name.
type members map[string][]string

func (m members) GroupsOf(_ context.Context, u engine.User, groups []string) ([]string, error) {
	if m == nil {
		return nil, &engine.Error{Op: "find groups", Kind: engine.DirectoryAway, Err: errors.New("no route")}
	}
	return slices.DeleteFunc(slices.Clone(groups), func(g string) bool { return !slices.Contains(m[u.Logon], g) }), nil
}

const managers = "cn=managers,ou=groups,dc=corp,dc=example"

// openPolicies is the demo with three policies: everybody's, that of a
// container and that of a group.
func openPolicies(t *testing.T) *lobby {
	t.Helper()
	l := openLobby(t)
	staff := l.desk.Policies[0]
	research, boss := staff, staff
	research.Name, research.Links = "Research", []engine.Link{{Container: "OU=research, DC=corp, DC=example"}}
	boss.Name, boss.Priority, boss.Links = "Managers", 10, []engine.Link{{Group: managers}}
	l.desk.Policies = []engine.Policy{staff, research, boss}
	l.desk.PolicyOf, l.desk.PolicyGroups = engine.ByLinks(l.desk.Policies), groupsOf(l.desk.Policies)
	l.desk.Memberships = members{"alovelace": {managers}}
	return l
}

// Somebody who asks is told which policy a user has, through which link, and of
// each other policy why it is not theirs.
func TestPolicyExplain(t *testing.T) {
	l := openPolicies(t)
	for user, want := range map[string]string{
		"alovelace": `Ada Lovelace (alovelace) has the policy Managers
  because it is linked to the group cn=managers,ou=groups,dc=corp,dc=example; priority 10
  SHA-256 of its text: …
Not theirs
  Research: its priority is lower (priority 0; it is linked to the container OU=research, DC=corp, DC=example)
  Staff: its priority is lower (priority 0; it is everybody's)
`,
		"adam@corp.example": `Adam Šimečka (asimecka) has the policy Research
  because it is linked to the container OU=research, DC=corp, DC=example; priority 0
  SHA-256 of its text: …
Not theirs
  Staff: a link to a container goes before none (priority 0; it is everybody's)
  Managers: none of its links leads to this user (priority 10)
`,
		"7d1c1102-5a3e-4f6b-9c2d-0c0a9e5e1102": "Adam Šimečka (asimecka) has the policy Research\n",
	} {
		var out bytes.Buffer
		if err := (policyExplainCmd{User: user}).explain(t.Context(), l.parts, &out); err != nil {
			t.Errorf("%s: %v", user, err)
		}
		got := regexp.MustCompile(`[0-9a-f]{64}`).ReplaceAllString(out.String(), "…")
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: said\n%s\nnot\n%s", user, got, want)
		}
	}
}

// What the explanation says is what the profile has, also for members of
// groups: both ask the directory the same.
func TestPolicyOfGroup(t *testing.T) {
	l := openPolicies(t)
	user, err := meant(t.Context(), l.parts, "alovelace")
	if err != nil {
		t.Fatal(err)
	}
	profile, err := l.desk.Profile(t.Context(), l.actor, user.ID)
	if err != nil || profile.Policy != "Managers" {
		t.Errorf("policy %q, %v", profile.Policy, err)
	}
	l.desk.Memberships = members(nil)
	if _, err = l.desk.Profile(t.Context(), l.actor, user.ID); !engine.Is(err, engine.DirectoryAway) {
		t.Errorf("without an answer about groups: %v", err)
	}
}

// Without a policy for somebody that is said, with the code of a refusal, and
// still of each policy why it is not theirs.
func TestPolicyExplainNone(t *testing.T) {
	l := openPolicies(t)
	l.desk.Policies = l.desk.Policies[2:]
	var out bytes.Buffer
	err := policyExplainCmd{User: "asimecka"}.explain(t.Context(), l.parts, &out)
	want := `Adam Šimečka (asimecka) has no policy
Not theirs
  Managers: none of its links leads to this user (priority 10)
`
	if !engine.Is(err, engine.NoPolicy) || exitCode(err) != exitRefused || out.String() != want {
		t.Errorf("said %q, %v", out.String(), err)
	}
}

// Nobody is explained who is not there.
func TestPolicyExplainNobody(t *testing.T) {
	l := openPolicies(t)
	var out bytes.Buffer
	err := policyExplainCmd{User: "nobody"}.explain(t.Context(), l.parts, &out)
	if !engine.Is(err, engine.UserUnknown) || !strings.Contains(err.Error(), "nobody with this logon name") {
		t.Errorf("%v", err)
	}
}

// The directory is asked for what recipes read and for what is tracked, and for
// nothing that a user has a field for.
func TestAsked(t *testing.T) {
	subject, err := engine.ParseNameRecipe("CN={name},OU={department}")
	if err != nil {
		t.Fatal(err)
	}
	san, err := engine.ParseSANRecipe("email?={mail}")
	if err != nil {
		t.Fatal(err)
	}
	policies := []engine.Policy{{Templates: []engine.Template{
		{Subject: subject, SAN: []engine.SANRecipe{san}, Tracked: []string{"mail", "title", "department"}},
	}}}
	if got := asked(policies); !slices.Equal(got, []string{"department", "title"}) {
		t.Errorf("asked for %v", got)
	}
}
