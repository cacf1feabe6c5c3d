package ldap

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

// The groups of every slapd of these tests. Staff holds Research, which holds
// Lab, which holds Staff again; the names are as hard to write as they may be.
const (
	groupsDN   = "ou=Groups,dc=corp,dc=example"
	staffDN    = "cn=Staff," + groupsDN
	researchDN = `cn=Forschung \2B Entwicklung\, Žižkov (*),` + groupsDN
	labDN      = `cn=\#1 \"Lab\" \\ 王芳,` + groupsDN
	unixDN     = "cn=unix," + groupsDN
	everyoneDN = "cn=everyone," + groupsDN
	oddUserDN  = `uid=x\, \"Zoë\" (*),ou=People,dc=corp,dc=example`
	oddUserID  = "00000000-0000-4000-8000-999999999999"
)

func userDN(i int) string { return fmt.Sprintf("uid=user%04d,dc=corp,dc=example", i) }

func groupsLDIF() string {
	var b strings.Builder
	entry := func(dn string, lines ...string) {
		fmt.Fprintf(&b, "dn:: %s\n", b64(dn))
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ": ")
			fmt.Fprintf(&b, "%s:: %s\n", name, b64(value))
		}
		b.WriteString("modifyTimestamp: 20200101000000Z\n\n")
	}
	entry(groupsDN, "objectClass: organizationalUnit", "ou: Groups")
	entry("ou=People,dc=corp,dc=example", "objectClass: organizationalUnit", "ou: People")
	entry(oddUserDN, "objectClass: inetOrgPerson", `uid: x, "Zoë" (*)`, "cn: Odd", "sn: Odd", "entryUUID: "+oddUserID)
	entry(staffDN, "objectClass: groupOfNames", "cn: Staff", "member: "+researchDN, "member: "+userDN(1))
	entry(researchDN, "objectClass: groupOfNames", "cn: Forschung + Entwicklung, Žižkov (*)", "member: "+labDN, "member: "+userDN(2), "member: "+userDN(1))
	entry(labDN, "objectClass: groupOfUniqueNames", `cn: #1 "Lab" \ 王芳`, "uniqueMember: "+staffDN, "uniqueMember: "+oddUserDN, "uniqueMember: "+userDN(3)+"#'0101'B")
	entry(unixDN, "objectClass: posixGroup", "cn: unix", "gidNumber: 5000", "memberUid: user0004", "memberUid: gone")
	all := []string{"objectClass: groupOfNames", "cn: everyone", "member: cn=nobody,dc=corp,dc=example"}
	for i := range crowd {
		all = append(all, "member: "+userDN(i))
	}
	entry(everyoneDN, all...)
	return b.String()
}

// admin signs in as somebody who may change everything.
func (s *slapd) admin() *goldap.Conn {
	s.t.Helper()
	c, err := goldap.DialURL("ldap://" + s.plain)
	if err == nil {
		err = c.Bind("cn=admin,dc=corp,dc=example", adminPassword)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// Whoever is in a group is in all groups that it is in, however deep, in a loop
// or not, and however the names are written; also when users and groups are
// kept apart.
func TestGroupsOf(t *testing.T) {
	s := newSlapd(t)
	d := open(t, s.config())
	upper := strings.NewReplacer("Žižkov", "ŽIŽKOV", "cn=", "CN=", ",ou=", " , OU=", `\2B`, `\+`).Replace(researchDN)
	asked := []string{staffDN, upper, labDN, unixDN, "cn=Missing," + groupsDN}
	for id, want := range map[string][]string{
		uuid(1):   {staffDN, upper, labDN},
		uuid(2):   {staffDN, upper, labDN},
		uuid(4):   {unixDN},
		uuid(5):   {},
		oddUserID: {staffDN, upper, labDN},
	} {
		got, err := d.GroupsOf(t.Context(), engine.User{ID: engine.UserID(id)}, asked)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is in %q (%v), wanted %q", id, got, err, want)
		}
	}
	cfg := s.config()
	cfg.BaseDN = "ou=People,dc=corp,dc=example"
	if got, err := open(t, cfg).GroupsOf(t.Context(), engine.User{ID: oddUserID}, []string{staffDN}); err != nil || len(got) != 1 {
		t.Errorf("from outside the users' branch: %q, %v", got, err)
	}
	if _, err := d.GroupsOf(t.Context(), engine.User{ID: engine.UserID(uuid(9999))}, asked); !engine.Is(err, engine.UserUnknown) {
		t.Errorf("nobody: %v", err)
	}
}

// Where a server keeps memberOf, it counts.
func TestGroupsOfMemberOf(t *testing.T) {
	s := newSlapd(t, "moduleload memberof", "overlay memberof")
	const dn = "cn=new," + groupsDN
	add := goldap.NewAddRequest(dn, nil)
	add.Attribute("objectClass", []string{"groupOfNames"})
	add.Attribute("member", []string{userDN(7)})
	if err := s.admin().Add(add); err != nil {
		t.Fatal(err)
	}
	got, err := open(t, s.config()).GroupsOf(t.Context(), engine.User{ID: engine.UserID(uuid(7))}, []string{staffDN, dn})
	if err != nil || !slices.Equal(got, []string{dn}) {
		t.Errorf("got %q, %v", got, err)
	}
}

// Every user in a group is told once, also through groups in groups and when
// there are thousands; what is no user is not told.
func TestMembers(t *testing.T) {
	d := open(t, newSlapd(t).config())
	for group, want := range map[string][]string{
		staffDN:    {uuid(1), uuid(2), uuid(3), oddUserID},
		labDN:      {uuid(1), uuid(2), uuid(3), oddUserID},
		unixDN:     {uuid(4)},
		everyoneDN: everybody(),

		"cn=Missing," + groupsDN: nil,
	} {
		var got []string
		err := d.Members(t.Context(), group, func(id engine.UserID) error {
			got = append(got, string(id))
			return nil
		})
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%d members of %s (%v), wanted %d", len(got), group, err, len(want))
		}
	}
}

func everybody() []string {
	var all []string
	for i := range crowd {
		all = append(all, uuid(i))
	}
	return all
}

// Names are the same however they are written.
func TestNames(t *testing.T) {
	n := names{}
	for _, dn := range []string{`CN=Ärger\, groß+OU=x, dc=Corp`, "cn=b,dc=corp"} {
		if !n.add(dn) {
			t.Errorf("%s is not new", dn)
		}
	}
	for _, dn := range []string{`cn=A\cc\88RGER\2c  GROSS+ou=X,DC=corp`, `ou=x+cn=ärger\2C groß,dc=corp`, "CN=B , DC=CORP"} {
		if !n.has(dn) {
			t.Errorf("%s is not known", dn)
		}
	}
	for _, dn := range []string{"cn=b", "cn=b,dc=corp,dc=example", "no name", ""} {
		if n.has(dn) {
			t.Errorf("%q is known", dn)
		}
	}
	if n.add("no name") != true || n.add("no name") {
		t.Error("what is no name does not stand for itself")
	}
}
