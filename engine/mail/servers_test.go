package mail

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// user and password are those the servers in testdata know.
const (
	user     = "kiosk"
	password = "correct horse"
)

// server is a real mail server, a process of its own. What it delivers comes
// out of box, in lines that end with LF.
type server struct {
	addr   string
	caFile string
	box    *bufio.Reader
}

// kind is a mail server program.
type kind struct {
	name    string
	missing func() string // the package to install, or ""
	command func(t *testing.T, dir string) *exec.Cmd
}

// kinds are the servers that the tests know.
func kinds() []kind {
	return []kind{
		{"exim", missingExim, exim},
		{"aiosmtpd", missingAiosmtpd, aiosmtpd},
	}
}

// onServers runs a test on each kind of server that is installed: one at
// least, on a machine that checks changes.
func onServers(t *testing.T, test func(t *testing.T, k kind)) {
	t.Helper()
	found := false
	for _, k := range kinds() {
		if k.missing() == "" {
			found = true
			t.Run(k.name, func(t *testing.T) { test(t, k) })
		}
	}
	if !found {
		lacking(t, "no mail server: install the package exim4-daemon-light (and be root), or python3-aiosmtpd")
	}
}

func lacking(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// missingExim: a user who is not root cannot start exim's daemon.
func missingExim() string {
	if _, err := exec.LookPath("exim4"); err != nil || os.Geteuid() != 0 {
		return "exim4-daemon-light"
	}
	return ""
}

// exim's -bw is -bd with a listening socket that is there already.
func exim(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	config, err := os.ReadFile("testdata/exim.conf")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "exim.conf")
	if err := os.WriteFile(file, bytes.ReplaceAll(config, []byte("@DIR@"), []byte(dir)), 0o644); err != nil {
		t.Fatal(err)
	}
	spool := filepath.Join(dir, "spool")
	if err := os.Mkdir(spool, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(spool, 0o777); err != nil {
		t.Fatal(err)
	}
	return exec.Command("exim4", "-C", file, "-bw10m")
}

// debianPython is the one that Debian's packages install modules for.
const debianPython = "/usr/bin/python3"

func missingAiosmtpd() string {
	if exec.Command(debianPython, "-c", "import aiosmtpd").Run() != nil {
		return "python3-aiosmtpd"
	}
	return ""
}

func aiosmtpd(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	return exec.Command(debianPython, "testdata/aiosmtpd_server.py", dir)
}

// start starts a server that has gone, with all its children, when the test
// ends. Its socket listens before it starts: nothing has to wait for it.
func (k kind) start(t *testing.T, args ...string) *server {
	t.Helper()
	dir := sharedDir(t)
	caFile, _ := writeCertificate(t, dir)
	box := makeBox(t, dir)
	addr, socket := listen(t)
	defer socket.Close()
	cmd := k.command(t, dir)
	cmd.Args = append(cmd.Args, args...)
	cmd.Stdin = socket
	run(t, cmd)
	return &server{addr, caFile, bufio.NewReader(box)}
}

// run starts a program, ends it with the test, and waits for it and for every
// process it has started: each holds an end of a pipe.
func run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	alive, inside, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	cmd.ExtraFiles = []*os.File{nil, inside} // exim's -bw takes 3 for itself
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		_, _ = io.Copy(io.Discard, alive)
		_ = alive.Close()
		if t.Failed() {
			t.Logf("%s said: %s", cmd.Path, said.Bytes())
		}
	})
}

// sharedDir is a folder that other users can enter: a mail server gives up
// root's rights.
func sharedDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func listen(t *testing.T) (addr string, socket *os.File) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	socket, err = l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	return l.Addr().String(), socket
}

// makeBox makes the named pipe that letters are delivered into. It is open for
// writing too, so that it does not end with the first letter.
func makeBox(t *testing.T, dir string) *os.File {
	t.Helper()
	name := filepath.Join(dir, "box")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	if err := f.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return f
}

// delivered waits for the next letter.
func (s *server) delivered(t *testing.T) []byte {
	t.Helper()
	var letter []byte
	for {
		line, err := s.box.ReadBytes('\n')
		if err != nil {
			t.Fatalf("wait for letter: %v; so far %q", err, letter)
		}
		if string(line) == "--end of letter--\n" {
			return letter
		}
		letter = append(letter, line...)
	}
}

// writeCertificate makes a certificate for 127.0.0.1 that vouches for itself.
func writeCertificate(t *testing.T, dir string) (file string, pair tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.example.test"},
		DNSNames: []string{"mail.example.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, "server.pem")
	keyFile := filepath.Join(dir, "server.key")
	writeFile(t, file, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	writeFile(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})))
	return file, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// writeFile writes a file that the server, which may be another user, can read.
func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// passwordFile returns a file with these words.
func passwordFile(t *testing.T, words string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "password")
	writeFile(t, name, words)
	return name
}

func contains(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in %q", part, err)
		}
	}
}
