package authority

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/builtin"
	"cardkiosk/engine/ca/wire"
)

// overheard serves the CA's API over TLS as Serve does, and keeps what stations
// send.
func (w *world) overheard(t *testing.T) (url string, bodies func() [][]byte) {
	t.Helper()
	var mu sync.Mutex
	var all [][]byte
	api := w.Handler()
	server := w.httpServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read what was sent: %v", err)
		}
		mu.Lock()
		all = append(all, body)
		mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		api.ServeHTTP(rw, r)
	}))
	server.TLSConfig = w.tlsConfig()
	l := value[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	ended := make(chan error, 1)
	go func() { ended <- untilClosed(server.ServeTLS(l, "", "")) }()
	t.Cleanup(func() {
		must(t, server.Shutdown(context.Background()))
		must(t, <-ended)
	})
	return "https://" + l.Addr().String(), func() [][]byte {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

// client is the kiosk's connection to the CA, with a station's files.
func (w *world) client(t *testing.T, url string) *builtin.CA {
	t.Helper()
	dir := t.TempDir()
	value[Station](t)(w.MakeStation(t.Context(), engine.Actor{Who: "root"}, NewStation{Name: "lobby-1", MayAsk: true, MayRevoke: true, Days: 30, Dir: dir}))
	ca := value[*builtin.CA](t)(builtin.New(builtin.Config{
		URL: url, CertificateFile: filepath.Join(dir, StationCertificateFile), KeyFile: filepath.Join(dir, StationKeyFile),
		RootFile: filepath.Join(dir, StationRootFile), Now: w.clock.now,
	}))
	t.Cleanup(ca.Close)
	return ca
}

// countingKey is a card's key: it only signs, and counts.
type countingKey struct {
	crypto.Signer
	signed int
}

func (k *countingKey) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	k.signed++
	return k.Signer.Sign(random, digest, opts)
}

// The signed renewal, as it went to the CA over TLS, is one that OpenSSL verifies:
// the CMS against the CA's certificate, the request in it by its own key. The
// card signed once for it.
func TestOpenSSLVerifiesRenewals(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]crypto.Signer{
		"P-256": newKey(t, KeyP256), "P-384": newKey(t, KeyP384), "RSA 2048": value[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ruled("hold", `renewal = "issue"`))
			old := w.obtain(t, "logon", func(x *wish, _ *wire.Request) { x.key = key })
			url, bodies := w.overheard(t)
			card, r := &countingKey{Signer: old.key}, old.renew(t, "logon", old)
			answer := value[engine.Answer](t)(w.client(t, url).Ask(t.Context(), engine.CARequest{
				ID: r.ID, Profile: r.Template, CSR: r.CSR, ValidDays: r.ValidDays, User: engine.UserRef{ID: engine.UserID(old.user), Name: "Zoë Müller"},
				Actor: engine.Actor{Who: "anna", Mode: engine.Operator}, Renewal: &engine.SignedRenewal{Certificate: old.Raw, By: old.Raw, Key: card},
			}))
			if answer.State != engine.RequestIssued || card.signed != 1 {
				t.Fatalf("the renewal is %s: %s; the card signed %d times", answer.State, answer.Words, card.signed)
			}
			lintCertificate(t, answer.Certificate)
			var sent wire.Request
			must(t, json.Unmarshal(bodies()[0], &sent))
			checkWithOpenSSL(t, filepath.Join(w.dir, issuerFile), sent, old)
		})
	}
}

func checkWithOpenSSL(t *testing.T, issuer string, sent wire.Request, old held) {
	t.Helper()
	dir := t.TempDir()
	cms, csr, signer := filepath.Join(dir, "renewal.cms"), filepath.Join(dir, "renewal.csr"), filepath.Join(dir, "signer.pem")
	must(t, os.WriteFile(cms, sent.Renewal, 0o600))
	says := openssl(t, "cms", "-verify", "-binary", "-inform", "DER", "-in", cms, "-CAfile", issuer, "-purpose", "any", "-out", csr, "-signer", signer)
	contains(t, says, "CMS Verification successful")
	if content := value[[]byte](t)(os.ReadFile(csr)); !bytes.Equal(content, sent.CSR) {
		t.Errorf("the CMS is over %d bytes that are not the request", len(content))
	}
	if block, _ := pem.Decode(value[[]byte](t)(os.ReadFile(signer))); block == nil || !bytes.Equal(block.Bytes, old.Raw) {
		t.Error("OpenSSL names another signer")
	}
	text := openssl(t, "req", "-verify", "-inform", "DER", "-in", csr, "-noout", "-text", "-nameopt", "utf8,sep_comma_plus")
	contains(t, text, "verify OK", "Subject: O=Corp Example,CN=Zoë Müller", "1.3.6.1.4.1.311.13.1")
	first, _, _ := strings.Cut(text, "\n")
	t.Logf("openssl cms -verify: %s; openssl req -verify: %s", strings.TrimSpace(says), first)

	// The same with one bit of the request turned is not one.
	i := bytes.Index(sent.Renewal, sent.CSR)
	broken := bytes.Clone(sent.Renewal)
	broken[i+len(sent.CSR)/2] ^= 1
	must(t, os.WriteFile(cms, broken, 0o600))
	contains(t, openssl(t, "cms", "-verify", "-binary", "-inform", "DER", "-in", cms, "-CAfile", issuer, "-purpose", "any", "-out", os.DevNull), "openssl failed")
}

// Over the API and its client: held, looked up, withdrawn; approved before there
// is a key, and collected; on hold and released.
func TestClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("hold"))
	url, _ := w.overheard(t)
	ca, ctx := w.client(t, url), t.Context()
	asked := func(change func(r *engine.CARequest)) engine.CARequest {
		r := engine.CARequest{
			ID: newID(t), Profile: "logon", CSR: logonWish(t).csr(t), ValidDays: 30, User: engine.UserRef{ID: "u1"},
			Actor: engine.Actor{Who: "anna", Mode: engine.Operator},
		}
		change(&r)
		return r
	}
	waits := asked(func(*engine.CARequest) {})
	for range 2 {
		if a := value[engine.Answer](t)(ca.Ask(ctx, waits)); a.State != engine.RequestPending || a.RetryAfter.Minutes() != 5 || a.Words == "" {
			t.Errorf("held: %+v", a)
		}
	}
	a, known, err := ca.Withdraw(ctx, waits.ID)
	if err != nil || !known || a.State != engine.RequestWithdrawn {
		t.Errorf("withdrawn: %+v %v %v", a, known, err)
	}
	if _, known, err := ca.Withdraw(ctx, "nowhere"); known || err != nil {
		t.Errorf("withdraw what the CA does not know: %v %v", known, err)
	}
	first := asked(func(r *engine.CARequest) { r.Approval = true })
	value[engine.Answer](t)(ca.Ask(ctx, first))
	then := asked(func(r *engine.CARequest) { r.Approved = first.ID })
	if _, err := ca.Ask(ctx, then); !engine.Is(err, engine.CARefused) {
		t.Errorf("before it is decided: %v", err)
	}
	value[Request](t)(w.Approve(ctx, alice, first.ID))
	if a, known, err := ca.Lookup(ctx, first.ID); err != nil || !known || a.State != engine.RequestApproved {
		t.Errorf("approved: %+v %v", a, err)
	}
	got := value[engine.Answer](t)(ca.Ask(ctx, then))
	if got.State != engine.RequestIssued {
		t.Fatalf("collected: %+v", got)
	}
	if !ca.DecidesFirst() {
		t.Error("the CA is said not to decide first")
	}
	serial := value[engine.Certificate](t)(engine.ParseCertificate(got.Certificate)).Serial
	must(t, ca.Revoke(ctx, serial, engine.CertificateHold))
	must(t, ca.Release(ctx, serial))
	must(t, ca.Release(ctx, serial))
	if revoked := value[[]engine.Revocation](t)(ca.Revoked(ctx)); len(revoked) != 0 {
		t.Errorf("released, the list has %v", revoked)
	}
	must(t, ca.Revoke(ctx, serial, engine.KeyCompromise))
	if err := ca.Release(ctx, serial); !engine.Is(err, engine.CARefused) {
		t.Errorf("revoked for good, released: %v", err)
	}
}
