package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/config"
	"cardkiosk/engine/ldap"
)

// The groups of the domain: Staff holds Research, which holds Lab, which holds
// Staff again; Crew is in Staff, and somebody's primary group.
const (
	staffDN    = "CN=Staff,DC=corp,DC=example"
	researchDN = `CN=Žižkov\, R\+D (*),DC=corp,DC=example`
	labDN      = `CN=\#1 \"Lab\" 王芳,DC=corp,DC=example`
	crewDN     = "CN=Crew,DC=corp,DC=example"
	crowdDN    = "CN=Crowd,DC=corp,DC=example"
)

const crowd = 2500 // accounts: more than Active Directory gives at once, of entries and of values

// domain is Active Directory with more people in it, and its kiosk.
type domain struct {
	*ldap.Directory
	t   *testing.T
	dir string
}

// openDomain fills the domain of a site that is running.
func openDomain(t *testing.T, s *site) *domain {
	t.Helper()
	cfg, err := config.Load(s.path("config.toml"), config.Trials{})
	if err != nil {
		t.Fatal(err)
	}
	directory, err := ldap.New(directoryConfig(cfg.Directory))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(directory.Close)
	d := &domain{directory, t, s.path("domain")}
	d.ldb("ldbadd", crowdLDIF())
	return d
}

func crowdLDIF() string {
	var b strings.Builder
	group := func(dn string, members ...string) {
		fmt.Fprintf(&b, "dn:: %s\nobjectClass: group\nsAMAccountName: group%d\n", base64.StdEncoding.EncodeToString([]byte(dn)), b.Len())
		for _, m := range members {
			fmt.Fprintf(&b, "member:: %s\n", base64.StdEncoding.EncodeToString([]byte(m)))
		}
		b.WriteString("\n")
	}
	var all []string
	for i := range crowd {
		dn := fmt.Sprintf("CN=Bert Middle%04d,CN=Users,DC=corp,DC=example", i)
		fmt.Fprintf(&b, "dn: %s\nobjectClass: user\nsAMAccountName: bert%04d\ndisplayName: Bert Middle%04d\n\n", dn, i, i)
		all = append(all, dn)
	}
	group(crewDN)
	group(labDN, "CN=Ada Lovelace,CN=Users,DC=corp,DC=example")
	group(researchDN, labDN)
	group(staffDN, researchDN, crewDN)
	group(crowdDN, all...)
	return b.String()
}

// ldb changes the domain behind its server's back.
func (d *domain) ldb(program, ldif string) {
	d.t.Helper()
	cmd := exec.Command(program, "-H", filepath.Join(d.dir, "private", "sam.ldb"))
	cmd.Stdin = strings.NewReader(ldif)
	if out, err := cmd.CombinedOutput(); err != nil {
		d.t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

// modify changes one attribute of an entry.
func (d *domain) modify(dn, deed, attribute, value string) {
	d.t.Helper()
	encoded := base64.StdEncoding.EncodeToString([]byte(dn))
	d.ldb("ldbmodify", fmt.Sprintf("dn:: %s\nchangetype: modify\n%s: %s\n%s: %s\n", encoded, deed, attribute, attribute, value))
}

// account finds one user by logon name.
func (d *domain) account(logon string) engine.User {
	d.t.Helper()
	hits := d.Search(logon)
	defer hits.Close()
	users, err := hits.Next(d.t.Context())
	if err != nil || len(users) != 1 {
		d.t.Fatalf("%d users are called %s, %v", len(users), logon, err)
	}
	return users[0]
}

// found counts the users and the pages of a search.
func (d *domain) found(text string) (users, pages int) {
	d.t.Helper()
	hits := d.Search(text)
	defer hits.Close()
	for {
		page, err := hits.Next(d.t.Context())
		if errors.Is(err, io.EOF) {
			return users, pages
		}
		if err != nil {
			d.t.Fatal(err)
		}
		users, pages = users+len(page), pages+1
	}
}

// members are the logon names of all users in a group.
func (d *domain) members(group string) []string {
	d.t.Helper()
	var ids []engine.UserID
	tell := func(id engine.UserID) error { ids = append(ids, id); return nil }
	if err := d.Members(d.t.Context(), group, tell); err != nil {
		d.t.Fatal(err)
	}
	var logons []string
	err := d.Users(d.t.Context(), ids, func(u engine.User) error {
		logons = append(logons, u.Logon)
		return nil
	})
	if err != nil || len(logons) != len(ids) {
		d.t.Fatalf("of %d members %d are users, %v", len(ids), len(logons), err)
	}
	slices.Sort(logons)
	return logons
}

// groups checks who is in what: nested, in a loop, by the primary group, and in
// groups with more members than Active Directory shows at once.
func (d *domain) groups() {
	t := d.t
	rid := func(dn string) string {
		sid := d.sid(dn)
		return sid[strings.LastIndexByte(sid, '-')+1:]
	}
	kurt := d.account("kgoedel")
	d.modify(crewDN, "add", "member", kurt.DN)
	d.modify(kurt.DN, "replace", "primaryGroupID", rid(crewDN)) // which takes him out of the list of members
	d.modify(labDN, "add", "member", staffDN)
	asked := []string{strings.ToLower(staffDN), researchDN, labDN, crewDN, crowdDN, "CN=Missing,DC=corp,DC=example", "CN=Domain Users,CN=Users,DC=corp,DC=example"}
	for logon, want := range map[string][]string{
		"alovelace": {asked[0], researchDN, labDN, asked[6]},
		"kgoedel":   {asked[0], researchDN, labDN, crewDN, asked[6]},
		"bert0042":  {crowdDN, asked[6]},
	} {
		got, err := d.GroupsOf(t.Context(), d.account(logon), asked)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is in %q (%v), wanted %q", logon, got, err, want)
		}
	}
	for group, want := range map[string][]string{
		staffDN: {"alovelace", "kgoedel"}, crewDN: {"kgoedel"}, asked[5]: nil,
	} {
		if got := d.members(group); !slices.Equal(got, want) {
			t.Errorf("in %s are %q, wanted %q", group, got, want)
		}
	}
	if got := len(d.members(crowdDN)); got != crowd {
		t.Errorf("in %s are %d, wanted %d", crowdDN, got, crowd)
	}
}

// sid is an entry's security identifier, as Samba tells it.
func (d *domain) sid(dn string) string {
	d.t.Helper()
	out, err := exec.Command("ldbsearch", "-H", filepath.Join(d.dir, "private", "sam.ldb"), "-s", "base", "-b", dn, "objectSid").CombinedOutput()
	_, rest, found := bytes.Cut(out, []byte("objectSid: "))
	if err != nil || !found {
		d.t.Fatalf("ldbsearch: %v\n%s", err, out)
	}
	sid, _, _ := strings.Cut(string(rest), "\n")
	return sid
}

// changes checks what is told since a mark: whoever was renamed or disabled,
// and whether a group was touched; and that another server's mark is none.
func (d *domain) changes() {
	t := d.t
	told := func(since engine.Mark) (users []engine.User, now engine.Mark, groups bool) {
		t.Helper()
		now, groups, ok, err := d.Changed(t.Context(), since, func(u engine.User) error {
			users = append(users, u)
			return nil
		})
		if err != nil || !ok {
			t.Fatalf("since %+v: ok %v, %v", since, ok, err)
		}
		return users, now, groups
	}
	start, err := d.Mark(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if users, _, groups := told(start); len(users) > 0 || groups {
		t.Errorf("nothing happened, and told were %+v, groups %v", users, groups)
	}
	kurt := d.account("kgoedel")
	d.modify(kurt.DN, "replace", "displayName", "Kurt G. Newman")
	d.modify(kurt.DN, "replace", "userAccountControl", "514")
	users, now, groups := told(start)
	if len(users) != 1 || users[0].ID != kurt.ID || users[0].Name != "Kurt G. Newman" || !users[0].Disabled || groups {
		t.Errorf("told were %+v, groups %v", users, groups)
	}
	d.modify(labDN, "add", "member", "CN=Bert Middle0001,CN=Users,DC=corp,DC=example")
	if _, _, groups := told(now); !groups {
		t.Error("a group got a member, and it was not told")
	}
	for name, mark := range map[string]engine.Mark{
		"no": {}, "another server's": {Server: "00", USN: now.USN}, "a restored server's": {Server: now.Server, USN: now.USN + 1000},
	} {
		if _, _, ok, err := d.Changed(t.Context(), mark, nil); ok || err != nil {
			t.Errorf("%s mark: ok %v, %v", name, ok, err)
		}
	}
}

// certificates checks that nothing is written without the right to, and that
// what is written is written once, beside what others wrote.
func (d *domain) certificates() {
	t := d.t
	ada := d.account("alovelace")
	old, fresh, foreign := []byte("old"), []byte("fresh"), []byte("foreign") // to Active Directory it is bytes
	const ours, theirs = "X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SR>1200000000AC11000000002B", "Kerberos:ada@ELSEWHERE"
	first := engine.Publication{Add: [][]byte{old}, Bind: []string{ours}}
	if err := d.Publish(t.Context(), ada.ID, first); !engine.Is(err, engine.DirectoryRefused) || !strings.Contains(err.Error(), "may not write") {
		t.Errorf("without rights: %v", err)
	}
	d.modify(ada.DN, "add", "userCertificate", string(foreign))
	d.modify(ada.DN, "add", "altSecurityIdentities", theirs)
	d.grant("kiosk")
	second := engine.Publication{Add: [][]byte{fresh}, Prune: []string{engine.Fingerprint(old)}, Unbind: []string{ours}}
	for _, step := range []struct {
		p               engine.Publication
		certs, bindings []string
	}{
		{first, []string{"foreign", "old"}, []string{theirs, ours}},
		{first, []string{"foreign", "old"}, []string{theirs, ours}},
		{second, []string{"foreign", "fresh"}, []string{theirs}},
		{second, []string{"foreign", "fresh"}, []string{theirs}},
	} {
		if err := d.Publish(t.Context(), ada.ID, step.p); err != nil {
			t.Fatal(err)
		}
		if got := d.values(ada.DN, "userCertificate"); !slices.Equal(got, step.certs) {
			t.Errorf("certificates are %q, wanted %q", got, step.certs)
		}
		if got := d.values(ada.DN, "altSecurityIdentities"); !slices.Equal(got, step.bindings) {
			t.Errorf("bindings are %q, wanted %q", got, step.bindings)
		}
	}
}

// grant lets an account write all users' certificates and bindings (MS-ADA3
// has the two GUIDs, of X509-Cert and of Alt-Security-Identities; the third is
// the class user).
func (d *domain) grant(logon string) {
	d.t.Helper()
	sid := sidOf(d.t, d.dir, logon)
	const user = "bf967aba-0de6-11d0-a285-00aa003049e2"
	for _, attribute := range []string{"bf967a7f-0de6-11d0-a285-00aa003049e2", "00fbf30c-91fe-11d1-aebc-0000f80367c1"} {
		ace := fmt.Sprintf("(OA;CIIO;WP;%s;%s;%s)", attribute, user, sid)
		out, err := exec.Command("samba-tool", "dsacl", "set", "-s", filepath.Join(d.dir, "etc", "smb.conf"), "-H", filepath.Join(d.dir, "private", "sam.ldb"),
			"--objectdn=CN=Users,DC=corp,DC=example", "--sddl="+ace).CombinedOutput()
		if err != nil {
			d.t.Fatalf("samba-tool dsacl: %v\n%s", err, out)
		}
	}
}

// values are the sorted values of an attribute, as Samba tells them.
func (d *domain) values(dn, attribute string) (values []string) {
	d.t.Helper()
	out, err := exec.Command("ldbsearch", "-H", filepath.Join(d.dir, "private", "sam.ldb"), "-s", "base", "-b", dn, attribute).CombinedOutput()
	if err != nil {
		d.t.Fatalf("ldbsearch: %v\n%s", err, out)
	}
	for line := range strings.Lines(strings.ReplaceAll(string(out), "\n ", "")) { // RFC 2849: long lines are folded
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if encoded, is := strings.CutSuffix(name, ":"); is {
			raw, err := base64.StdEncoding.DecodeString(value)
			if err != nil {
				d.t.Fatal(err)
			}
			name, value = encoded, string(raw)
		}
		if name == attribute {
			values = append(values, value)
		}
	}
	slices.Sort(values)
	return values
}
