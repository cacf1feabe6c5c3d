package crl

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cardkiosk/engine"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// ca signs certificates and lists.
type ca struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newCA(t *testing.T, name string) *ca {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &ca{t: t, key: key}
	c.cert = c.sign(&x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, NotBefore: noon.AddDate(-1, 0, 0), NotAfter: noon.AddDate(1, 0, 0),
	}, nil)
	return c
}

func (c *ca) sign(template, parent *x509.Certificate) *x509.Certificate {
	c.t.Helper()
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, c.key.Public(), c.key)
	if err != nil {
		c.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		c.t.Fatal(err)
	}
	return cert
}

// issue makes a certificate with a serial number, as far as it matters here.
func (c *ca) issue(serial int64, points ...string) *x509.Certificate {
	c.t.Helper()
	return c.sign(&x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "Ada"}, CRLDistributionPoints: points,
		NotBefore: noon.AddDate(0, -1, 0), NotAfter: noon.AddDate(0, 1, 0),
	}, c.cert)
}

// list makes a list from an hour before the time given to a day after it.
func (c *ca) list(now time.Time, change func(*x509.RevocationList), revoked ...int64) []byte {
	c.t.Helper()
	l := &x509.RevocationList{Number: big.NewInt(now.Unix()), ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(24 * time.Hour)}
	for _, serial := range revoked {
		l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: big.NewInt(serial), RevocationTime: now.Add(-2 * time.Hour), ReasonCode: 1})
	}
	if change != nil {
		change(l)
	}
	der, err := x509.CreateRevocationList(rand.Reader, l, c.cert, c.key)
	if err != nil {
		c.t.Fatal(err)
	}
	return der
}

// web is a server with one list, which the test may change.
type web struct {
	*httptest.Server
	body  atomic.Pointer[[]byte] // nil: 404
	asked atomic.Int32
}

func serve(t *testing.T, body []byte) *web {
	t.Helper()
	w := &web{}
	w.put(body)
	w.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		w.asked.Add(1)
		b := w.body.Load()
		if b == nil {
			http.Error(out, "gone", http.StatusNotFound)
			return
		}
		_, _ = out.Write(*b)
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *web) put(body []byte) { w.body.Store(&body) }

// clock is a clock that the test moves.
type clock struct{ now time.Time }

func (c *clock) time() time.Time { return c.now }

func open(t *testing.T, c *clock, sources ...Source) *Lists {
	t.Helper()
	l, err := Open(Config{Sources: sources, Now: c.time, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// What is on its issuer's list is revoked, with the reason; what is not, is not;
// and one CA's list says nothing of another's certificates.
func TestFind(t *testing.T) {
	corp, other := newCA(t, "Corp"), newCA(t, "Other")
	file := filepath.Join(t.TempDir(), "other.crl")
	keep(t, file, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: other.list(noon, nil, 8)}))
	w := serve(t, corp.list(noon, nil, 7))
	l := open(t, &clock{noon}, Source{URL: w.URL}, Source{File: file})
	for name, c := range map[string]struct {
		by      *ca
		serial  int64
		revoked bool
	}{"corp's 7": {corp, 7, true}, "corp's 8": {corp, 8, false}, "other's 7": {other, 7, false}, "other's 8": {other, 8, true}} {
		entry, err := l.Find(t.Context(), c.by.issue(c.serial), c.by.cert)
		if err != nil || (entry != nil) != c.revoked || c.revoked && entry.ReasonCode != 1 {
			t.Errorf("%s: %+v, %v", name, entry, err)
		}
	}
	if n := w.asked.Load(); n != 1 {
		t.Errorf("the server was asked %d times", n)
	}
}

// A list that does not tell for sure tells nothing: nobody knows then.
func TestNobodyKnows(t *testing.T) {
	corp, forger := newCA(t, "Corp"), newCA(t, "Corp") // the same name, another key
	point := func(flags byte, value ...byte) func(*x509.RevocationList) {
		return extension(oidScope, append([]byte{0x30, byte(len(value) + 2), flags, byte(len(value))}, value...))
	}
	for name, c := range map[string]struct {
		list []byte
		says string
	}{
		"ended":              {corp.list(noon.AddDate(0, 0, -2), nil), "ended"},
		"to come":            {corp.list(noon.AddDate(0, 0, 2), nil), "still to come"},
		"no end":             {unending(t, corp), "does not say when it ends"},
		"forged":             {forger.list(noon, nil), "signature"},
		"changed":            {changed(corp.list(noon, nil, 99)), "signature"},
		"delta":              {corp.list(noon, extension(oidDelta, []byte{2, 1, 1})), "delta"},
		"indirect":           {corp.list(noon, point(0x84, 0xff)), "indirect"},
		"some reasons":       {corp.list(noon, point(0x83, 1, 0x40)), "reasons"},
		"attributes":         {corp.list(noon, point(0x85, 0xff)), "attribute"},
		"CAs only":           {corp.list(noon, point(0x82, 0xff)), "about CAs only"},
		"elsewhere":          {corp.list(noon, extension(oidScope, at("http://x/2.crl"))), "another part"},
		"unknown extension":  {corp.list(noon, extension(asn1.ObjectIdentifier{1, 2, 3}, []byte{5, 0})), "must be understood"},
		"entry of another's": {corp.list(noon, foreignEntry), "must be understood"},
		"rubbish":            {[]byte("<html>"), "cannot be read"},
		"another CA's":       {newCA(t, "Other").list(noon, nil), "no list of this CA"},
	} {
		w := serve(t, c.list)
		entry, err := open(t, &clock{noon}, Source{URL: w.URL}).Find(t.Context(), corp.issue(7, "http://x/1.crl"), corp.cert)
		if !engine.Is(err, engine.CAAway) || entry != nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\ufffd") {
			t.Errorf("%s: %+v, %v", name, entry, err)
		}
	}
	if _, err := open(t, &clock{noon}).Find(t.Context(), corp.issue(7), corp.cert); !engine.Is(err, engine.CAAway) {
		t.Errorf("no source: %v", err)
	}
	sound := corp.list(noon, extension(oidScope, at("http://x/1.crl")), 7)
	w := serve(t, sound)
	if entry, err := open(t, &clock{noon}, Source{URL: w.URL}).Find(t.Context(), corp.issue(7, "http://x/1.crl"), corp.cert); err != nil || entry == nil {
		t.Errorf("a list of the certificate's own part: %+v, %v", entry, err)
	}
}

func extension(id asn1.ObjectIdentifier, value []byte) func(*x509.RevocationList) {
	return func(l *x509.RevocationList) {
		l.ExtraExtensions = []pkix.Extension{{Id: id, Critical: true, Value: value}}
	}
}

func foreignEntry(l *x509.RevocationList) {
	l.RevokedCertificateEntries = []x509.RevocationListEntry{{
		SerialNumber: big.NewInt(3), RevocationTime: noon,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 29}, Critical: true, Value: []byte{0x30, 0}}}, // certificateIssuer
	}}
}

// at is an IssuingDistributionPoint with a URL.
func at(url string) []byte {
	wrap := func(tag byte, inner []byte) []byte { return append([]byte{tag, byte(len(inner))}, inner...) }
	return wrap(0x30, wrap(0xa0, wrap(0xa0, wrap(0x86, []byte(url)))))
}

// unending is a list without nextUpdate, which the library does not make.
func unending(t *testing.T, c *ca) []byte {
	t.Helper()
	var outer struct {
		TBS       pkix.TBSCertificateList //nolint:staticcheck // lists that no sound library makes
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.list(noon, nil), &outer); err != nil {
		t.Fatal(err)
	}
	outer.TBS.Raw, outer.TBS.NextUpdate = nil, time.Time{}
	der, err := asn1.Marshal(outer) // its signature is not looked at before its end
	if err != nil {
		t.Fatal(err)
	}
	return resigned(t, c, der)
}

// resigned signs the first element of a list anew.
func resigned(t *testing.T, c *ca, der []byte) []byte {
	t.Helper()
	var outer struct{ TBS, Algorithm, Signature asn1.RawValue }
	if _, err := asn1.Unmarshal(der, &outer); err != nil {
		t.Fatal(err)
	}
	digest := sha(outer.TBS.FullBytes)
	sig, err := ecdsa.SignASN1(rand.Reader, c.key, digest)
	if err != nil {
		t.Fatal(err)
	}
	bits, err := asn1.Marshal(asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: bytes.Join([][]byte{outer.TBS.FullBytes, outer.Algorithm.FullBytes, bits}, nil)})
	if err != nil {
		t.Fatal(err)
	}
	return whole
}

// changed takes certificate 99 (hex 63) off a list, and leaves the signature.
func changed(der []byte) []byte { return bytes.Replace(der, []byte{2, 1, 99}, []byte{2, 1, 98}, 1) }

// A list is kept until it ends. A newer one is looked for every hour; while none
// can be had, or what is there is none, the old one goes on telling: but not
// after its end.
func TestKept(t *testing.T) {
	corp := newCA(t, "Corp")
	c := &clock{noon}
	w := serve(t, corp.list(noon, nil))
	l := open(t, c, Source{URL: w.URL})
	find := func(revoked bool, asked int32) {
		t.Helper()
		entry, err := l.Find(t.Context(), corp.issue(7), corp.cert)
		if err != nil || (entry != nil) != revoked || w.asked.Load() != asked {
			t.Fatalf("%+v, %v; the server was asked %d times, not %d", entry, err, w.asked.Load(), asked)
		}
	}
	find(false, 1)
	w.put(corp.list(noon, nil, 7))
	find(false, 1)
	c.now = noon.Add(time.Hour)
	find(true, 2)
	for i, bad := range [][]byte{newCA(t, "Corp").list(noon, nil), corp.list(noon.Add(-time.Minute), nil), []byte("rubbish"), newCA(t, "Other").list(c.now, nil)} {
		w.put(bad)
		c.now = c.now.Add(time.Hour)
		find(true, int32(3+i))
		find(true, int32(3+i)) // it is left alone for a minute
	}
	w.body.Store(nil)
	c.now = noon.Add(24*time.Hour + time.Second)
	if entry, err := l.Find(t.Context(), corp.issue(7), corp.cert); !engine.Is(err, engine.CAAway) || !strings.Contains(err.Error(), "404") {
		t.Errorf("after its end: %+v, %v", entry, err)
	}
	w.put(corp.list(c.now, nil))
	find(false, w.asked.Load()+1)
}

// A file that was replaced counts at once.
func TestFile(t *testing.T) {
	corp := newCA(t, "Corp")
	file := filepath.Join(t.TempDir(), "corp.crl")
	l := open(t, &clock{noon}, Source{File: file})
	if _, err := l.Find(t.Context(), corp.issue(7), corp.cert); !engine.Is(err, engine.CAAway) {
		t.Errorf("without the file: %v", err)
	}
	for _, revoked := range []bool{false, true} {
		list := corp.list(noon, nil)
		if revoked {
			list = corp.list(noon, nil, 7)
		}
		keep(t, file, list)
		if entry, err := l.Find(t.Context(), corp.issue(7), corp.cert); err != nil || (entry != nil) != revoked {
			t.Errorf("revoked %v: %+v, %v", revoked, entry, err)
		}
	}
}

// A server whose certificate is not trusted is not listened to.
func TestUntrustedServer(t *testing.T) {
	corp := newCA(t, "Corp")
	list := corp.list(noon, nil)
	w := httptest.NewTLSServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) { _, _ = out.Write(list) }))
	defer w.Close()
	roots := filepath.Join(t.TempDir(), "roots.pem")
	keep(t, roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.Certificate().Raw}))
	if _, err := open(t, &clock{noon}, Source{URL: w.URL, CAFile: roots}).Find(t.Context(), corp.issue(7), corp.cert); err != nil {
		t.Error(err)
	}
	if _, err := open(t, &clock{noon}, Source{URL: w.URL}).Find(t.Context(), corp.issue(7), corp.cert); !engine.Is(err, engine.CAAway) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("untrusted: %v", err)
	}
}

func keep(t *testing.T, file string, data []byte) {
	t.Helper()
	fresh := file + ".new"
	if err := os.WriteFile(fresh, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(fresh, file); err != nil {
		t.Fatal(err)
	}
}

// However a list is broken, nobody falls over it.
func FuzzRead(f *testing.F) {
	corp := newCA(&testing.T{}, "Corp")
	f.Add(corp.list(noon, nil, 7))
	f.Add(corp.list(noon, extension(oidScope, at("http://x/1.crl")), 7))
	f.Add([]byte("-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		if l, err := read(data); err == nil {
			_ = l.entry(corp.cert)
			_ = l.scope.covers(corp.cert)
		}
	})
}

func sha(b []byte) []byte {
	d := sha256.Sum256(b)
	return d[:]
}
