package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"cardkiosk/engine"
)

// linked makes a policy of "name priority link …"; a link is "c:DN" or "g:DN",
// with ; between its parts.
func linked(text string) engine.Policy {
	fields := strings.Fields(text)
	p := engine.Policy{Name: fields[0]}
	_, _ = fmt.Sscan(fields[1], &p.Priority)
	for _, l := range fields[2:] {
		kind, dn, _ := strings.Cut(l, ":")
		dn = strings.ReplaceAll(dn, ";", ",")
		if kind == "g" {
			p.Links = append(p.Links, engine.Link{Group: dn})
		} else {
			p.Links = append(p.Links, engine.Link{Container: dn})
		}
	}
	return p
}

func linkedAll(texts ...string) (all []engine.Policy) {
	for _, t := range texts {
		all = append(all, linked(t))
	}
	return all
}

var ada = engine.User{
	ID: "1", Name: "Ada Lovelace", DN: "CN=Ada Lovelace,OU=Research,OU=Staff,DC=corp",
	Groups: []string{"CN=Engineers,DC=corp", "cn=managers,dc=corp"},
}

// The rule, each part of it on both of its sides.
func TestAssigned(t *testing.T) {
	for _, c := range []struct {
		name     string
		policies []engine.Policy
		want     string // the winner, then the losers with why
	}{
		{"everybody's", linkedAll("a 0"), "a"},
		{"first of equals", linkedAll("a 0", "b 0"), "a, b: stands later"},
		{"priority", linkedAll("a 0 g:cn=managers;dc=corp", "b 1"), "b, a: priority"},
		{"negative priority", linkedAll("a -1", "b 0"), "b, a: priority"},
		{"priority does not make a link", linkedAll("a 9 c:OU=Sales;DC=corp", "b 0"), "b, a: no link"},
		{"group over container", linkedAll("a 0 c:ou=research;ou=staff;dc=corp", "b 0 g:CN=Managers;DC=corp"), "b, a: group"},
		{"group over everybody's", linkedAll("a 0", "b 0 g:CN=Managers;DC=corp"), "b, a: group"},
		{"container over everybody's", linkedAll("a 0", "b 0 c:DC=corp"), "b, a: container"},
		{"deeper container", linkedAll("a 0 c:OU=Staff;DC=corp", "b 0 c:OU=Research;OU=Staff;DC=corp"), "b, a: shallow"},
		{"same container", linkedAll("a 0 c:OU=Staff;DC=corp", "b 0 c:ou=staff;dc=corp"), "a, b: stands later"},
		{"groups are equal", linkedAll("a 0 g:CN=Engineers;DC=corp", "b 0 g:CN=Managers;DC=corp"), "a, b: stands later"},
		{"the best of its links", linkedAll("a 0 c:DC=corp g:CN=Nobody;DC=corp", "b 0 c:DC=corp c:OU=Staff;DC=corp"), "b, a: shallow"},
		{
			"losers in their order", linkedAll("a 0 c:OU=Sales;DC=corp", "b 0", "c 0 c:DC=corp", "d 5", "e 5 g:CN=Managers;DC=corp"),
			"e, d: group, c: priority, b: priority, a: no link",
		},
		{"none", linkedAll("a 0 c:OU=Sales;DC=corp", "b 0 g:CN=Nobody;DC=corp"), "-, a: no link, b: no link"},
		{"no policy", nil, "-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			winner, candidates, ok := engine.Assigned(c.policies, ada)
			var got []string
			if !ok {
				got = append(got, "-")
			}
			for i, one := range candidates {
				switch {
				case one.Lost != engine.Won:
					got = append(got, one.Policy.Name+": "+string(one.Lost))
				case i == 0 && one.Policy.Name == winner.Name:
					got = append(got, winner.Name)
				default:
					t.Errorf("%s won as well", one.Policy.Name)
				}
			}
			if text := strings.Join(got, ", "); text != c.want {
				t.Errorf("%s, not %s", text, c.want)
			}
			alone, err := engine.ByLinks(c.policies)(ada)
			if ok != (err == nil) || alone.Name != winner.Name || !ok && !engine.Is(err, engine.NoPolicy) {
				t.Errorf("ByLinks: %s, %v", alone.Name, err)
			}
		})
	}
}

// The winner's link is the one that counted.
func TestAssignedLink(t *testing.T) {
	_, candidates, _ := engine.Assigned(linkedAll("a 0 c:DC=corp c:OU=Staff;DC=corp g:CN=Managers;DC=corp"), ada)
	if got := candidates[0].Link; got != (engine.Link{Group: "CN=Managers,DC=corp"}) {
		t.Errorf("link %+v", got)
	}
}

// A user of whom the directory tells no place, or one that cannot be read, is
// reached by policies for everybody and by groups only.
func TestAssignedNowhere(t *testing.T) {
	policies := linkedAll("a 5 c:DC=corp", "b 0")
	for _, where := range []string{"", "Ada Lovelace"} {
		if winner, _, ok := engine.Assigned(policies, engine.User{DN: where}); !ok || winner.Name != "b" {
			t.Errorf("%q: %s, %v", where, winner.Name, ok)
		}
	}
}

// A policy that another one always beats is found, and no other.
func TestShadowed(t *testing.T) {
	for _, c := range []struct {
		name     string
		policies []engine.Policy
		want     string
	}{
		{"same group", linkedAll("a 0 g:CN=A;DC=corp", "b 1 g:cn=a;dc=corp"), "a by b"},
		{"same group, stands later", linkedAll("a 0 g:CN=A;DC=corp", "b 0 g:cn=a;dc=corp"), "b by a"},
		{"another group", linkedAll("a 0 g:CN=A;DC=corp", "b 1 g:CN=B;DC=corp"), ""},
		{"everybody's", linkedAll("a 0 g:CN=A;DC=corp", "b 1"), "a by b"},
		{"everybody's, equal", linkedAll("a 0 g:CN=A;DC=corp", "b 0"), ""},
		{"two for everybody", linkedAll("a 0", "b 0"), "b by a"},
		{"container around", linkedAll("a 0 c:OU=A;DC=corp", "b 1 c:DC=corp"), "a by b"},
		{"container around, equal", linkedAll("a 0 c:OU=A;DC=corp", "b 0 c:DC=corp"), ""},
		{"container within", linkedAll("a 0 c:DC=corp", "b 1 c:OU=A;DC=corp"), ""},
		{"one link is free", linkedAll("a 0 g:CN=A;DC=corp g:CN=B;DC=corp", "b 1 g:CN=A;DC=corp"), ""},
		{"each link by another", linkedAll("a 0 g:CN=A;DC=corp g:CN=B;DC=corp", "b 1 g:CN=A;DC=corp", "c 1 g:CN=B;DC=corp"), "a by b c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for i, p := range c.policies {
				if by, ok := engine.Shadowed(c.policies, i); ok {
					text := p.Name + " by"
					for _, j := range by {
						text += " " + c.policies[j].Name
					}
					got = append(got, text)
				}
			}
			if text := strings.Join(got, ", "); text != c.want {
				t.Errorf("%q, not %q", text, c.want)
			}
		})
	}
}

// The choice costs little enough to be made for every card in a report.
func BenchmarkByLinks(b *testing.B) {
	of := engine.ByLinks(linkedAll("a 0", "b 5 c:OU=Staff;DC=corp", "c 5 g:CN=Managers;DC=corp", "d 9 c:OU=Sales;DC=corp"))
	for b.Loop() {
		if _, err := of(ada); err != nil {
			b.Fatal(err)
		}
	}
}
