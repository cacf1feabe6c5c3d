package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cardkiosk/cmd/kiosk/demo"
)

// needs skips a test for want of programs, or fails it where every test has to
// run.
func needs(t testing.TB, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err == nil {
			continue
		}
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not installed", p)
		}
		t.Skipf("%s is not installed", p)
	}
}

var build struct {
	sync.Once
	path string
	err  error
}

// kioskProgram is the program itself, built once.
func kioskProgram(t testing.TB) string {
	t.Helper()
	build.Do(func() {
		dir, err := os.MkdirTemp("", "kiosk-test-")
		if err != nil {
			build.err = err
			return
		}
		build.path = filepath.Join(dir, "kiosk")
		if out, err := exec.Command("go", "build", "-o", build.path, ".").CombinedOutput(); err != nil {
			build.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if build.err != nil {
		t.Fatal(build.err)
	}
	return build.path
}

// runKiosk runs the program to its end and returns what it printed and its exit
// code.
func runKiosk(t *testing.T, args ...string) (out, errs string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, kioskProgram(t), args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

// done runs the program and expects it to succeed.
func done(t *testing.T, args ...string) string {
	t.Helper()
	out, errs, code := runKiosk(t, args...)
	if code != 0 {
		t.Fatalf("kiosk %s ended with %d\n%s\n%s", strings.Join(args, " "), code, out, errs)
	}
	if strings.Contains(errs, `"msg":`) || strings.Contains(out, `"msg":`) {
		t.Errorf("kiosk %s logs to the terminal:\n%s\n%s", strings.Join(args, " "), out, errs)
	}
	return out
}

// background runs a program until the test ends, and returns when ready says
// that it is. end ends it before, with a signal, and waits for that.
func background(t testing.TB, cmd *exec.Cmd, ready func() bool) (end func(os.Signal)) {
	t.Helper()
	return backgroundSaying(t, cmd, &lockedBuffer{}, ready)
}

// backgroundSaying keeps what the program says.
func backgroundSaying(t testing.TB, cmd *exec.Cmd, said *lockedBuffer, ready func() bool) (end func(os.Signal)) {
	t.Helper()
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { _ = cmd.Wait(); close(gone) }()
	end = func(s os.Signal) {
		_ = cmd.Process.Signal(s)
		<-gone
	}
	t.Cleanup(func() {
		end(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("%s said: %s", filepath.Base(cmd.Path), said.String())
		}
	})
	for limit := time.Now().Add(time.Minute); !ready(); {
		select {
		case <-gone:
			t.Fatalf("%s has ended: %s", cmd.Path, said.String())
		default:
		}
		if time.Now().After(limit) {
			t.Fatalf("%s is not ready: %s", cmd.Path, said.String())
		}
	}
	return end
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// answers reports whether somebody listens at an address.
func answers(addr string) func() bool {
	return func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// slapdSchema are the attributes that Active Directory has and OpenLDAP has
// not.
const slapdSchema = `
attributetype ( 1.3.6.1.4.1.55555.1 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.2 NAME 'objectSid' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.3 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.55555.4 NAME 'adUser' SUP top AUXILIARY MAY ( userPrincipalName $ objectSid $ userAccountControl ) )
`

// slapdAdmin may change everything; its password is the kiosk's, too.
const slapdAdmin = "cn=admin,dc=corp,dc=example"

// startSlapd serves the people of the demo with OpenLDAP, over LDAPS with the
// certificate in dir.
func startSlapd(t *testing.T, dir, password string) (addr string) {
	t.Helper()
	return slapdWith(t, dir, password, "")
}

// slapdWith also has the people of another LDIF.
func slapdWith(t *testing.T, dir, password, more string) (addr string) {
	t.Helper()
	needs(t, "slapd", "slapadd")
	people, err := os.ReadFile("demo/users.ldif")
	if err != nil {
		t.Fatal(err)
	}
	ldif := strings.ReplaceAll(string(people)+more, "objectClass: inetOrgPerson\n", "objectClass: inetOrgPerson\nobjectClass: adUser\n")
	ldif += "\ndn: cn=kiosk,dc=corp,dc=example\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: kiosk\nuserPassword: " + password + "\n"
	write(t, filepath.Join(dir, "people.ldif"), ldif)
	write(t, filepath.Join(dir, "slapd.conf"), strings.ReplaceAll(strings.ReplaceAll(`include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
`+slapdSchema+`modulepath /usr/lib/ldap
moduleload back_mdb
pidfile DIR/slapd.pid
TLSCACertificateFile DIR/root.pem
TLSCertificateFile DIR/server.pem
TLSCertificateKeyFile DIR/server.key
database mdb
suffix dc=corp,dc=example
rootdn "`+slapdAdmin+`"
rootpw PASSWORD
limits dn.exact="cn=kiosk,dc=corp,dc=example" size=unlimited
directory DIR/people
index objectClass,entryUUID eq
index cn,displayName,uid,mail eq,sub
`, "DIR", dir), "PASSWORD", password))
	if err := os.Mkdir(filepath.Join(dir, "people"), 0o700); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "slapd.conf")
	if out, err := exec.Command("slapadd", "-q", "-f", conf, "-l", filepath.Join(dir, "people.ldif")).CombinedOutput(); err != nil {
		t.Fatalf("slapadd: %v\n%s", err, out)
	}
	addr = freeAddress(t)
	background(t, exec.Command("slapd", "-f", conf, "-h", "ldaps://"+addr, "-d", "none"), answers(addr))
	return addr
}

// startExim serves mail with exim; letters are delivered into the pipe that is
// returned. The kiosk signs in with the password.
func startExim(t *testing.T, dir, password string) (addr string, box *os.File) {
	t.Helper()
	needs(t, "exim4")
	conf, err := os.ReadFile("../../engine/mail/testdata/exim.conf")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "exim.conf"), strings.NewReplacer("@DIR@", dir, "correct horse", password).Replace(string(conf)))
	spool := filepath.Join(dir, "spool")
	for _, err := range []error{
		os.Mkdir(spool, 0o755), os.Chmod(spool, 0o777), os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755),
		os.Chmod(filepath.Join(dir, "server.key"), 0o644), os.Chmod(filepath.Join(dir, "server.pem"), 0o644), syscall.Mkfifo(filepath.Join(dir, "box"), 0o600), os.Chmod(filepath.Join(dir, "box"), 0o666),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	box, err = os.OpenFile(filepath.Join(dir, "box"), os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	addr = freeAddress(t)
	port := addr[strings.LastIndex(addr, ":")+1:]
	background(t, exec.Command("exim4", "-C", filepath.Join(dir, "exim.conf"), "-bdf", "-oX", "127.0.0.1."+port, "-oP", filepath.Join(dir, "exim.pid")), answers(addr))
	return addr, box
}

// delivered reads the next letter out of exim's pipe.
func delivered(t *testing.T, box *os.File) string {
	t.Helper()
	if err := box.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	var letter strings.Builder
	for b := make([]byte, 4096); !strings.Contains(letter.String(), "--end of letter--\n"); {
		n, err := box.Read(b)
		if err != nil && err != io.EOF {
			t.Fatalf("wait for letter: %v; so far %q", err, letter.String())
		}
		letter.Write(b[:n])
	}
	return letter.String()
}

func write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// serverCertificate writes root.pem, server.pem and server.key for servers on
// this machine.
func serverCertificate(t testing.TB, dir string) {
	t.Helper()
	if err := demo.WriteServerCertificate(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
}
