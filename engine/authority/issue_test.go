package authority

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	zx509 "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	"github.com/zmap/zlint/v3/lint"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// What is issued is what was asked for, OpenSSL says so, and zlint finds no
// error in it.
func TestIssued(t *testing.T) {
	t.Parallel()
	for _, kind := range []KeyKind{KeyP384, KeyRSA3072} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *Options) { o.Key = kind })
			c := w.issueOne(t)
			dir := t.TempDir()
			crl := value[CRL](t)(w.Publish(t.Context()))
			must(t, writePEM(dir, "leaf.pem", pemCertificate, c.Raw))
			must(t, writePEM(dir, "crl.pem", "X509 CRL", crl.DER))
			leaf := filepath.Join(dir, "leaf.pem")

			contains(t, openssl(t, "verify", "-x509_strict", "-crl_check", "-CRLfile", filepath.Join(dir, "crl.pem"),
				"-CAfile", filepath.Join(w.dir, issuerFile), leaf), "leaf.pem: OK")
			contains(t, openssl(t, "x509", "-in", leaf, "-noout", "-text", "-nameopt", "utf8,sep_comma_plus"),
				"Subject: O=Corp Example,CN=Zoë Müller",
				"CRL Distribution Points", "URI:http://pki.corp.example/crl",
				"CA Issuers - URI:http://pki.corp.example/ca.cer",
				"Microsoft Smartcard Login", "TLS Web Client Authentication",
				"othername: UPN::zoe@corp.example, email:zoe@corp.example", "1.3.6.1.4.1.311.25.2", "S-1-5-21-1004336348-1177238915-682003330-1104",
				"Digital Signature", "CA:FALSE", "Subject Key Identifier", "Authority Key Identifier")
			lintCertificate(t, c.Raw)
			lintCertificate(t, w.issuing.cert.Raw)
		})
	}
}

// lintSources are the rules that are about this kind of certificate. Those of
// the CA/Browser Forum are about servers on the web, and root programs.
var lintSources = lint.SourceList{lint.RFC3279, lint.RFC5280, lint.RFC5480, lint.RFC5891, lint.RFC8813, lint.Community}

func lintCertificate(t *testing.T, der []byte) {
	t.Helper()
	registry := value[lint.Registry](t)(lint.GlobalRegistry().Filter(lint.FilterOptions{IncludeSources: lintSources}))
	cert := value[*zx509.Certificate](t)(zx509.ParseCertificate(der))
	applied := 0
	for name, r := range zlint.LintCertificateEx(cert, registry).Results {
		if r.Status >= lint.Warn {
			t.Errorf("zlint: %s is %s %s", name, r.Status, r.Details)
		}
		if r.Status == lint.Pass {
			applied++
		}
	}
	if applied < 30 {
		t.Errorf("only %d lints applied", applied)
	}
}

// Each template of the example issues; validity is what was asked for, five
// minutes into the past, and never beyond the CA's own.
func TestIssuedByEachTemplate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Years = 1 })
	rsaKey := value[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
	mail := sanExtension(t, textName(1, "zoe@corp.example"))
	for name, change := range map[string]func(*wish){
		"logon": func(*wish) {},
		"signing": func(x *wish) {
			x.extensions = []pkix.Extension{usageExtension(t, 0, 1), extendedExtension(t, "emailProtection"), mail}
		},
		"encryption": func(x *wish) {
			x.extensions = []pkix.Extension{usageExtension(t, 4), extendedExtension(t, "emailProtection"), mail}
		},
		"cardauth": func(x *wish) { x.extensions = []pkix.Extension{usageExtension(t, 0), extendedExtension(t, "cardAuth")} },
	} {
		wanted := logonWish(t)
		change(&wanted)
		if name == "encryption" {
			wanted.key, wanted.extensions[0] = rsaKey, usageExtension(t, 2)
		}
		answer := value[wire.Answer](t)(w.Ask(t.Context(), lobby, wanted.request(t, newID(t), name)))
		if answer.State != engine.RequestIssued {
			t.Errorf("%s: the CA says %s: %s", name, answer.State, answer.Words)
			continue
		}
		c := value[*x509.Certificate](t)(x509.ParseCertificate(answer.Certificate))
		lintCertificate(t, c.Raw)
		now := w.clock.now().UTC().Truncate(time.Second)
		if !c.NotBefore.Equal(now.Add(-5*time.Minute)) || !c.NotAfter.Equal(now.AddDate(0, 0, 365)) {
			t.Errorf("%s: valid from %v to %v", name, c.NotBefore, c.NotAfter)
		}
		if c.SerialNumber.Sign() <= 0 || c.SerialNumber.BitLen() > 128 {
			t.Errorf("%s: serial number %v", name, c.SerialNumber)
		}
	}
	w.forward(24 * time.Hour)
	if c := w.issueOne(t); c.NotAfter.After(w.issuing.cert.NotAfter) {
		t.Errorf("a certificate is valid until %v, its CA until %v", c.NotAfter, w.issuing.cert.NotAfter)
	}
	w.forward(366 * 24 * time.Hour)
	if _, err := w.Ask(t.Context(), lobby, logonWish(t).request(t, newID(t), "logon")); !engine.Is(err, engine.WrongState) {
		t.Errorf("a CA that has ended says %v", err)
	}
}

// An id stands for one key and one content. The same again, signed anew and
// from another station, gets the same certificate; anything else is refused.
func TestSameRequestSameAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wanted, id := logonWish(t), newID(t)
	first := value[wire.Answer](t)(w.Ask(t.Context(), lobby, wanted.request(t, id, "logon")))
	other := Station{Name: "lobby-2", MayAsk: true}
	again := value[wire.Answer](t)(w.Ask(t.Context(), other, wanted.request(t, id, "logon")))
	looked := value[wire.Answer](t)(w.Lookup(t.Context(), id))
	if !bytes.Equal(first.Certificate, again.Certificate) || !bytes.Equal(first.Certificate, looked.Certificate) {
		t.Error("one request has several certificates")
	}
	for name, change := range map[string]func(*wish, *wire.Request){
		"another key":      func(x *wish, r *wire.Request) { x.key = newKey(t, KeyP256); r.CSR = x.csr(t) },
		"another subject":  func(x *wish, r *wire.Request) { x.subject[1].Value = "Eve"; r.CSR = x.csr(t) },
		"another template": func(_ *wish, r *wire.Request) { r.Template = "signing" },
		"another validity": func(_ *wish, r *wire.Request) { r.ValidDays++ },
		"another user":     func(_ *wish, r *wire.Request) { r.User.ID = "u2" },
	} {
		x := wanted
		x.subject = append([]attribute(nil), wanted.subject...)
		r := wanted.request(t, id, "logon")
		change(&x, &r)
		if _, err := w.Ask(t.Context(), lobby, r); !engine.Is(err, engine.WrongState) {
			t.Errorf("%s: the CA says %v", name, err)
		}
	}
	if n := w.rows(t, "certificates"); n != 1 {
		t.Errorf("%d certificates were issued", n)
	}
}

// A rejection is an answer, with the CA's words, and stays one.
func TestRejected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wanted, id := logonWish(t), newID(t)
	wanted.subject = append(wanted.subject, attribute{"OU", "Board"})
	for range 2 {
		a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, wanted.request(t, id, "logon")))
		if a.State != engine.RequestRejected || a.Words != "Template logon does not permit the subject attribute OU (subject_open in ca.toml)" || a.Certificate != nil {
			t.Errorf("the CA says %+v", a)
		}
	}
	if a := value[wire.Answer](t)(w.Lookup(t.Context(), id)); a.State != engine.RequestRejected {
		t.Errorf("looked up, it is %s", a.State)
	}
	if n := w.rows(t, `audit WHERE act = 'reject request' AND detail LIKE '%attribute OU (subject_open in ca.toml)'`); n != 1 {
		t.Errorf("%d audit rows tell of the rejection", n)
	}
}

// What is no request, or not signed by its key, is refused and not kept.
func TestUnreadableRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := logonWish(t).request(t, newID(t), "logon")
	broken := bytes.Clone(good.CSR)
	broken[len(broken)-1] ^= 1
	for name, change := range map[string]func(*wire.Request){
		"no CSR":            func(r *wire.Request) { r.CSR = nil },
		"rubbish":           func(r *wire.Request) { r.CSR = []byte("-----BEGIN") },
		"something after":   func(r *wire.Request) { r.CSR = append(bytes.Clone(r.CSR), 0) },
		"another signature": func(r *wire.Request) { r.CSR = broken },
		"no id":             func(r *wire.Request) { r.ID = "" },
		"id with a slash":   func(r *wire.Request) { r.ID = "../x" },
		"a long id":         func(r *wire.Request) { r.ID = strings.Repeat("a", 65) },
	} {
		r := good
		change(&r)
		if _, err := w.Ask(t.Context(), lobby, r); !engine.Is(err, engine.BadInput) {
			t.Errorf("%s: the CA says %v", name, err)
		}
	}
	if n := w.rows(t, "requests"); n != 0 {
		t.Errorf("%d requests were kept", n)
	}
}

// However many ask at once for the same id, one certificate is issued.
func TestOneCertificateUnderConcurrency(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := &world{dir: w.dir, clock: w.clock} // another process on the same folder
	second.reopen(t)
	defer func() { must(t, second.Close()) }()
	wanted, ids := logonWish(t), []string{newID(t), newID(t), newID(t)}
	const each = 12
	answers := make([][]byte, each*len(ids))
	var group sync.WaitGroup
	for i := range answers {
		request, asked := wanted.request(t, ids[i%len(ids)], "logon"), w
		if i%2 == 1 {
			asked = second
		}
		group.Go(func() {
			a, err := asked.Ask(t.Context(), lobby, request)
			if err != nil {
				t.Errorf("the CA says %v", err)
			}
			answers[i] = a.Certificate
		})
	}
	group.Wait()
	for i := range answers {
		if !bytes.Equal(answers[i], answers[i%len(ids)]) || len(answers[i]) == 0 {
			t.Errorf("answer %d is another certificate", i)
		}
	}
	if n := w.rows(t, "certificates"); n != len(ids) {
		t.Errorf("%d ids have %d certificates", len(ids), n)
	}
}

// However many ask one process at once, each id is signed once.
func TestSignsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var signatures atomic.Int32
	w.issuing.key = cutSigner{Signer: w.issuing.key, after: func() error { signatures.Add(1); return nil }}
	request := logonWish(t).request(t, newID(t), "logon")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := w.Ask(t.Context(), lobby, request); err != nil {
				t.Errorf("the CA says %v", err)
			}
		})
	}
	group.Wait()
	if n := signatures.Load(); n != 1 {
		t.Errorf("the key signed %d times", n)
	}
}

var errPowerCut = errors.New("power cut")

// cutSigner stands for a machine that dies when it signs.
type cutSigner struct {
	crypto.Signer
	before, after func() error
}

func (s cutSigner) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if s.before != nil {
		return nil, s.before()
	}
	signature, err := s.Signer.Sign(random, digest, opts)
	return signature, errors.Join(err, s.after())
}

// Wherever the CA dies, the next to ask or look up gets the one certificate,
// with the serial number and validity that were fixed at first.
func TestCrash(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(w *world){
		"after keeping the request, before signing": func(w *world) {
			w.issuing.key = cutSigner{Signer: w.issuing.key, before: func() error { return errPowerCut }}
		},
		"after signing, before keeping the certificate": func(w *world) {
			w.issuing.key = cutSigner{Signer: w.issuing.key, after: w.book.Close}
		},
		"after keeping the certificate, before answering": func(*world) {},
	} {
		for _, finish := range []string{"ask", "lookup"} {
			t.Run(name+", then "+finish, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				cut(w)
				wanted, id := logonWish(t), newID(t)
				lost, err := w.Ask(t.Context(), lobby, wanted.request(t, id, "logon"))
				dead := w.Authority
				w.reopen(t)
				defer func() { must(t, dead.Close()) }()
				if stopped := strings.HasPrefix(name, "after keeping the certificate"); stopped != (err == nil) {
					t.Fatalf("the CA that dies says %v", err)
				}
				kept, ok, err := w.book.request(t.Context(), id)
				if err != nil || !ok {
					t.Fatalf("the request was not kept: %v", err)
				}
				w.forward(time.Hour)
				for range 2 {
					var a wire.Answer
					if finish == "ask" {
						a = value[wire.Answer](t)(w.Ask(t.Context(), lobby, wanted.request(t, id, "logon")))
					} else {
						a = value[wire.Answer](t)(w.Lookup(t.Context(), id))
					}
					c := value[*x509.Certificate](t)(x509.ParseCertificate(a.Certificate))
					if c.SerialNumber.Text(16) != kept.Serial || !c.NotAfter.Equal(kept.NotAfter) {
						t.Errorf("issued with serial number %x until %v, fixed were %s and %v", c.SerialNumber, c.NotAfter, kept.Serial, kept.NotAfter)
					}
					if lost.Certificate != nil && !bytes.Equal(lost.Certificate, a.Certificate) {
						t.Error("the lost answer had another certificate")
					}
				}
				if n := w.rows(t, "certificates"); n != 1 {
					t.Errorf("the request has %d certificates", n)
				}
			})
		}
	}
}

// With a full disk the CA says that it is in trouble, and issues the request
// once there is room.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.book.db.SetMaxOpenConns(1) // the limit is the connection's
	pages := 0
	must(t, w.book.db.QueryRow(`PRAGMA page_count`).Scan(&pages))
	limit := func(n int) { must(t, w.book.db.QueryRow(`PRAGMA max_page_count = `+strconv.Itoa(n)).Scan(&n)) }
	limit(pages)
	wanted, id := logonWish(t), newID(t)
	r := wanted.request(t, id, "logon")
	r.User.Name = strings.Repeat("x", 20_000)
	if _, err := w.Ask(t.Context(), lobby, r); !engine.Is(err, engine.StoreFull) || statusOf(err) != 503 {
		t.Fatalf("the CA says %v", err)
	}
	limit(pages + 100)
	if a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, r)); a.State != engine.RequestIssued {
		t.Errorf("with room again it is %s", a.State)
	}
}

// A request that is for nobody is refused, and nothing is kept of it: whoever else
// had no id could renew its certificate.
func TestRequestForNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"", " "} {
		r := logonWish(t).request(t, newID(t), "logon")
		r.User.ID = id
		if _, err := w.Ask(t.Context(), lobby, r); !engine.Is(err, engine.BadInput) || !strings.Contains(err.Error(), "the user has no id") {
			t.Errorf("for the user %q: %v", id, err)
		}
	}
	if n := w.rows(t, "requests"); n != 0 {
		t.Errorf("%d requests are kept", n)
	}
}
