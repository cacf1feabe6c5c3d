package builtin

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// credential is a certificate with its key, self-signed or by another.
type credential struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newCredential(t *testing.T, by *credential) *credential {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, BasicConstraintsValid: true, IsCA: by == nil,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	c := &credential{template, key}
	if by == nil {
		by = c
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, &key.PublicKey, by.key)
	must(t, err)
	c.cert, err = x509.ParseCertificate(der)
	must(t, err)
	return c
}

func (c *credential) tls() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{c.cert.Raw}, PrivateKey: c.key}
}

func (c *credential) write(t *testing.T, dir, name string) (certFile, keyFile string) {
	t.Helper()
	certFile, keyFile = filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	der, err := x509.MarshalPKCS8PrivateKey(c.key)
	must(t, err)
	must(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.cert.Raw}), 0o600))
	must(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	return certFile, keyFile
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pair is a server that answers as the test likes, and a client of it.
type pair struct {
	server *httptest.Server
	config Config
	ca     *CA
}

func newPair(t *testing.T, answer http.HandlerFunc) *pair {
	t.Helper()
	root := newCredential(t, nil)
	pool := x509.NewCertPool()
	pool.AddCert(root.cert)
	s := httptest.NewUnstartedServer(answer)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{
		Certificates: []tls.Certificate{newCredential(t, root).tls()}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
		MinVersion: tls.VersionTLS13,
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	dir := t.TempDir()
	p := &pair{server: s, config: Config{URL: s.URL}}
	p.config.RootFile, _ = root.write(t, dir, "root")
	p.config.CertificateFile, p.config.KeyFile = newCredential(t, root).write(t, dir, "station")
	p.ca = p.client(t)
	return p
}

func (p *pair) client(t *testing.T) *CA {
	t.Helper()
	ca, err := New(p.config)
	must(t, err)
	t.Cleanup(ca.Close)
	return ca
}

func says(status int, body any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		if text, ok := body.(string); ok {
			_, _ = io.WriteString(w, text)
			return
		}
		_ = json.NewEncoder(w).Encode(body)
	}
}

// What the CA answers becomes what the domain can decide by: a no with words,
// trouble that passes, or an answer that makes no sense.
func TestKinds(t *testing.T) {
	ok := engine.Kind(-1)
	no := wire.Problem{Words: "Station lobby-1 was revoked\x1b[2J"}
	for name, c := range map[string]struct {
		answer           http.HandlerFunc
		ask, look, ready engine.Kind
	}{
		"refused":              {says(403, no), engine.CARefused, engine.CARefused, engine.CARefused},
		"conflict":             {says(409, no), engine.CARefused, engine.CARefused, engine.CARefused},
		"bad request":          {says(400, no), engine.CARefused, engine.CARefused, engine.CARefused},
		"too large":            {says(413, no), engine.CARefused, engine.CARefused, engine.CARefused},
		"not known":            {says(404, no), engine.CARefused, ok, engine.CARefused},
		"not found by a proxy": {says(404, "<h1>404</h1>"), engine.CAMistaken, engine.CAMistaken, engine.CAMistaken},
		"forbidden by a proxy": {says(403, "<h1>403</h1>"), engine.CAMistaken, engine.CAMistaken, engine.CAMistaken},
		"no words":             {says(403, "{}"), engine.CAMistaken, engine.CAMistaken, engine.CAMistaken},
		"in trouble":           {says(500, no), engine.CAAway, engine.CAAway, engine.CAAway},
		"unavailable":          {says(503, "<h1>503</h1>"), engine.CAAway, engine.CAAway, engine.CAAway},
		"too many":             {says(429, no), engine.CAAway, engine.CAAway, engine.CAAway},
		"elsewhere":            {http.RedirectHandler("https://evil.example/", http.StatusTemporaryRedirect).ServeHTTP, engine.CAMistaken, engine.CAMistaken, engine.CAMistaken},
		"no content":           {says(204, ""), engine.CAMistaken, engine.CAMistaken, engine.CAMistaken},
		"rubbish":              {says(200, "\x1b[31mhello"), engine.CAMistaken, engine.CAMistaken, engine.CAMistaken},
		"cut short":            {says(200, `{"state":"iss`), engine.CAMistaken, engine.CAMistaken, engine.CAMistaken},
		"endless":              {says(200, strings.Repeat(" ", maxAnswer)+`{"state":"pending"}`), engine.CAMistaken, engine.CAMistaken, engine.CAMistaken},
		"unknown state":        {says(200, `{"state":"maybe","name":"logon"}`), engine.CAMistaken, engine.CAMistaken, ok},
		"issued, but nothing":  {says(200, `{"state":"issued"}`), engine.CAMistaken, engine.CAMistaken, ok},
		"a connection cut":     {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, engine.CAAway, engine.CAAway, engine.CAAway},
		"as it should be":      {says(200, `{"state":"pending","words":"an officer looks at it"}`), ok, ok, ok},
	} {
		t.Run(name, func(t *testing.T) {
			ca := newPair(t, c.answer).ca
			check := func(call string, want engine.Kind, err error) {
				t.Helper()
				if want == ok && err != nil || want != ok && (err == nil || engine.KindOf(err) != want) {
					t.Errorf("%s says %v, kind %d and not %d", call, err, engine.KindOf(err), want)
				}
				if err != nil && strings.Contains(err.Error(), "\x1b") {
					t.Errorf("%s lets an escape sequence through: %q", call, err)
				}
				var e *engine.Error
				if errors.As(err, &e) && want == engine.CARefused && e.Subject != engine.Clean(no.Words) {
					t.Errorf("%s: the CA's words are %q", call, e.Subject)
				}
			}
			_, err := ca.Ask(t.Context(), engine.CARequest{ID: "1", Profile: "logon"})
			check("Ask", c.ask, err)
			_, known, err := ca.Lookup(t.Context(), "1")
			check("Lookup", c.look, err)
			if known != (name == "as it should be") {
				t.Errorf("Lookup: known is %v", known)
			}
			check("Ready", c.ready, ca.Ready(t.Context(), "logon", 30))
		})
	}
}

// A rejection is an answer, not an error, and its words are clean.
func TestRejectionIsAnAnswer(t *testing.T) {
	p := newPair(t, says(200, wire.Answer{State: engine.RequestRejected, Words: "no\x07 OU"}))
	a, err := p.ca.Ask(t.Context(), engine.CARequest{ID: "1"})
	if err != nil || a.State != engine.RequestRejected || a.Words != "no\ufffd OU" {
		t.Errorf("Ask says %+v %v", a, err)
	}
}

// A CA that is not there, is slow, or is somebody else is away; giving up is
// not the CA's fault; a handshake that the CA refuses is its no.
func TestUnreached(t *testing.T) {
	slow := newPair(t, func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		panic(http.ErrAbortHandler) // an answer could still reach a client that is hanging up
	})
	slow.config.Timeout = 50 * time.Millisecond
	if err := slow.client(t).Ready(t.Context(), "logon", 30); !engine.Is(err, engine.CAAway) {
		t.Errorf("slow: %v", err)
	}

	down := newPair(t, says(200, wire.Template{}))
	down.server.Close()
	if err := down.ca.Ready(t.Context(), "logon", 30); !engine.Is(err, engine.CAAway) {
		t.Errorf("down: %v", err)
	}

	a, b := newPair(t, says(200, wire.Template{})), newPair(t, says(200, wire.Template{}))
	stranger := a.config
	stranger.URL = b.config.URL
	ca, err := New(stranger)
	must(t, err)
	if err := ca.Ready(t.Context(), "logon", 30); !engine.Is(err, engine.CAAway) {
		t.Errorf("somebody else: %v", err)
	}
	ca.Close()

	foreign := b.config
	foreign.CertificateFile, foreign.KeyFile = a.config.CertificateFile, a.config.KeyFile
	ca, err = New(foreign)
	must(t, err)
	if err := ca.Ready(t.Context(), "logon", 30); !engine.Is(err, engine.CARefused) {
		t.Errorf("with another CA's certificate: %v", err)
	}
	ca.Close()
}

// A call that is given up ends at once and says so.
func TestGivenUp(t *testing.T) {
	arrived := make(chan struct{})
	p := newPair(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client is gone
		close(arrived)
		<-r.Context().Done()
		panic(http.ErrAbortHandler) // an answer could still reach a client that is hanging up
	})
	ctx, giveUp := context.WithCancel(t.Context())
	go func() { <-arrived; giveUp() }()
	if _, err := p.ca.Ask(ctx, engine.CARequest{ID: "1"}); !engine.Is(err, engine.Stopped) {
		t.Errorf("Ask says %v", err)
	}
}

// Files that cannot be used are named.
func TestNewRefuses(t *testing.T) {
	good := newPair(t, says(200, nil)).config
	other, _ := newCredential(t, nil).write(t, t.TempDir(), "other")
	empty := filepath.Join(t.TempDir(), "empty")
	must(t, os.WriteFile(empty, nil, 0o600))
	for name, c := range map[string]struct {
		change func(*Config)
		says   string
	}{
		"http":                {func(c *Config) { c.URL = "http://ca.corp.example" }, "https://"},
		"password in the URL": {func(c *Config) { c.URL = "https://a:b@ca.corp.example" }, "https://"},
		"no URL":              {func(c *Config) { c.URL = "" }, "https://"},
		"no certificate":      {func(c *Config) { c.CertificateFile = "/nowhere.crt" }, "/nowhere.crt"},
		"no key":              {func(c *Config) { c.KeyFile = "/nowhere.key" }, "/nowhere.key"},
		"key of another":      {func(c *Config) { c.CertificateFile = other }, "other.crt"},
		"no root":             {func(c *Config) { c.RootFile = "/nowhere.root" }, "/nowhere.root"},
		"empty root":          {func(c *Config) { c.RootFile = empty }, "holds no certificate"},
	} {
		config := good
		c.change(&config)
		_, err := New(config)
		if !engine.Is(err, engine.BadInput) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The issuers are fetched once, also when many ask for them, and again when
// the first time went wrong.
func TestIssuersAreKept(t *testing.T) {
	var calls atomic.Int32
	p := newPair(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 1 {
			says(503, "")(w, r)
			return
		}
		says(200, wire.Issuers{Certificates: [][]byte{{1}}})(w, r)
	})
	if _, err := p.ca.Issuers(t.Context()); !engine.Is(err, engine.CAAway) {
		t.Errorf("the first time: %v", err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if got, err := p.ca.Issuers(t.Context()); err != nil || len(got) != 1 {
				t.Errorf("Issuers says %v %v", got, err)
			}
		})
	}
	group.Wait()
	if calls.Load() != 2 {
		t.Errorf("the CA was asked %d times", calls.Load())
	}
}

// A CA that has another certificate since the issuers were fetched is asked for
// them again, when its first new certificate comes, and not before.
func TestIssuersAfterTheCAHasAnotherCertificate(t *testing.T) {
	before, after := newCredential(t, nil), newCredential(t, nil)
	issuer, fetched := before, 0
	p := newPair(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == wire.IssuersPath {
			fetched++
			says(200, wire.Issuers{Certificates: [][]byte{issuer.cert.Raw}})(w, r)
			return
		}
		says(200, wire.Answer{State: engine.RequestIssued, Certificate: newCredential(t, issuer).cert.Raw})(w, r)
	})
	for _, c := range []struct {
		now   *credential
		calls int
	}{{before, 1}, {before, 1}, {after, 2}, {after, 2}} {
		issuer = c.now
		_, err := p.ca.Ask(t.Context(), engine.CARequest{ID: "1"})
		must(t, err)
		got, err := p.ca.Issuers(t.Context())
		must(t, err)
		if !bytes.Equal(got[0], c.now.cert.Raw) || fetched != c.calls {
			t.Errorf("after %d fetches, not %d, the issuer is the right one: %v", fetched, c.calls, bytes.Equal(got[0], c.now.cert.Raw))
		}
	}
}

// What is asked arrives as the wire package documents it, and names cannot
// leave their place in the path.
func TestWhatArrives(t *testing.T) {
	type arrived struct {
		method, path string
		body         []byte
	}
	got := make(chan arrived, 1)
	p := newPair(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- arrived{r.Method, r.URL.EscapedPath(), body}
		says(200, wire.Answer{State: engine.RequestPending})(w, r)
	})
	p.config.URL += "/"
	ca := p.client(t)
	_, err := ca.Ask(t.Context(), engine.CARequest{
		ID: "id1", Profile: "logon", CSR: []byte{1, 2}, ValidDays: 3, User: engine.UserRef{ID: "u", Name: "Zoë", Logon: "zoe", Mail: "kept@home"},
		Actor: engine.Actor{Who: "anna", Station: "ours", Mode: engine.Operator},
	})
	must(t, err)
	a := <-got
	want := `{"id":"id1","template":"logon","csr":"AQI=","validDays":3,"user":{"id":"u","name":"Zoë","logon":"zoe"},"actor":{"who":"anna","mode":"operator"}}`
	if a.method != "POST" || a.path != "/requests" || string(a.body) != want {
		t.Errorf("%s %s %s", a.method, a.path, a.body)
	}
	_ = ca.Ready(t.Context(), "../requests?x", 30)
	if a := <-got; a.path != "/templates/..%2Frequests%3Fx" {
		t.Errorf("a template's name leaves its place: %s", a.path)
	}
	must(t, ca.Revoke(t.Context(), "0a", engine.Superseded))
	if a := <-got; a.path != "/certificates/0a/revoke" || string(a.body) != `{"reason":"superseded"}` {
		t.Errorf("%s %s", a.path, a.body)
	}
}
