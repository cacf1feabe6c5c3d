package ldap

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

// policed is the password policy of these tests: three wrong passwords lock an
// account, which the directory tells whoever asks for it.
const policed = `overlay ppolicy
ppolicy_default cn=policy,dc=corp,dc=example
ppolicy_use_lockout`

// newPoliced is a server with people who have passwords, and a policy for them.
// They are: right (also called double, as double2 is), star, locked, expired,
// reset, and nopass, who has none.
func newPoliced(t *testing.T) *slapd {
	t.Helper()
	s := newSlapd(t, policed)
	s.kill()
	var b strings.Builder
	entry := func(dn string, lines ...string) {
		fmt.Fprintf(&b, "dn: %s\n%s\n\n", dn, strings.Join(lines, "\n"))
	}
	entry("cn=policy,dc=corp,dc=example", "objectClass: organizationalRole", "objectClass: pwdPolicy", "cn: policy", "pwdAttribute: userPassword",
		"pwdLockout: TRUE", "pwdMaxFailure: 3", "pwdMaxAge: 86400000", "pwdMustChange: TRUE", "pwdMinLength: 1")
	person := func(uid string, lines ...string) {
		entry("cn="+uid+",ou=People,dc=corp,dc=example", append([]string{"objectClass: inetOrgPerson", "sn: x", "uid:: " + b64(uid)}, lines...)...)
	}
	const known = "userPassword: " + rightPassword
	person("right", known, "uid: double", "mail: right@corp.example", "userCertificate;binary:: "+b64(string(certified(t, 4711))))
	person("double2", known, "uid: double")
	person(`star\2A \28x\29 \5C`, known, `uid: *`)
	person("locked", known, "pwdAccountLockedTime: 000001010000Z")
	person("expired", known, "pwdChangedTime: 20200101000000Z")
	person("reset", known, "pwdReset: TRUE")
	person("nopass")
	out, err := exec.Command("slapadd", "-q", "-f", s.path("slapd.conf"), "-l", s.file("people.ldif", b.String())).CombinedOutput()
	if err != nil {
		t.Fatalf("slapadd: %v\n%s", err, out)
	}
	s.start()
	return s
}

const rightPassword = "right word"

// failures counts the wrong passwords that a server has noted of somebody.
func (s *slapd) failures(uid string) int {
	s.t.Helper()
	r := goldap.NewSearchRequest("cn="+uid+",ou=People,dc=corp,dc=example", goldap.ScopeBaseObject, goldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"pwdFailureTime"}, nil)
	result, err := s.admin().Search(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return len(result.Entries[0].GetAttributeValues("pwdFailureTime"))
}

// called returns the one user of a name.
func called(t *testing.T, d *Directory, by engine.CalledBy, name string) engine.User {
	t.Helper()
	users, err := d.Called(t.Context(), by, name)
	if err != nil || len(users) != 1 {
		t.Fatalf("%d users are called %q, %v", len(users), name, err)
	}
	return users[0]
}

func secret(text string) engine.PIN { return engine.NewPIN([]byte(text)) }

func check(t *testing.T, d *Directory, uid, password string) error {
	t.Helper()
	return d.CheckPassword(t.Context(), called(t, d, engine.ByLogon, uid), secret(password))
}

// The directory's word about a password is understood: right, wrong, locked,
// expired, to be changed. A wrong one counts once.
func TestCheckPassword(t *testing.T) {
	s := newPoliced(t)
	d := open(t, s.config())
	for _, c := range []struct {
		uid, password string
		kind          engine.Kind
		failures      int
	}{
		{"right", "wrong", engine.WrongPassword, 1},
		{"right", "", engine.WrongPassword, 1}, // nothing was sent
		{"right", "wrong", engine.WrongPassword, 2},
		{"right", rightPassword, 0, 0},
		{"right", "wrong", engine.WrongPassword, 1},
		{"right", "wrong", engine.WrongPassword, 2},
		{"right", "wrong", engine.WrongPassword, 3},
		{"right", rightPassword, engine.AccountLocked, 3},
		{"locked", rightPassword, engine.AccountLocked, 0},
		{"expired", "wrong", engine.WrongPassword, 1},
		{"expired", rightPassword, engine.PasswordExpired, 0},
		{"reset", rightPassword, engine.PasswordExpired, 0},
		{"nopass", "any", engine.WrongPassword, 0},
	} {
		err := check(t, d, c.uid, c.password)
		if c.kind == 0 && err != nil || c.kind != 0 && !engine.Is(err, c.kind) {
			t.Errorf("%s, %q: %v", c.uid, c.password, err)
		}
		if err != nil && c.password != "" && strings.Contains(fmt.Sprintf("%v %+v", err, err), c.password+" ") {
			t.Errorf("%s: %v says the password", c.uid, err)
		}
		if got := s.failures(c.uid); got != c.failures {
			t.Errorf("%s, %q: %d wrong passwords are noted, not %d", c.uid, c.password, got, c.failures)
		}
	}
	if err := d.CheckPassword(t.Context(), engine.User{}, secret(rightPassword)); !engine.Is(err, engine.WrongPassword) {
		t.Errorf("nobody's password: %v", err) // RFC 4513, 5.1.1: it would be a success
	}
}

// Names are found exactly, whatever is in them.
func TestCalled(t *testing.T) {
	s := newPoliced(t)
	d := open(t, s.config())
	for name, want := range map[string]int{
		"right": 1, "RIGHT": 1, "righ": 0, "": 0, "*": 1, `star\2A \28x\29 \5C`: 1, "star": 0, "r*": 0, ")(uid=*": 0, `\2a`: 0, "\x00": 0, "\u200b": 0,
		"double": 2, "nobody": 0, "kiosk": 0, // who is there, and no user
	} {
		if users, err := d.Called(t.Context(), engine.ByLogon, name); err != nil || len(users) != want {
			t.Errorf("%d users are called %q, not %d: %v", len(users), name, want, err)
		}
	}
	if u := called(t, d, engine.ByMail, "right@corp.example"); u.Logon != "right" {
		t.Errorf("the address is %+v's", u)
	}
	for _, by := range []engine.CalledBy{engine.ByUPN, engine.BySID, engine.BySerial} {
		if users, err := d.Called(t.Context(), by, "right"); err != nil || len(users) != 0 {
			t.Errorf("by %s, which is not there: %v, %v", by, users, err)
		}
	}
}

// A user is found by the certificate that the directory has of them, by its
// issuer and serial number.
func TestIssued(t *testing.T) {
	s := newPoliced(t)
	d := open(t, s.config())
	for serial, want := range map[int64]int{4711: 1, 4712: 0} {
		c, err := x509.ParseCertificate(certified(t, serial)) // another of the same name and number
		if err != nil {
			t.Fatal(err)
		}
		users, err := d.Issued(t.Context(), c)
		if err != nil || len(users) != want || want == 1 && users[0].Logon != "right" {
			t.Errorf("%d: %+v, %v", serial, users, err)
		}
	}
}

// Each password goes to one server, once. Another is asked only while nothing
// was sent to the first.
func TestPasswordIsNeverRetried(t *testing.T) {
	first, second := newPoliced(t), newPoliced(t)
	pool := t.TempDir() + "/roots.pem"
	joinFiles(t, pool, first.caFile, second.caFile)
	cfg := first.config()
	cfg.Servers, cfg.CAFile = []string{"ldaps://" + first.tls, "ldaps://" + second.tls}, pool
	d := open(t, cfg)
	right := called(t, d, engine.ByLogon, "right")
	if err := d.CheckPassword(t.Context(), right, secret("wrong")); !engine.Is(err, engine.WrongPassword) {
		t.Error(err)
	}
	if first.failures("right") != 1 || second.failures("right") != 0 {
		t.Errorf("wrong passwords are noted %d and %d times", first.failures("right"), second.failures("right"))
	}
	first.kill()
	if err := d.CheckPassword(t.Context(), right, secret("wrong")); !engine.Is(err, engine.WrongPassword) || second.failures("right") != 1 {
		t.Errorf("with the first server away: %v, %d noted", err, second.failures("right"))
	}
	if err := d.CheckPassword(t.Context(), right, secret(rightPassword)); err != nil {
		t.Errorf("with the first server away: %v", err)
	}
	second.kill()
	if err := d.CheckPassword(t.Context(), right, secret(rightPassword)); !engine.Is(err, engine.DirectoryAway) {
		t.Errorf("with both away: %v", err)
	}
}

// A server that takes a password and then breaks off, or says nothing, or that
// it is busy, may have counted it.
func TestPasswordWithoutAnswer(t *testing.T) {
	second := newPoliced(t)
	busy := answered(goldap.ApplicationBindResponse, int64(goldap.LDAPResultBusy))
	for name, serve := range map[string]func(net.Conn){
		"breaks off": func(c net.Conn) { readSome(c); c.Close() },
		"silent":     readSome,
		"busy":       func(c net.Conn) { answerWith(c, busy) },
		"nonsense":   func(c net.Conn) { answerWith(c, []byte("HTTP/1.1 400\r\n\r\n")) },
	} {
		t.Run(name, func(t *testing.T) {
			var asked sync.WaitGroup
			asked.Add(1)
			first := newFake(t, func(c net.Conn) { asked.Done(); serve(c) }) // twice is a panic
			cfg := first.config()
			cfg.Servers, cfg.Timeout = append(cfg.Servers, "ldap://"+second.plain), 300*time.Millisecond
			d := open(t, cfg)
			before := second.failures("right")
			err := d.CheckPassword(t.Context(), engine.User{DN: "cn=right,ou=People,dc=corp,dc=example"}, secret("wrong"))
			asked.Wait()
			if !engine.Is(err, engine.DirectoryAway) && !engine.Is(err, engine.DirectoryRefused) || second.failures("right") != before {
				t.Errorf("%v, the second server has noted %d", err, second.failures("right")-before)
			}
		})
	}
}

// readSome reads until nothing comes any more.
func readSome(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) }

// A server that is not trusted, or that speaks no TLS, gets no password.
func TestPasswordGoesOverTLSOnly(t *testing.T) {
	s := newPoliced(t)
	right := called(t, open(t, s.config()), engine.ByLogon, "right")
	for name, change := range map[string]func(*Config){
		"untrusted": func(c *Config) { c.CAFile = newCAFile(t) },
		"StartTLS":  func(c *Config) { c.CAFile, c.StartTLS, c.Servers = newCAFile(t), true, []string{"ldap://" + s.plain} },
		"no TLS":    func(c *Config) { c.StartTLS, c.Servers = true, []string{"ldap://" + noTLS(t)} },
	} {
		cfg := s.config()
		change(&cfg)
		err := open(t, cfg).CheckPassword(t.Context(), right, secret("wrong"))
		if !engine.Is(err, engine.DirectoryRefused) || s.failures("right") != 0 {
			t.Errorf("%s: %v, %d noted", name, err, s.failures("right"))
		}
	}
	cfg := s.config()
	cfg.Servers, cfg.StartTLS = []string{"ldap://" + s.plain}, true
	if err := open(t, cfg).CheckPassword(t.Context(), right, secret(rightPassword)); err != nil {
		t.Errorf("over StartTLS: %v", err)
	}
}

func newCAFile(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	makeCA(t, dir)
	return dir + "/ca.pem"
}

// noTLS is a server that refuses to start TLS, and fails the test when anything
// else is asked of it.
func noTLS(t *testing.T) string {
	t.Helper()
	return newFake(t, func(c net.Conn) {
		answerWith(c, answered(goldap.ApplicationExtendedResponse, int64(goldap.LDAPResultProtocolError)))
		if n, _ := c.Read(make([]byte, 1)); n > 0 {
			t.Error("something was sent in the clear")
		}
	}).addr
}

// A person who turns away is not kept.
func TestPasswordGivenUp(t *testing.T) {
	asked := make(chan struct{}, 100)
	d := open(t, newFake(t, mute(asked)).config())
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	err := d.CheckPassword(ctx, engine.User{DN: "cn=right,dc=corp,dc=example"}, secret("wrong"))
	if !engine.Is(err, engine.Stopped) {
		t.Errorf("got %v", err)
	}
}

// What Active Directory says of an account is in its words (MS-ERREF 2.2);
// nothing else of them is.
func TestWindowsVerdict(t *testing.T) {
	const words = "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data %s, v2580"
	for code, want := range map[string]engine.Kind{
		"52e": engine.WrongPassword, "525": engine.WrongPassword, "52f": engine.WrongPassword, "775": engine.AccountLocked,
		"532": engine.PasswordExpired, "773": engine.PasswordExpired,
		"533": engine.AccountClosed, "701": engine.AccountClosed, "530": engine.AccountClosed, "531": engine.AccountClosed,
		"7755": engine.WrongPassword, "": engine.WrongPassword,
	} {
		if got := windowsVerdict(&goldap.Error{ResultCode: 49, Err: fmt.Errorf(words, code)}); got != want {
			t.Errorf("%q: kind %d, not %d", code, got, want)
		}
	}
	if got := windowsVerdict(&goldap.Error{ResultCode: 49, Err: errors.New("")}); got != engine.WrongPassword {
		t.Errorf("without words: kind %d", got)
	}
}

// What cannot be read of a password policy's answer says nothing.
func TestReadPolicy(t *testing.T) {
	for value, want := range map[string]policyCode{
		"\x30\x03\x81\x01\x00": policyExpired, "\x30\x03\x81\x01\x01": policyLocked, "\x30\x03\x81\x01\x02": policyMustChange,
		"\x30\x08\xa0\x03\x80\x01\x05\x81\x01\x01": policyLocked, "\x30\x05\xa0\x03\x80\x01\x05": policyNone, "\x30\x00": policyNone,
		"": policyNone, "\x30\x03\x81\x01\x06": policyNone, "\x30\x04\x81\x02\x01\x01": policyNone, "\x30\x7f": policyNone,
	} {
		if got := readPolicy([]byte(value)); got != want {
			t.Errorf("%x: %d, not %d", value, got, want)
		}
	}
}

// After a check the typed password is nowhere in memory but where it was typed.
func TestTypedPasswordIsWiped(t *testing.T) {
	s := newPoliced(t)
	d := open(t, s.config())
	right := called(t, d, engine.ByLogon, "right")
	draw := exec.Command("sh", "-c", `tr -dc a-z </dev/urandom | head -c 20 >typed; tr a-z n-za-m <typed >masked`)
	draw.Dir = s.dir
	if out, err := draw.CombinedOutput(); err != nil {
		t.Fatalf("draw password: %v\n%s", err, out)
	}
	typed, err := os.ReadFile(s.path("typed"))
	if err != nil || len(typed) != 20 {
		t.Fatal(len(typed), err)
	}
	masked, err := os.ReadFile(s.path("masked"))
	if err != nil {
		t.Fatal(err)
	}
	password := engine.NewPIN(typed)
	if err := d.CheckPassword(t.Context(), right, password); !engine.Is(err, engine.WrongPassword) {
		t.Fatal(err)
	}
	if copies(t, masked) == 0 {
		t.Error("what was typed was not found")
	}
	password.Wipe()
	if n := copies(t, masked); n != 0 {
		t.Errorf("%d copies are in memory", n)
	}
}

// answered is an LDAPResult of an operation (RFC 4511, 4.1.9).
func answered(tag ber.Tag, code int64) []byte {
	body := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	body.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""))
	for range 2 { // the entry and the words
		body.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))
	}
	return envelope(1, body).Bytes()
}
