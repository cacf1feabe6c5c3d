package ldap

import (
	"slices"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

// mails are the addresses of users, in order; "" of one without.
func mails(users []engine.User) []string {
	all := []string{}
	for _, u := range users {
		all = append(all, u.Mail)
	}
	slices.Sort(all)
	return all
}

// give sets an attribute of an entry.
func (s *slapd) give(dn, attribute string, values ...string) {
	s.t.Helper()
	m := goldap.NewModifyRequest(dn, nil)
	m.Replace(attribute, values)
	if err := s.admin().Modify(m); err != nil {
		s.t.Fatal(err)
	}
}

// A user's managers are the entries that the directory names, wherever they lie
// and whatever they are; one who is gone is nobody.
func TestManagersOf(t *testing.T) {
	s := newSlapd(t)
	cfg := s.config()
	cfg.Attributes.Manager = "manager"
	cfg.BaseDN = "ou=People,dc=corp,dc=example"
	d := open(t, cfg)
	const users = "dc=corp,dc=example" // outside the branch of the users
	for name, c := range map[string]struct{ managers, want []string }{
		"none":               {nil, []string{}},
		"one":                {[]string{"uid=user0001," + users}, []string{"mail0001@corp.example"}},
		"two":                {[]string{"uid=user0001," + users, "UID=user0002 ," + users}, []string{"mail0001@corp.example", "mail0002@corp.example"}},
		"without an address": {[]string{"uid=user0007," + users}, []string{""}},
		"gone":               {[]string{"uid=gone," + users, "uid=user0003," + users}, []string{"mail0003@corp.example"}},
		"themselves":         {[]string{oddUserDN}, []string{""}},
		"a group":            {[]string{staffDN}, []string{""}},
	} {
		s.give(oddUserDN, "manager", c.managers...)
		got, err := d.ManagersOf(t.Context(), oddUserID)
		if err != nil || !slices.Equal(mails(got), c.want) {
			t.Errorf("%s: %q, %v, want %q", name, mails(got), err, c.want)
		}
	}
	if _, err := d.ManagersOf(t.Context(), "00000000-0000-4000-8000-000000009999"); !engine.Is(err, engine.UserUnknown) {
		t.Errorf("nobody's manager: %v", err)
	}
	s.give(oddUserDN, "manager", "uid=user0001,"+users)
	for attribute, want := range map[string][]string{"": {}, "sn": {}} { // of text nothing can be read
		cfg.Attributes.Manager = attribute
		if got, err := open(t, cfg).ManagersOf(t.Context(), oddUserID); err != nil || len(got) != len(want) {
			t.Errorf("by %q: %v, %v", attribute, got, err)
		}
	}
	s.kill()
	if _, err := d.ManagersOf(t.Context(), oddUserID); !engine.Is(err, engine.DirectoryAway) {
		t.Errorf("without a directory: %v", err)
	}
}

// Everybody in a group is found with their address, also through groups in
// groups, once each and however many.
func TestMembersOf(t *testing.T) {
	s := newSlapd(t)
	d := open(t, s.config())
	for group, want := range map[string][]string{
		staffDN: {"", "mail0001@corp.example", "mail0002@corp.example", "mail0003@corp.example"},
		unixDN:  {"mail0004@corp.example"},

		"cn=Missing," + groupsDN: {},
	} {
		if got, err := d.MembersOf(t.Context(), group); err != nil || !slices.Equal(mails(got), want) {
			t.Errorf("%s: %q, %v, want %q", group, mails(got), err, want)
		}
	}
	if got, err := d.MembersOf(t.Context(), everyoneDN); err != nil || len(got) != crowd {
		t.Errorf("%d of everyone, %v", len(got), err)
	}
	s.kill()
	if _, err := d.MembersOf(t.Context(), staffDN); !engine.Is(err, engine.DirectoryAway) {
		t.Errorf("without a directory: %v", err)
	}
}
