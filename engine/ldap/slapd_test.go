package ldap

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	bindDN   = "cn=kiosk,dc=corp,dc=example"
	password = "pass word ä€"
	crowd    = 2500 // users in every slapd of these tests

	adminPassword = "admin's own"
)

// odd are the names that try to break out of filters, or to reach a terminal.
var odd = []string{
	`Star * (Paren) \Back`, `Brian "Quote" O'Neil`, "王芳", "Zoë Þórsdóttir", "Red \x1b[31mAlert\x07", "Nul \x00 Byte",
}

// slapd is an OpenLDAP server of a test's own, with its own CA.
type slapd struct {
	t            *testing.T
	dir          string
	plain, tls   string // host:port
	caFile       string
	passwordFile string
	process      *exec.Cmd
	gone         chan struct{}
}

// newSlapd starts a server with the crowd in it. Lines of options go into the
// database's part of slapd.conf.
func newSlapd(t *testing.T, options ...string) *slapd {
	t.Helper()
	for _, program := range []string{"slapd", "slapadd"} {
		if _, err := exec.LookPath(program); err != nil {
			missing(t, "package slapd is not installed: "+err.Error())
		}
	}
	s := &slapd{t: t, dir: t.TempDir()}
	s.caFile = s.path("ca.pem")
	s.passwordFile = s.file("password", password+"\n")
	makeCA(t, s.dir)
	s.plain, s.tls = freePort(t), freePort(t)
	if err := os.Mkdir(s.path("db"), 0o700); err != nil {
		t.Fatal(err)
	}
	conf := s.file("slapd.conf", slapdConf(s.dir, options))
	out, err := exec.Command("slapadd", "-q", "-f", conf, "-l", s.file("crowd.ldif", crowdLDIF())).CombinedOutput()
	if err != nil {
		t.Fatalf("slapadd: %v\n%s", err, out)
	}
	s.start()
	return s
}

// missing skips a test for want of a package, or fails it where every test has
// to run.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

func slapdConf(dir string, options []string) string {
	conf := `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
pidfile DIR/pid
TLSCACertificateFile DIR/ca.pem
TLSCertificateFile DIR/server.pem
TLSCertificateKeyFile DIR/server.key
sizelimit unlimited
database mdb
maxsize 268435456
suffix dc=corp,dc=example
rootdn "cn=admin,dc=corp,dc=example"
rootpw "ADMIN"
directory DIR/db
index objectClass,entryUUID,modifyTimestamp,member,uniqueMember,memberUid eq
index cn,displayName,uid,mail eq,sub
` + strings.Join(options, "\n") + "\n"
	return strings.NewReplacer("DIR", dir, "ADMIN", adminPassword).Replace(conf)
}

// start runs the server and returns when it answers.
func (s *slapd) start() {
	s.t.Helper()
	s.process = exec.Command("slapd", "-f", s.path("slapd.conf"), "-h", "ldap://"+s.plain+" ldaps://"+s.tls, "-d", "none")
	stderr, err := s.process.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	starting, gone := make(chan struct{}), make(chan struct{})
	s.gone = gone
	go func(process *exec.Cmd) {
		defer close(gone)
		for log := bufio.NewScanner(stderr); log.Scan(); {
			if strings.HasSuffix(log.Text(), "slapd starting") {
				close(starting)
			}
		}
		_ = process.Wait()
	}(s.process)
	s.t.Cleanup(s.kill)
	select {
	case <-starting:
		s.reach()
	case <-gone:
		s.t.Fatal("slapd did not start")
	}
}

// reach returns when the server takes connections: a moment after it has said
// that it is starting.
func (s *slapd) reach() {
	for {
		c, err := net.Dial("tcp", s.tls)
		if err == nil {
			c.Close()
			return
		}
		select {
		case <-s.gone:
			s.t.Fatal("slapd ended")
		default:
		}
	}
}

// kill ends the server as a power cut would, and waits until it is gone.
func (s *slapd) kill() {
	_ = s.process.Process.Kill()
	<-s.gone
}

func (s *slapd) path(name string) string { return filepath.Join(s.dir, name) }

func (s *slapd) file(name, content string) string {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return s.path(name)
}

// config is how a kiosk asks this server.
func (s *slapd) config() Config {
	return Config{
		Servers: []string{"ldaps://" + s.tls}, CAFile: s.caFile,
		BindDN: bindDN, PasswordFile: s.passwordFile, BaseDN: "dc=corp,dc=example", ConnectTimeout: time.Minute,
		Attributes: Attributes{Extra: []string{"employeeNumber", "description"}},
	}
}

// crowdLDIF writes the crowd: the odd names first, all others alike.
func crowdLDIF() string {
	var b strings.Builder
	b.WriteString("dn: dc=corp,dc=example\nobjectClass: dcObject\nobjectClass: organization\no: Corp Example\ndc: corp\n\n")
	fmt.Fprintf(&b, "dn: %s\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\nuserPassword:: %s\n\n", bindDN, b64(password))
	for i := range crowd {
		name, uid := fmt.Sprintf("Bert Middle%04d Person", i), fmt.Sprintf("user%04d", i)
		if i < len(odd) {
			name = odd[i]
		}
		fmt.Fprintf(&b, "dn: uid=%s,dc=corp,dc=example\nobjectClass: inetOrgPerson\nuid: %s\nsn: x\nemployeeNumber: %d\n", uid, uid, i)
		fmt.Fprintf(&b, "cn:: %s\ndisplayName:: %s\n", b64(name), b64(name))
		fmt.Fprintf(&b, "entryUUID: %s\nmodifyTimestamp: 20200101000000Z\n", uuid(i))
		if i != 7 {
			fmt.Fprintf(&b, "mail: mail%04d@corp.example\n", i)
		}
		b.WriteString("\n")
	}
	return b.String() + groupsLDIF()
}

func uuid(i int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", i) }

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// freePort returns an address on this machine that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// makeCA writes ca.pem, and server.pem and server.key for 127.0.0.1.
func makeCA(t *testing.T, dir string) {
	t.Helper()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Root"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	rootKey, leafKey := newKey(t), newKey(t)
	for name, c := range map[string]*x509.Certificate{"ca.pem": root, "server.pem": leaf} {
		key := rootKey
		if c == leaf {
			key = leafKey
		}
		der, err := x509.CreateCertificate(rand.Reader, c, root, key.Public(), rootKey)
		if err != nil {
			t.Fatal(err)
		}
		writePEM(t, filepath.Join(dir, name), "CERTIFICATE", der)
	}
	der, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, filepath.Join(dir, "server.key"), "PRIVATE KEY", der)
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// joinFiles writes one file from several.
func joinFiles(t *testing.T, to string, from ...string) {
	t.Helper()
	var all []byte
	for _, name := range from {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	if err := os.WriteFile(to, all, 0o600); err != nil {
		t.Fatal(err)
	}
}
