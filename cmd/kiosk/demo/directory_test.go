package demo

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
	"go.uber.org/goleak"

	"cardkiosk/engine"
	"cardkiosk/engine/ldap"
)

const directoryPassword = "demo"

// serveDirectory serves a directory with TLS for the time of a test.
func serveDirectory(t *testing.T, change func(*DirectoryConfig)) (d *Directory, roots string) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	roots = filepath.Join(t.TempDir(), "root.pem")
	cfg := DirectoryConfig{Certificate: directoryCertificate(t, roots), Password: []byte(directoryPassword)}
	change(&cfg)
	d, err := ServeDirectory(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, roots
}

// directoryCertificate makes a certificate for 127.0.0.1 that is its own root.
func directoryCertificate(t *testing.T, roots string) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "directory"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// askDirectory is the kiosk's own client of a directory.
func askDirectory(t *testing.T, d *Directory, roots, password string) *ldap.Directory {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	scheme := "ldaps://"
	if d.cfg.StartTLS {
		scheme = "ldap://"
	}
	client, err := ldap.New(ldap.Config{
		Servers: []string{scheme + d.Addr()}, StartTLS: d.cfg.StartTLS, CAFile: roots,
		BindDN: directoryName, PasswordFile: file, BaseDN: directoryBase,
		Attributes: ldap.Attributes{
			UPN: "userPrincipalName", SID: "objectSid", Extra: []string{"employeeNumber", "userCertificate;binary"},
			Disabled: ldap.Mark{Attribute: "userAccountControl", Bits: 2},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// directoryHits reads a search to its end, and returns why it ended if not with the
// last page.
func directoryHits(t *testing.T, client *ldap.Directory, text string) ([]engine.User, error) {
	t.Helper()
	h := client.Search(text)
	defer h.Close()
	var users []engine.User
	for {
		page, err := h.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return users, nil
		}
		if err != nil {
			return users, err
		}
		users = append(users, page...)
	}
}

// Everybody at Corp Example is found by the kiosk's own client, by logon name
// and by every word of their name, whatever letters it is written in.
func TestDirectoryPeople(t *testing.T) {
	d, roots := serveDirectory(t, func(*DirectoryConfig) {})
	client := askDirectory(t, d, roots, directoryPassword)
	people := d.Users()
	if len(people) < 40 {
		t.Errorf("there are %d users only", len(people))
	}
	for _, p := range people {
		for _, text := range append(strings.Fields(p.Name), p.Logon, p.Name) {
			users, err := directoryHits(t, client, text)
			if err != nil || !slices.ContainsFunc(users, func(u engine.User) bool { return u.Ref() == p }) {
				t.Errorf("%q does not find %q among %d: %v", text, p.Name, len(users), err)
			}
		}
		u, err := client.User(t.Context(), p.ID)
		if err != nil || u.Ref() != p || u.UPN != p.Logon+"@corp.example" || !strings.HasPrefix(u.SID, "S-1-5-21-1004336348-1177238915-682003330-11") {
			t.Errorf("%q reads as %+v: %v", p.Logon, u, err)
		}
		if len(u.Attributes["employeeNumber"]) != 1 || u.Disabled != (p.Logon == "golsen") || (u.Mail == "") != (p.Logon == "radamovic") {
			t.Errorf("%q reads as %+v", p.Logon, u)
		}
	}
}

// A name made of filter characters is found by them and by nothing wider.
func TestDirectoryOddName(t *testing.T) {
	d, roots := serveDirectory(t, func(c *DirectoryConfig) { c.StartTLS = true })
	client := askDirectory(t, d, roots, directoryPassword)
	for text, want := range map[string]int{`(bob*) o\h`: 1, "(": 1, "*": 0, "a*": 0, ")(uid=*": 0, "corp.example": 0, "anna müller": 2} {
		if users, err := directoryHits(t, client, text); err != nil || len(users) != want {
			t.Errorf("%q finds %d, wanted %d: %v", text, len(users), want, err)
		}
	}
	if _, err := client.User(t.Context(), "*"); !engine.Is(err, engine.UserUnknown) {
		t.Errorf("user *: %v", err)
	}
}

// Large searches come in pages, each user once; beyond its limit the server
// says so.
func TestDirectoryPages(t *testing.T) {
	const extra = 1000
	d, roots := serveDirectory(t, func(c *DirectoryConfig) { c.Extra = extra })
	users, err := directoryHits(t, askDirectory(t, d, roots, directoryPassword), "extra")
	ids := map[engine.UserID]bool{}
	for _, u := range users {
		ids[u.ID] = true
	}
	if err != nil || len(users) != extra || len(ids) != extra {
		t.Errorf("%d users with %d ids: %v", len(users), len(ids), err)
	}

	limited, roots := serveDirectory(t, func(c *DirectoryConfig) { c.Extra, c.SizeLimit = extra, 450 })
	users, err = directoryHits(t, askDirectory(t, limited, roots, directoryPassword), "extra")
	if !engine.Is(err, engine.DirectoryRefused) || len(users) != 450 {
		t.Errorf("with a limit %d users: %v", len(users), err)
	}
}

// dialDirectory is another client: the library's.
func dialDirectory(t *testing.T, d *Directory) *goldap.Conn {
	t.Helper()
	c, err := goldap.DialURL("ldap://" + d.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// directoryWithoutTLS serves a directory that any client can ask.
func directoryWithoutTLS(c *DirectoryConfig) { c.Certificate = nil }

// Nobody reads anything without having signed in with the right password, and
// over TLS where the server has it.
func TestDirectorySignIn(t *testing.T) {
	secure, roots := serveDirectory(t, func(c *DirectoryConfig) { c.StartTLS = true })
	if _, err := directoryHits(t, askDirectory(t, secure, roots, "wrong"), "ada"); !engine.Is(err, engine.DirectoryRefused) {
		t.Errorf("wrong password: %v", err)
	}
	c := dialDirectory(t, secure)
	if err := c.Bind(directoryName, directoryPassword); !goldap.IsErrorWithCode(err, goldap.LDAPResultConfidentialityRequired) {
		t.Errorf("without TLS: %v", err)
	}
	everything := &goldap.SearchRequest{BaseDN: directoryBase, Scope: goldap.ScopeWholeSubtree, Filter: "(objectClass=*)"}
	if err := c.UnauthenticatedBind(""); err != nil {
		t.Errorf("anonymous: %v", err)
	}
	if r, err := c.Search(everything); !goldap.IsErrorWithCode(err, goldap.LDAPResultInsufficientAccessRights) || len(r.Entries) > 0 {
		t.Errorf("anonymous: %v", err)
	}
	if err := c.UnauthenticatedBind(directoryName); err == nil {
		t.Error("a name without a password was let in")
	}
}

// Scopes and filters mean what RFC 4511 says.
func TestDirectoryFilters(t *testing.T) {
	d, _ := serveDirectory(t, directoryWithoutTLS)
	c := dialDirectory(t, d)
	if err := c.Bind(directoryName, directoryPassword); err != nil {
		t.Fatal(err)
	}
	people := len(d.Users())
	for _, q := range []struct {
		scope  int
		base   string
		filter string
		want   int
	}{
		{goldap.ScopeWholeSubtree, "DC=Corp, DC=example", "(uid=*)", people},
		{goldap.ScopeSingleLevel, directoryBase, "(objectClass=*)", 3},
		{goldap.ScopeBaseObject, directoryBase, "(objectClass=*)", 1},
		{goldap.ScopeSingleLevel, "ou=Research,dc=corp,dc=example", "(uid=*)", 22},
		{goldap.ScopeWholeSubtree, directoryBase, "(&(uid=*)(!(mail=*)))", 1},
		{goldap.ScopeWholeSubtree, directoryBase, "(&(uid=*)(!(userAccountControl=512)))", 1},
		{goldap.ScopeWholeSubtree, directoryBase, "(|(SN=lovelace)(sn=TURING)(sn=nobody))", 2},
		{goldap.ScopeWholeSubtree, directoryBase, "(mail=ada*corp*example)", 2},
		{goldap.ScopeWholeSubtree, directoryBase, "(mail=*.example)", people - 1},
		{goldap.ScopeWholeSubtree, directoryBase, "(mail=a*a*a*a*a*a*a)", 0},
		{goldap.ScopeWholeSubtree, directoryBase, "(sn=ŠIMEČKA)", 1},
		{goldap.ScopeWholeSubtree, directoryBase, "(&(employeeNumber>=10007)(employeeNumber<=10014))", 2},
	} {
		r, err := c.Search(&goldap.SearchRequest{BaseDN: q.base, Scope: q.scope, Filter: q.filter, Attributes: []string{"1.1"}})
		if err != nil || len(r.Entries) != q.want {
			t.Errorf("%s in %s (%d): %d entries, wanted %d: %v", q.filter, q.base, q.scope, len(r.Entries), q.want, err)
		}
	}
	if _, err := c.Search(&goldap.SearchRequest{BaseDN: "dc=elsewhere", Filter: "(uid=*)"}); !goldap.IsErrorWithCode(err, goldap.LDAPResultNoSuchObject) {
		t.Errorf("another base: %v", err)
	}
	if err := c.Del(goldap.NewDelRequest(directoryBase, nil)); !goldap.IsErrorWithCode(err, goldap.LDAPResultUnwillingToPerform) {
		t.Errorf("delete: %v", err)
	}
}

// A cookie is good for the next page of its own search, once.
func TestDirectoryCookie(t *testing.T) {
	d, _ := serveDirectory(t, directoryWithoutTLS)
	c := dialDirectory(t, d)
	if err := c.Bind(directoryName, directoryPassword); err != nil {
		t.Fatal(err)
	}
	paging := goldap.NewControlPaging(10)
	page := func(filter string) error {
		r, err := c.Search(&goldap.SearchRequest{
			BaseDN: directoryBase, Scope: goldap.ScopeWholeSubtree, Filter: filter, Controls: []goldap.Control{paging},
		})
		if err != nil {
			return err
		}
		if len(r.Entries) != 10 {
			t.Errorf("%d entries on a page", len(r.Entries))
		}
		if answer, ok := goldap.FindControl(r.Controls, goldap.ControlTypePaging).(*goldap.ControlPaging); ok {
			paging.Cookie = answer.Cookie
		}
		return nil
	}
	if err := page("(uid=*)"); err != nil || len(paging.Cookie) == 0 {
		t.Fatalf("first page: %v", err)
	}
	first := slices.Clone(paging.Cookie)
	if err := page("(uid=*)"); err != nil {
		t.Errorf("second page: %v", err)
	}
	paging.Cookie = first
	if err := page("(uid=*)"); !goldap.IsErrorWithCode(err, goldap.LDAPResultUnwillingToPerform) {
		t.Errorf("an old cookie: %v", err)
	}
	paging.Cookie = nil
	if err := page("(uid=*)"); err != nil {
		t.Errorf("first page again: %v", err)
	}
	if err := page("(sn=*)"); !goldap.IsErrorWithCode(err, goldap.LDAPResultUnwillingToPerform) {
		t.Errorf("another search's cookie: %v", err)
	}
}

// OpenLDAP's own client reads the directory: over LDAPS, in pages.
func TestDirectoryWitness(t *testing.T) {
	if _, err := exec.LookPath("ldapsearch"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("package ldap-utils is not installed")
		}
		t.Skip("package ldap-utils is not installed")
	}
	d, roots := serveDirectory(t, func(*DirectoryConfig) {})
	search := exec.CommandContext(t.Context(), "ldapsearch", "-x", "-LLL", "-H", "ldaps://"+d.Addr(), "-D", directoryName, "-w", directoryPassword,
		"-b", directoryBase, "-E", "pr=7/noprompt", "(objectClass=inetOrgPerson)", "uid", "entryUUID")
	search.Env = append(os.Environ(), "LDAPTLS_CACERT="+roots)
	out, err := search.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, u := range d.Users() {
		if !strings.Contains(string(out), fmt.Sprintf("entryUUID: %s\nuid: %s\n", u.ID, u.Logon)) {
			t.Errorf("ldapsearch does not show %s", u.Logon)
		}
	}
}

// Neither a client that is connected nor one that says nothing keeps the
// server from closing; nor does rubbish harm it.
func TestDirectoryCloses(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d, err := ServeDirectory(ctx, DirectoryConfig{Password: []byte(directoryPassword)})
	if err != nil {
		t.Fatal(err)
	}
	for _, rubbish := range []string{"GET / HTTP/1.1\r\n\r\n", "\x30\x00", "\x30\x05\x02\x01\x01\x63\x00", "\x30\x07\x02\x01\x01\x60\x02\x02\x00"} {
		c, err := net.Dial("tcp", d.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte(rubbish)); err != nil {
			t.Error(err)
		}
	}
	c := dialDirectory(t, d)
	if err := c.Bind(directoryName, directoryPassword); err != nil {
		t.Errorf("after the rubbish: %v", err)
	}
	cancel()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", d.Addr()); err == nil {
		t.Error("the server still listens")
	}
}

// The directory is for this machine only.
func TestDirectoryLoopback(t *testing.T) {
	if d, err := ServeDirectory(t.Context(), DirectoryConfig{Address: "0.0.0.0:0"}); err == nil {
		t.Error("it listens on every address")
		_ = d.Close()
	}
}

// The demo's groups hold groups, and its people's certificates can be published:
// once, beside others', and visible as a change.
func TestDirectoryGroupsAndCertificates(t *testing.T) {
	d, roots := serveDirectory(t, func(*DirectoryConfig) {})
	client := askDirectory(t, d, roots, directoryPassword)
	const staff, lab, duty = "cn=staff,ou=groups,dc=corp,dc=example", "cn=Laboratory,ou=Groups,dc=corp,dc=example", "cn=Duty Officers,ou=Groups,dc=corp,dc=example"
	ada := d.Users()[0]
	in, err := client.GroupsOf(t.Context(), engine.User{ID: ada.ID}, []string{staff, lab, duty})
	if err != nil || !slices.Equal(in, []string{staff, lab}) {
		t.Errorf("%s is in %q, %v", ada.Name, in, err)
	}
	members := 0
	if err := client.Members(t.Context(), staff, func(engine.UserID) error { members++; return nil }); err != nil || members != 6 {
		t.Errorf("%d are in %s, %v", members, staff, err)
	}

	mark, err := client.Mark(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first := engine.Publication{Add: [][]byte{[]byte("old"), []byte("other")}}
	second := engine.Publication{Add: [][]byte{[]byte("new")}, Prune: []string{engine.Fingerprint([]byte("old"))}}
	for _, p := range []engine.Publication{first, first, second, second} {
		if err := client.Publish(t.Context(), ada.ID, p); err != nil {
			t.Fatal(err)
		}
	}
	u, err := client.User(t.Context(), ada.ID)
	if got := u.Attributes["userCertificate;binary"]; err != nil || !slices.Equal(got, []string{"other", "new"}) {
		t.Errorf("published are %q, %v", got, err)
	}
	var changed []engine.UserID
	_, _, ok, err := client.Changed(t.Context(), mark, func(u engine.User) error { changed = append(changed, u.ID); return nil })
	if err != nil || !ok || !slices.Equal(changed, []engine.UserID{ada.ID}) {
		t.Errorf("changed are %q, ok %v, %v", changed, ok, err)
	}
}
