package main

import (
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cardkiosk/engine"
)

// activeDirectory is all that a configuration has to say of one: the rest is
// meant where it is left out.
const activeDirectory = `
[directory]
kind = "active-directory"
servers = ["ldaps://DIRECTORY"]
ca_file = "root.pem"
bind_dn = "kiosk@corp.example"
password_file = "directory-password"
base_dn = "DC=corp,DC=example"
`

// startSamba serves an Active Directory with a few people, on the ports that
// it insists on.
func startSamba(t *testing.T, dir, password string) (addr string) {
	t.Helper()
	needs(t, "samba", "samba-tool")
	if os.Geteuid() != 0 || !ownMachine() {
		if os.Getenv("CI") != "" {
			t.Fatal("Samba's domain controller needs root")
		}
		t.Skip("Samba's domain controller needs root")
	}
	domain := filepath.Join(dir, "domain")
	conf := filepath.Join(domain, "etc", "smb.conf")
	admin := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("samba-tool", args...).CombinedOutput(); err != nil {
			t.Fatalf("samba-tool %s %s: %v\n%s", args[0], args[1], err, out)
		}
	}
	admin("domain", "provision", "--targetdir="+domain, "--realm=CORP.EXAMPLE", "--domain=CORP", "--adminpass=Aa1!"+randomWord(12),
		"--server-role=dc", "--dns-backend=NONE", "--use-rfc2307", "--option=interfaces=lo", "--option=bind interfaces only=yes")
	settings := read(t, conf)
	settings = strings.Replace(settings, "[global]\n", "[global]\n\ttls enabled = yes\n\ttls certfile = "+dir+"/server.pem\n\ttls keyfile = "+dir+"/server.key\n\ttls cafile = "+dir+"/root.pem\n\tlog file = "+domain+"/log.%m\n", 1)
	write(t, conf, settings)
	database := []string{"-s", conf, "-H", filepath.Join(domain, "private", "sam.ldb")}
	admin(append([]string{"user", "create", "kiosk", password}, database...)...)
	for _, p := range [][]string{
		{"alovelace", "Ada", "Lovelace"}, {"zvdberg", "Zoë", "van der Berg"}, {"kgoedel", "Kurt (*\\)", "Gödel"}, {margaret, "Margaret", "Hamilton"},
	} {
		admin(append([]string{
			"user", "create", p[0], "Aa1!" + randomWord(12), "--given-name=" + p[1], "--surname=" + p[2], "--mail-address=" + p[0] + "@corp.example",
		}, database...)...)
	}
	admin(append([]string{"user", "disable", "zvdberg"}, database...)...)
	addr = "127.0.0.1:636"
	background(t, exec.Command("samba", "-F", "--no-process-group", "-M", "single", "-s", conf), answers(addr))
	return addr
}

// ownMachine reports whether root here is root, not an ordinary user who looks
// like it.
func ownMachine() bool {
	ids, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && strings.Join(strings.Fields(string(ids)), " ") == "0 0 4294967295"
}

// sidOf is an account's security identifier, as Samba tells it.
func sidOf(t *testing.T, domain, logon string) string {
	t.Helper()
	out, err := exec.Command("samba-tool", "user", "show", logon, "--attributes=objectSid",
		"-s", filepath.Join(domain, "etc", "smb.conf"), "-H", filepath.Join(domain, "private", "sam.ldb")).CombinedOutput()
	_, sid, ok := strings.Cut(string(out), "objectSid: ")
	if err != nil || !ok {
		t.Fatalf("samba-tool user show: %v\n%s", err, out)
	}
	return strings.TrimSpace(sid)
}

// Against an Active Directory the shortest configuration finds people by any
// part of their name, and the certificate names the account so that Windows
// takes it. Nested groups, changes and certificates are as Active Directory has
// them, and decide about policies, reasons and what users' entries show.
func TestActiveDirectory(t *testing.T) {
	s := openSite(t, activeDirectory, startSamba)
	s.insert("712270")
	s.configure("730")
	write(t, s.path("pin"), "48291375\n")
	for says, args := range map[string][]string{
		"no card":  {"--user", "kgoedel", "--dry-run"},
		"disabled": {"--user", "zvdberg", "--card", "712270", "--assign", "--yes", "--pin-file", s.path("pin")},
	} {
		_, errs, code := runKiosk(t, append([]string{"update", "--config", s.path("config.toml")}, args...)...)
		if code != exitRefused || !strings.Contains(errs, says) {
			t.Errorf("exit code %d, it said %s, not %q", code, errs, says)
		}
	}
	first := s.update("--card", "712270", "--assign")
	if first.End != engine.Finished || len(first.Written) != 2 {
		t.Fatalf("first issue: %+v", first)
	}
	c, err := x509.ParseCertificate(s.onCard("9a"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(c.Subject.String(), "CN=Ada Lovelace") {
		t.Errorf("the certificate is for %s", c.Subject)
	}
	says := map[string]string{}
	for _, e := range c.Extensions {
		says[e.Id.String()] = string(e.Value)
	}
	const alternativeNames, securityExtension = "2.5.29.17", "1.3.6.1.4.1.311.25.2" // the latter: MS-WCCE 2.2.2.7.7.4
	if !strings.Contains(says[alternativeNames], "alovelace@corp.example") {
		t.Errorf("the alternative names are %q", says[alternativeNames])
	}
	if sid := sidOf(t, s.path("domain"), "alovelace"); !strings.Contains(says[securityExtension], sid) {
		t.Errorf("the security extension is %q, the account's SID %s", says[securityExtension], sid)
	}

	d := openDomain(t, s)
	if users, pages := d.found("bert"); users != crowd || pages != (crowd+199)/200 {
		t.Errorf("%d users on %d pages were found, wanted %d", users, pages, crowd)
	}
	d.groups()
	d.recipients()
	d.changes()
	m := openMember(d, s)
	m.renamed()
	d.certificates()
	m.published()
	m.takenBack()
	m.movedAndDisabled()
}
