package main

import (
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/pcsc/sandbox"
)

// realConfig is a kiosk's configuration for real servers; words in capitals
// are addresses and numbers.
const realConfig = `[station]
name = "desk-3"
folder = "."

[ca.corp]
type = "builtin"
url = "https://CA_SERVER"
certificate_file = "station/station.crt"
key_file = "station/station.key"
root_file = "station/root.crt"

[mail]
server = "MAIL_SERVER"
tls = "starttls"
ca_file = "root.pem"
user = "kiosk"
password_file = "mail-password"
from = "Card kiosk <kiosk@corp.example>"

[vault]
recipient_file = "helpdesk.recipient"

[[role]]
name = "card desk"
privileges = ["all"]
users = ["demo", "ACCOUNT"]

[[policy]]
name = "staff"
search_third_party = true
[policy.setup]
puk = "sealed"
admin_key = "protect"

[[policy.template]]
name = "logon"
ca = "corp"
profile = "logon"
place = "9a"
key = "p256"
subject = "CN={name},O=Corp Example"
san = ["upn={upn}", "email?={mail}"]
usage = ["digitalSignature"]
extended = ["clientAuth", "smartcardLogon"]
binding = "sid-extension"
valid_days = VALID_DAYS
renew_days = 9

[[policy.template]]
name = "signing"
ca = "corp"
profile = "signing"
place = "9c"
key = "rsa2048"
pin = "always"
subject = "CN={name},O=Corp Example"
san = ["email?={mail}"]
usage = ["digitalSignature", "contentCommitment"]
extended = ["emailProtection"]
valid_days = 730
renew_days = 30

[[policy.template]]
name = "encryption"
ca = "corp"
profile = "encryption"
place = "9d"
key = "rsa2048"
optional = true
subject = "CN={name},O=Corp Example"
san = ["email={mail}"]
usage = ["keyEncipherment"]
extended = ["emailProtection"]
valid_days = 730
renew_days = 30
`

// openLDAP is the directory's part of a configuration; its first server is down.
const openLDAP = `
[directory]
kind = "openldap"
servers = ["ldaps://127.0.0.1:1", "ldaps://DIRECTORY"]
ca_file = "root.pem"
bind_dn = "cn=kiosk,dc=corp,dc=example"
password_file = "directory-password"
base_dn = "dc=corp,dc=example"
[directory.attributes]
upn = "userPrincipalName"
sid = "objectSid"
[directory.attributes.disabled]
attribute = "userAccountControl"
bits = 2
`

// site is a kiosk among real servers: a directory, exim, the CA as a process of
// its own, pcscd with a software card in its first virtual reader.
type site struct {
	t      *testing.T
	dir    string
	daemon *sandbox.Daemon
	box    *os.File
	fill   *strings.Replacer

	directory string // its part of the configuration

	passwords struct{ directory, mail, ca string }
	serving   struct { // the CA
		api, public string
		end         func(os.Signal)
		life        *testing.T
	}
}

// startDirectory serves users on this machine, and makes an account that the
// kiosk binds with.
type startDirectory func(t *testing.T, dir, password string) (addr string)

// openSite starts everything. rules are changes of the CA's: what stands in its
// ca.toml, and what is to stand there.
func openSite(t *testing.T, config string, start startDirectory, rules ...string) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), daemon: sandbox.Pcscd(t, 2), directory: config}
	serverCertificate(t, s.dir)
	for _, p := range []*string{&s.passwords.directory, &s.passwords.mail, &s.passwords.ca} {
		*p = "Aa1" + randomWord(20) // as complex as Active Directory wants it
	}
	write(t, s.path("directory-password"), s.passwords.directory)
	write(t, s.path("mail-password"), s.passwords.mail+"\n")
	directory := start(t, s.dir, s.passwords.directory)
	mail, box := startExim(t, s.dir, s.passwords.mail)
	s.box = box
	s.fill = strings.NewReplacer("ACCOUNT", whoami(), "DIRECTORY", directory, "MAIL_SERVER", mail, "CA_SERVER", s.startCA(rules...))
	done(t, "puk", "key", "--identity", s.path("helpdesk.identity"), "--recipient", s.path("helpdesk.recipient"))
	return s
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

func (s *site) startCA(rules ...string) string {
	api, public := freeAddress(s.t), freeAddress(s.t)
	s.serving.api, s.serving.public, s.serving.life = api, public, s.t
	write(s.t, s.path("passphrase"), s.passwords.ca+"\n")
	done(s.t, "ca", "init", s.path("ca"), "--name", "Corp Issuing CA", "--passphrase-file", s.path("passphrase"),
		"--crl-url", "http://"+public+"/crl", "--aia-url", "http://"+public+"/ca.cer", "--server-name", "127.0.0.1")
	done(s.t, "ca", "station", "desk-3", "--ca", s.path("ca"), "--out", s.path("station"), "--passphrase-file", s.path("passphrase"))
	rewriteRules(s.t, s.path("ca"), rules...)
	s.serveCA()
	return api
}

// serveCA starts the CA's process, where it was before.
func (s *site) serveCA() {
	serve := exec.Command(kioskProgram(s.t), "ca", "serve", s.path("ca"), "--listen", s.serving.api, "--http", s.serving.public, "--passphrase-file", s.path("passphrase"))
	s.serving.end = background(s.serving.life, serve, answers(s.serving.api))
}

// insert plugs a software card into the first reader, as a process of its own.
func (s *site) insert(serial string) { s.plugIn(0, serial, "card.json") }

// plugIn plugs a software card into a reader, until the test ends or it is taken
// out.
func (s *site) plugIn(reader int, serial, file string) (takeOut func()) {
	shows := func(card string) func() bool {
		line := regexp.MustCompile(`(?m)^` + strconv.Itoa(reader) + ` +` + card)
		return func() bool {
			out, err := exec.Command("opensc-tool", "-l").CombinedOutput()
			return err == nil && line.Match(out)
		}
	}
	leaves := func() { // the next card is not to be taken for this one
		gone := shows("No")
		for limit := time.Now().Add(time.Minute); !gone() && time.Now().Before(limit); {
		}
	}
	s.t.Cleanup(leaves)
	card := exec.Command(kioskProgram(s.t), "softcard", "--vpcd", s.daemon.Readers[reader].Addr, "--state", s.path(file), "--serial", serial,
		"--admin-key", "3des") // OpenSC asks the card for random numbers by 3DES only
	end := background(s.t, card, shows("Yes"))
	return func() { end(syscall.SIGTERM); leaves() }
}

// configure writes the configuration for logon certificates of so many days.
func (s *site) configure(days string) {
	write(s.t, s.path("config.toml"), s.fill.Replace(strings.ReplaceAll(realConfig+s.directory, "VALID_DAYS", days)))
}

// updated is what kiosk update --json says came of it; of an update with
// nothing to do, everything is empty.
type updated struct {
	End     engine.RunEnd    `json:"end"`
	Written []engine.Managed `json:"written"`
	Removed []engine.Loss    `json:"removed"`
}

func (s *site) update(more ...string) updated { s.t.Helper(); return s.updateOf("alovelace", more...) }

func (s *site) updateOf(user string, more ...string) (result updated) {
	s.t.Helper()
	out := done(s.t, append([]string{"update", "--config", s.path("config.toml"), "--user", user, "--pin-file", s.path("pin"), "--yes", "--json"}, more...)...)
	dec := json.NewDecoder(strings.NewReader(out))
	for dec.More() { // the plan, then the result
		if err := dec.Decode(&result); err != nil {
			s.t.Fatalf("%v in %s", err, out)
		}
	}
	return result
}

// After an update through pcscd, other programs see what the record names, and
// can use it: first issue, then a renewal in which keys are moved.
func TestRealServersAndWitnesses(t *testing.T) {
	needs(t, "yubico-piv-tool", "pkcs11-tool", "pkcs15-tool", "opensc-tool", "openssl")
	s := openSite(t, openLDAP, startSlapd)
	s.insert("712250")
	write(t, s.path("pin"), "48291375\n")
	s.configure("10")
	if out := done(t, "config", "check", s.path("config.toml")); !strings.Contains(out, "is fine") {
		t.Errorf("config check says %q", out)
	}
	first := s.update("--card", "712250", "--assign", "--template", "encryption")
	if first.End != engine.Finished || len(first.Written) != 3 {
		t.Fatalf("first issue: %+v", first)
	}
	s.witness(first.Written)
	if letter := delivered(t, s.box); !strings.Contains(letter, "To: <ada@corp.example>") && !strings.Contains(letter, "To: ada@corp.example") {
		t.Errorf("the letter is not to Ada:\n%s", letter)
	}
	puk := done(t, "puk", "show", "--store", s.path("kiosk.db"), "--card", "0071 2250", "--identity", s.path("helpdesk.identity"))
	if puk = strings.TrimSpace(puk); len(puk) != 8 {
		t.Errorf("the PUK is %q", puk)
	}
	out, err := exec.Command("yubico-piv-tool", "-r", "Virtual", "-a", "unblock-pin", "-P", puk, "-N", "48291375").CombinedOutput()
	if err != nil {
		t.Errorf("the sealed PUK does not unblock: %v\n%s", err, out)
	}

	s.configure("730") // whose logon certificate ends in 10 days is due now: renew_days is 9, so wait for no day
	write(t, s.path("config.toml"), strings.ReplaceAll(read(t, s.path("config.toml")), "renew_days = 9", "renew_days = 30"))
	second := s.update()
	if second.End != engine.Finished || len(second.Written) != 1 || second.Written[0].Place != "9a" {
		t.Fatalf("renewal: %+v", second)
	}
	s.witness([]engine.Managed{second.Written[0], first.Written[1], first.Written[2]})
	if letter := delivered(t, s.box); !strings.Contains(letter, "Message-ID:") && !strings.Contains(letter, "Message-Id:") {
		t.Errorf("the letter has no Message-ID:\n%s", letter)
	}
	s.exitCodes()
}

// witness lets other programs look at the card.
func (s *site) witness(written []engine.Managed) {
	s.t.Helper()
	for _, m := range written {
		if got := engine.Fingerprint(s.onCard(m.Place)); got != m.Fingerprint {
			s.t.Errorf("%s: the card holds %s, the record names %s", m.Place, got, m.Fingerprint)
		}
	}
	out, err := exec.Command("pkcs11-tool", "--test", "--login", "--pin", "48291375").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "No errors") {
		s.t.Errorf("pkcs11-tool --test: %v\n%s", err, out)
	}
	out, err = exec.Command("pkcs15-tool", "-c").CombinedOutput()
	if err != nil || strings.Count(string(out), "X.509 Certificate") != 3 {
		s.t.Errorf("pkcs15-tool lists other certificates: %v\n%s", err, out)
	}
}

// onCard is the certificate in a place of the card, as another program reads it.
func (s *site) onCard(place engine.Place) []byte {
	s.t.Helper()
	out, err := exec.Command("yubico-piv-tool", "-r", "Virtual", "-a", "read-certificate", "-s", string(place)).Output()
	block, _ := pem.Decode(out)
	if err != nil || block == nil {
		s.t.Fatalf("yubico-piv-tool reads no certificate in %s: %v\n%s", place, err, out)
	}
	return block.Bytes
}

// exitCodes are those the README promises.
func (s *site) exitCodes() {
	s.t.Helper()
	base := []string{"update", "--config", s.path("config.toml"), "--user", "alovelace"}
	write(s.t, s.path("short"), "123\n")
	write(s.t, s.path("wrong"), "99999999\n")
	broken := s.path("broken.toml")
	write(s.t, broken, strings.ReplaceAll(read(s.t, s.path("config.toml")), "[mail]", "[mial]"))
	for _, c := range []struct {
		name string
		args []string
		code int
		say  string
	}{
		{"nothing to do", append(base, "--yes", "--pin-file", s.path("pin")), exitDone, ""},
		{"the plan only", append(base, "--dry-run", "--without", "encryption"), exitDone, ""},
		{"not confirmed", append(base, "--without", "encryption"), exitUsage, "--yes"},
		{"no such template", append(base, "--template", "nonsense"), exitUsage, "nonsense"},
		{"assigned and not confirmed", append(base, "--assign", "--card", "712250"), exitUsage, "--yes"},
		{"PIN too short", append(base, "--without", "encryption", "--yes", "--pin-file", s.path("short")), exitUsage, "too short"},
		{"wrong PIN", append(base, "--without", "encryption", "--yes", "--pin-file", s.path("wrong")), exitCard, "2 tries left"},
		{"nothing to take back", append(base, "--take-back", "--without", "encryption", "--yes", "--pin-file", s.path("pin")), exitRefused, "no update of this card was interrupted"},
		{"no such user", []string{"update", "--config", s.path("config.toml"), "--user", "nobody", "--dry-run"}, exitServer, "nobody"},
		{"no card of theirs", []string{"update", "--config", s.path("config.toml"), "--user", "asimecka", "--dry-run"}, exitRefused, "assign"},
		{"broken configuration", []string{"update", "--config", broken, "--user", "x", "--dry-run"}, exitUsage, "mial"},
	} {
		out, errs, code := runKiosk(s.t, c.args...)
		if code != c.code || !strings.Contains(errs, c.say) {
			s.t.Errorf("%s: exit code %d, want %d; it said\n%s%s", c.name, code, c.code, out, errs)
		}
	}
}

func read(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
