package access

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
)

// certificateFor makes a self-signed certificate for this machine.
func certificateFor(t *testing.T, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	certFile, keyFile = filepath.Join(t.TempDir(), name+".crt"), filepath.Join(t.TempDir(), name+".key")
	must(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	return certFile, keyFile
}

// receiverProcess is testdata/access-receiver, under way.
type receiverProcess struct {
	Config
	lines *bufio.Scanner // what it prints
}

// startReceiver builds the receiver and starts it over TLS; it ends with the
// test.
func startReceiver(t *testing.T) *receiverProcess {
	t.Helper()
	program := filepath.Join(t.TempDir(), "access-receiver")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../testdata/access-receiver").CombinedOutput(); err != nil {
		t.Fatalf("build the receiver: %v\n%s", err, out)
	}
	certFile, keyFile := certificateFor(t, "receiver")
	p := &receiverProcess{Config: Config{SecretFile: secretFile(t, testSecret+"\n"), CAFile: certFile}}
	cmd := exec.CommandContext(t.Context(), program, "--listen", "127.0.0.1:0", "--secret-file", p.SecretFile, "--cert", certFile, "--key", keyFile)
	cmd.Stderr = io.Discard // it reports the handshakes that we break off
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	p.lines = bufio.NewScanner(out)
	p.URL = "https://" + strings.TrimPrefix(p.next(t), "listening on ") + "/cards"
	return p
}

// next is the next line that the receiver prints.
func (p *receiverProcess) next(t *testing.T) string {
	t.Helper()
	if !p.lines.Scan() {
		t.Fatalf("the receiver says no more: %v", p.lines.Err())
	}
	return p.lines.Text()
}

func (p *receiverProcess) prints(t *testing.T, want string) {
	t.Helper()
	if got := p.next(t); got != want {
		t.Errorf("the receiver prints %q, not %q", got, want)
	}
}

// registered is what the receiver says its authenticators are, as JSON.
func (p *receiverProcess) registered(t *testing.T, s *System) string {
	t.Helper()
	resp, err := s.client.Get(p.URL)
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	return strings.TrimSpace(string(text))
}

// The receiver and the kiosk understand each other: a card is registered once,
// however often it is told, and removed; and what comes late changes nothing.
func TestReceiver(t *testing.T) {
	p := startReceiver(t)
	s := open(t, p.Config)
	registered := documented(t)
	for range 3 { // the answer was lost, say
		must(t, s.Tell(t.Context(), registered))
	}
	p.prints(t, "register yubikey-7122501 zoe 1 9f86d081884c7d659a2feaa0c55ad015/11")
	p.prints(t, "refused 409 this event came before")
	p.prints(t, "refused 409 this event came before")
	if got := p.registered(t, s); got != `{"yubikey-7122501":"zoe"}` {
		t.Errorf("registered are %s", got)
	}

	other := registered
	other.User.Logon = "eve"
	if err := s.Tell(t.Context(), other); !engine.Is(err, engine.AccessRefused) || !strings.Contains(err.Error(), "another event came with this key before") {
		t.Errorf("another event under the same key: %v", err)
	}
	p.prints(t, "refused 422 another event came with this key before")

	removed := engine.AccessNote{Key: "r2/0", Event: engine.AccessRemove, At: registered.At.Add(time.Hour), Card: registered.Card, User: registered.User}
	must(t, s.Tell(t.Context(), removed))
	p.prints(t, "remove yubikey-7122501 zoe 0 r2/0")
	late := registered
	late.Key, late.At = "r3/0", registered.At.Add(time.Minute)
	must(t, s.Tell(t.Context(), late))
	p.prints(t, "overtaken register yubikey-7122501 r3/0")
	if got := p.registered(t, s); got != `{}` {
		t.Errorf("after the removal, registered are %s", got)
	}
}

// The receiver takes nothing that is not ours, not of now, or not as we sent it.
func TestReceiverRefuses(t *testing.T) {
	p := startReceiver(t)
	refused := func(change func(*Config), says string) {
		t.Helper()
		c := p.Config
		change(&c)
		if err := open(t, c).Tell(t.Context(), documented(t)); !engine.Is(err, engine.AccessRefused) || !strings.Contains(err.Error(), says) {
			t.Errorf("the kiosk says %v", err)
		}
		if got := p.next(t); got != "refused 401 "+says {
			t.Errorf("the receiver prints %q", got)
		}
	}
	refused(func(c *Config) { c.SecretFile = secretFile(t, strings.Repeat("x", 32)) }, "the signature is not by our secret")
	const stale = "the time stamp is not of the last five minutes: look at the clocks"
	refused(func(c *Config) { c.Now = func() time.Time { return time.Now().Add(-6 * time.Minute) } }, stale)
	refused(func(c *Config) { c.Now = func() time.Time { return time.Now().Add(6 * time.Minute) } }, stale)

	// Somebody overheard an event. As it was it does no harm; changed, or under
	// another time stamp, it is not ours.
	s := open(t, p.Config)
	req, err := s.request(t.Context(), documented(t))
	must(t, err)
	body, err := io.ReadAll(req.Body)
	must(t, err)
	send := func(want int, prints string, change func(h http.Header), body []byte) {
		t.Helper()
		again := req.Clone(t.Context())
		again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		change(again.Header)
		resp, err := s.client.Do(again)
		must(t, err)
		must(t, resp.Body.Close())
		if resp.StatusCode != want {
			t.Errorf("the receiver answers %d, not %d", resp.StatusCode, want)
		}
		p.prints(t, prints)
	}
	same := func(http.Header) {}
	send(204, "register yubikey-7122501 zoe 1 9f86d081884c7d659a2feaa0c55ad015/11", same, body)
	send(409, "refused 409 this event came before", same, body)
	send(409, "refused 409 this event came before", func(h http.Header) { h.Set("Idempotency-Key", "r9/0") }, body)
	send(401, "refused 401 the signature is not by our secret", same, bytes.Replace(body, []byte(`"zoe"`), []byte(`"eve"`), 1))
	send(401, "refused 401 the signature is not by our secret", func(h http.Header) { h.Set("Kiosk-Timestamp", "1772357402") }, body)
	send(401, "refused 401 the signature is not by our secret", func(h http.Header) { h.Del("Kiosk-Signature") }, body)
	send(413, "refused 413 the event is too long", same, bytes.Repeat(body, 1+1<<20/len(body)))
	var left map[string]string
	if err := json.Unmarshal([]byte(p.registered(t, s)), &left); err != nil || len(left) != 1 || left["yubikey-7122501"] != "zoe" {
		t.Errorf("registered are %v %v", left, err)
	}
}
