package authority

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testPassphrase = "correct horse battery"

// clock is a clock that tests set.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// forward moves the clock of a world.
func (w *world) forward(d time.Duration) { w.clock.(*clock).forward(d) } //nolint:forcetypeassert // only for clocks that stand still

// wallClock is the clock of the machine, or of a synctest bubble.
type wallClock struct{}

func (wallClock) now() time.Time { return time.Now() }

// testOptions are those of a CA like the one in the manual.
func testOptions(now func() time.Time) Options {
	return Options{
		Name: "Corp Issuing CA", Key: KeyP384, Years: 10, CRLURL: "http://pki.corp.example/crl", IssuerURL: "http://pki.corp.example/ca.cer",
		ServerNames: []string{"localhost", "127.0.0.1"}, Actor: engine.Actor{Who: "root"}, Now: now, Random: rand.Reader,
		Iterations: 1000,
	}
}

// world is a CA in a folder, with its clock.
type world struct {
	*Authority
	dir   string
	clock interface{ now() time.Time }
}

// newWorld makes a CA whose clock stands still until the test moves it.
func newWorld(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	return newWorldWith(t, &clock{t: time.Now()}, change...)
}

func newWorldWith(t *testing.T, c interface{ now() time.Time }, change ...func(*Options)) *world {
	t.Helper()
	w := &world{dir: filepath.Join(t.TempDir(), "CA #1, 100% safe?"), clock: c}
	o := testOptions(w.clock.now)
	for _, c := range change {
		c(&o)
	}
	must(t, Init(t.Context(), w.dir, []byte(testPassphrase), o))
	w.reopen(t)
	t.Cleanup(func() { must(t, w.Close()) })
	return w
}

// reopen opens the folder as a new process would.
func (w *world) reopen(t *testing.T) {
	t.Helper()
	a, err := Open(context.Background(), w.dir, []byte(testPassphrase), w.clock.now, rand.Reader, slog.New(slog.DiscardHandler))
	must(t, err)
	w.Authority = a
}

// lobby is a station that may do everything, not yet known to any CA.
var lobby = Station{Name: "lobby-1", MayAsk: true, MayRevoke: true}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func value[V any](t *testing.T) func(V, error) V {
	return func(v V, err error) V {
		t.Helper()
		must(t, err)
		return v
	}
}

// wish is what a test asks for.
type wish struct {
	subject    []attribute // in the order of DER
	extensions []pkix.Extension
	key        crypto.Signer
	attributes []byte // RawSubject when not nil
	operator   string
}

func newKey(t *testing.T, kind KeyKind) crypto.Signer {
	t.Helper()
	return value[crypto.Signer](t)(makeKey(kind, rand.Reader))
}

// logonWish is what a kiosk asks for under template logon.
func logonWish(t *testing.T) wish {
	return wish{
		subject: []attribute{{"O", "Corp Example"}, {"CN", "Zoë Müller"}},
		extensions: []pkix.Extension{
			usageExtension(t, 0), extendedExtension(t, "clientAuth", "smartcardLogon"),
			sanExtension(t, upnName("zoe@corp.example"), textName(1, "zoe@corp.example")), sidExtension("S-1-5-21-1004336348-1177238915-682003330-1104"),
		},
		key: newKey(t, KeyP256),
	}
}

func (w wish) csr(t *testing.T) []byte {
	t.Helper()
	raw := w.attributes
	if raw == nil {
		raw = subjectOf(t, w.subject)
	}
	return value[[]byte](t)(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{RawSubject: raw, ExtraExtensions: w.extensions}, w.key))
}

func subjectOf(t *testing.T, subject []attribute) []byte {
	t.Helper()
	var seq pkix.RDNSequence
	for _, a := range subject {
		text := any(a.Value)
		if a.Type == "E" || a.Type == "DC" {
			text = asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte(a.Value)}
		}
		seq = append(seq, pkix.RelativeDistinguishedNameSET{{Type: attributeOIDs[a.Type], Value: text}})
	}
	return value[[]byte](t)(asn1.Marshal(seq))
}

func (w wish) request(t *testing.T, id, template string) wire.Request {
	t.Helper()
	return wire.Request{
		ID: id, Template: template, CSR: w.csr(t), ValidDays: 365,
		User: wire.User{ID: "u1", Name: "Zoë Müller", Logon: "zoe"}, Actor: wire.Actor{Who: "anna", Mode: "operator"},
	}
}

func extension(t *testing.T, oid asn1.ObjectIdentifier, v any) pkix.Extension {
	t.Helper()
	return pkix.Extension{Id: oid, Value: value[[]byte](t)(asn1.Marshal(v))}
}

func usageExtension(t *testing.T, bits ...int) pkix.Extension {
	t.Helper()
	b, last := make([]byte, 2), 0
	for _, bit := range bits {
		b[bit/8] |= 0x80 >> (bit % 8)
		last = max(last, bit)
	}
	return extension(t, oidKeyUsage, asn1.BitString{Bytes: b[:last/8+1], BitLength: last + 1})
}

func extendedExtension(t *testing.T, names ...string) pkix.Extension {
	t.Helper()
	var oids []asn1.ObjectIdentifier
	for _, n := range names {
		oids = append(oids, value[asn1.ObjectIdentifier](t)(engine.ExtendedUsage(n)))
	}
	return extension(t, oidExtKeyUsage, oids)
}

func sanExtension(t *testing.T, names ...asn1.RawValue) pkix.Extension {
	t.Helper()
	return extension(t, oidSAN, names)
}

func textName(tag int, v string) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, Bytes: []byte(v)}
}

func upnName(v string) asn1.RawValue { return otherName(oidUPN, asn1.TagUTF8String, v) }

func otherName(oid asn1.ObjectIdentifier, tag int, v string) asn1.RawValue {
	id, _ := asn1.Marshal(oid)
	inner, _ := asn1.Marshal(asn1.RawValue{Tag: tag, Bytes: []byte(v)})
	explicit, _ := asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: inner})
	return asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: append(id, explicit...)}
}

func sidExtension(sid string) pkix.Extension {
	der, _ := asn1.Marshal([]asn1.RawValue{otherName(oidObjectSID, asn1.TagOctetString, sid)})
	return pkix.Extension{Id: oidSID, Value: der}
}

func newID(t *testing.T) string {
	t.Helper()
	b := make([]byte, 16)
	value[int](t)(rand.Read(b))
	return hex.EncodeToString(b)
}

// issueOne issues a certificate under template logon.
func (w *world) issueOne(t *testing.T) *x509.Certificate {
	t.Helper()
	answer := value[wire.Answer](t)(w.Ask(t.Context(), lobby, logonWish(t).request(t, newID(t), "logon")))
	if answer.State != engine.RequestIssued {
		t.Fatalf("request is %s: %s", answer.State, answer.Words)
	}
	return value[*x509.Certificate](t)(x509.ParseCertificate(answer.Certificate))
}

// rows counts what a query finds.
func (w *world) rows(t *testing.T, query string, args ...any) int {
	t.Helper()
	var n int
	must(t, w.book.db.QueryRow(`SELECT count(*) FROM `+query, args...).Scan(&n))
	return n
}

// served is a CA that serves on free ports.
type served struct {
	api    string // https://…
	public string // http://…
}

// serve serves until the test ends, and then waits until everything is over.
func (w *world) serve(t *testing.T) served {
	t.Helper()
	api := value[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	public := value[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Serve(ctx, api, public) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the CA ended with %v", err)
		}
	})
	return served{"https://" + api.Addr().String(), "http://" + public.Addr().String()}
}

// station makes a station and returns what it shows and trusts.
func (w *world) station(t *testing.T, name string) *tls.Config {
	t.Helper()
	dir := t.TempDir()
	value[Station](t)(w.MakeStation(t.Context(), engine.Actor{Who: "root"}, NewStation{Name: name, MayAsk: true, MayRevoke: true, Days: 30, Dir: dir}))
	pair := value[tls.Certificate](t)(tls.LoadX509KeyPair(filepath.Join(dir, StationCertificateFile), filepath.Join(dir, StationKeyFile)))
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(value[[]byte](t)(os.ReadFile(filepath.Join(dir, StationRootFile)))) {
		t.Fatal("the station's root file holds no certificate")
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots, Time: w.clock.now}
}

// openssl runs the tool, the independent witness of these tests.
func openssl(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("openssl is missing: install the package openssl")
		}
		t.Skip("openssl is missing: install the package openssl")
	}
	out, err := exec.CommandContext(t.Context(), "openssl", args...).CombinedOutput()
	if err != nil {
		return "openssl failed: " + string(out)
	}
	return string(out)
}

func contains(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in:\n%s", w, text)
		}
	}
}
