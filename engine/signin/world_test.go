package signin_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/crl"
	"cardkiosk/engine/piv"
	"cardkiosk/engine/signin"
	"cardkiosk/engine/sim"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is a desk with all that is around it: a directory, a reader with a card,
// the CAs that vouch for cards, and their lists.
type world struct {
	*signin.Desk
	t     *testing.T
	users []engine.User
	away  error             // of the directory
	words map[string]string // password by DN
	asked int               // how many passwords the directory has checked

	rows  []engine.AuditRow
	full  error // of the audit
	card  *sim.Card
	reads int // how often a card was connected

	root, issuing *ca
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, words: map[string]string{}}
	w.root = newCA(t, "Corp Root", nil, nil)
	w.issuing = newCA(t, "Corp Issuing", w.root, nil)
	w.users = []engine.User{
		{ID: "1", DN: "uid=ada", Name: "Ada", Logon: "ada", UPN: "ada@corp.example", Mail: "ada@mail.example", SID: "S-1-5-21-1"},
		{ID: "2", DN: "uid=bert", Name: "Bert", Logon: "bert", UPN: "bert@corp.example", Mail: "team@mail.example", SID: "S-1-5-21-2"},
		{ID: "3", DN: "uid=cleo", Name: "Cleo", Logon: "cleo", UPN: "cleo@corp.example", Mail: "team@mail.example", SID: "S-1-5-21-3"},
		{ID: "4", DN: "uid=dora", Name: "Dora", Logon: "dora", UPN: "dora@corp.example", Mail: "dora@mail.example", Disabled: true},
	}
	for _, u := range w.users {
		w.words[u.DN] = "right of " + u.Logon
	}
	w.Desk = &signin.Desk{
		Ways:     []engine.SignedIn{engine.ByPassword, engine.ByCard, engine.ByAccount},
		Accounts: w, Readers: w, Audit: w, Place: "9a", Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(),
		MapBy: []engine.CalledBy{engine.BySID, engine.ByUPN, engine.ByMail}, Local: map[string]string{"root": "ada"},
		Station: "desk-3", Mode: engine.Operator, Now: func() time.Time { return noon }, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
	}
	w.Roots.AddCert(w.root.cert)
	w.Intermediates.AddCert(w.issuing.cert)
	w.lists(w.root.list(nil), w.issuing.list(nil))
	return w
}

// lists serves these lists, and no others.
func (w *world) lists(lists ...[]byte) {
	w.t.Helper()
	var cfg crl.Config
	cfg.Now = w.Now
	for _, l := range lists {
		s := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
			if l == nil {
				http.Error(out, "gone", http.StatusNotFound)
				return
			}
			_, _ = out.Write(l)
		}))
		w.t.Cleanup(s.Close)
		cfg.Sources = append(cfg.Sources, crl.Source{URL: s.URL})
	}
	open, err := crl.Open(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Revocations = open
}

// Called finds users as a directory does.
func (w *world) Called(_ context.Context, by engine.CalledBy, name string) ([]engine.User, error) {
	if w.away != nil {
		return nil, w.away
	}
	return slices.DeleteFunc(slices.Clone(w.users), func(u engine.User) bool {
		has := map[engine.CalledBy]string{engine.ByLogon: u.Logon, engine.BySID: u.SID, engine.ByUPN: u.UPN, engine.ByMail: u.Mail}[by]
		return has == "" || !strings.EqualFold(has, name)
	}), nil
}

// Issued goes by the serial number: user 1's is 1.
func (w *world) Issued(_ context.Context, c *x509.Certificate) ([]engine.User, error) {
	return slices.DeleteFunc(slices.Clone(w.users), func(u engine.User) bool { return string(u.ID) != c.SerialNumber.String() }), nil
}

func (w *world) CheckPassword(_ context.Context, u engine.User, password engine.PIN) error {
	w.asked++
	return password.Use(func(b []byte) error {
		if w.words[u.DN] != string(b) {
			return &engine.Error{Op: "check password", Kind: engine.WrongPassword}
		}
		return nil
	})
}

func (w *world) Write(_ context.Context, row engine.AuditRow) error {
	w.rows = append(w.rows, row)
	return w.full
}

func (w *world) List(context.Context) ([]engine.Reader, error) { return nil, errors.ErrUnsupported }

func (w *world) Wait(context.Context, []engine.Reader) ([]engine.Reader, error) {
	return nil, errors.ErrUnsupported
}

func (w *world) Connect(_ context.Context, reader string) (engine.Card, error) {
	w.reads++
	if w.card == nil || reader != "front" {
		return nil, &engine.Error{Op: "connect card", Kind: engine.CardGone, Subject: reader}
	}
	return piv.Open(&contact{card: w.card}, rand.Reader), nil
}

// contact is a card without a reader between.
type contact struct {
	mu   sync.Mutex
	card *sim.Card
}

func (c *contact) Begin(context.Context) error { c.mu.Lock(); return nil }
func (c *contact) Extended() bool              { return true }
func (c *contact) Close() error                { return nil }

func (c *contact) End(reset bool) error {
	defer c.mu.Unlock()
	if reset {
		c.card.PowerOn()
	}
	return nil
}

func (c *contact) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	return c.card.Transmit(ctx, slices.Clone(command))
}

// insert puts a card with a key and a certificate into the reader. Either may be
// nil.
func (w *world) insert(key crypto.Signer, der []byte) {
	w.t.Helper()
	state, err := sim.Factory(sim.Firmware{Major: 5, Minor: 7, Patch: 1}, 712233, noon, rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	if key != nil {
		if state.Keys[0x9a], err = sim.NewKey(key, false, sim.PINOnce, sim.TouchNever); err != nil {
			w.t.Fatal(err)
		}
	}
	if der != nil {
		object, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassApplication, Tag: 16, IsCompound: true, Bytes: der}) // 70
		if err != nil {
			w.t.Fatal(err)
		}
		state.Objects[sim.Slot(0x9a).Certificate()] = append(object, 0x71, 1, 0, 0xfe, 0)
	}
	if w.card, err = sim.New(state, sim.Options{}); err != nil {
		w.t.Fatal(err)
	}
	w.card.PowerOn()
}

// ca signs certificates and lists.
type ca struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newCA(t *testing.T, name string, by *ca, change func(*x509.Certificate)) *ca {
	t.Helper()
	c := &ca{t: t, key: newKey(t, elliptic.P256())}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(77), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, NotBefore: noon.AddDate(-5, 0, 0), NotAfter: noon.AddDate(5, 0, 0),
	}
	if change != nil {
		change(template)
	}
	parent, key := template, c.key
	if by != nil {
		parent, key = by.cert, by.key
	}
	c.cert = sign(t, template, parent, c.key.Public(), key)
	return c
}

func newKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newRSA(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t *testing.T, template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// said is what a certificate says of its holder.
type said struct {
	upns, mails []string
	sid         string
}

// issue makes a certificate to sign in with.
func (c *ca) issue(key crypto.Signer, s said, change func(*x509.Certificate)) []byte {
	c.t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(5), Subject: pkix.Name{CommonName: "Somebody"},
		NotBefore: noon.AddDate(0, -1, 0), NotAfter: noon.AddDate(0, 1, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, UnknownExtKeyUsage: []asn1.ObjectIdentifier{{1, 3, 6, 1, 4, 1, 311, 20, 2, 2}},
		ExtraExtensions: s.extensions(c.t),
	}
	if change != nil {
		change(template)
	}
	return sign(c.t, template, c.cert, key.Public(), c.key).Raw
}

// extensions are the alternative names, and the security extension
// (MS-WCCE 2.2.2.7.7.4).
func (s said) extensions(t *testing.T) (all []pkix.Extension) {
	t.Helper()
	other := func(oid asn1.ObjectIdentifier, value asn1.RawValue) asn1.RawValue {
		inner := must(asn1.Marshal(value))
		explicit := must(asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: inner}))
		return asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: append(must(asn1.Marshal(oid)), explicit...)}
	}
	var names []asn1.RawValue
	for _, upn := range s.upns {
		names = append(names, other(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3}, asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte(upn)}))
	}
	for _, mail := range s.mails {
		names = append(names, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, Bytes: []byte(mail)})
	}
	if len(names) > 0 {
		all = append(all, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Critical: len(s.mails) == 0, Value: must(asn1.Marshal(names))})
	}
	if s.sid != "" {
		value := other(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 25, 2, 1}, asn1.RawValue{Tag: asn1.TagOctetString, Bytes: []byte(s.sid)})
		all = append(all, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 25, 2}, Value: must(asn1.Marshal([]asn1.RawValue{value}))})
	}
	return all
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err) // nothing in it comes from outside
	}
	return b
}

// list makes a list on which the serial numbers are, each with its reason.
func (c *ca) list(reasons map[int64]int) []byte { return c.listAt(noon, reasons) }

func (c *ca) listAt(now time.Time, reasons map[int64]int) []byte {
	c.t.Helper()
	l := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(time.Hour)}
	for serial, reason := range reasons {
		l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: big.NewInt(serial), RevocationTime: now.Add(-2 * time.Hour), ReasonCode: reason,
		})
	}
	der, err := x509.CreateRevocationList(rand.Reader, l, c.cert, c.key)
	if err != nil {
		c.t.Fatal(err)
	}
	return der
}
