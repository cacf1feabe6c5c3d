package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// Falsehoods: a card that does not hold what was written to it, and a CA that
// issues what it was not asked for. Neither gets into the record.

// lie is what a false card does once a certificate was written to a place, or
// always.
type lie struct {
	always bool
	write  func(der []byte) []byte
	key    func(k *engine.Key)
	sign   func(digest []byte) []byte
	agree  func(secret []byte) []byte
}

// falseReaders have a false card in them.
type falseReaders struct {
	engine.Readers
	lie lie
}

func (r falseReaders) Connect(ctx context.Context, reader string) (engine.Card, error) {
	card, err := r.Readers.Connect(ctx, reader)
	return falseCard{card, r.lie}, err
}

type falseCard struct {
	engine.Card
	lie lie
}

func (c falseCard) Unlock(ctx context.Context, pin engine.PIN, factory bool) (engine.UnlockedCard, error) {
	u, err := c.Card.Unlock(ctx, pin, factory)
	if err != nil {
		return nil, err
	}
	return &falseUnlocked{u, c.lie, map[engine.Place]bool{}}, nil
}

type falseUnlocked struct {
	engine.UnlockedCard
	lie     lie
	written map[engine.Place]bool
}

func (u *falseUnlocked) WriteCertificate(ctx context.Context, at engine.Place, der []byte, moved func(done, total int)) error {
	u.written[at] = true
	if u.lie.write != nil {
		der = u.lie.write(bytes.Clone(der))
	}
	return u.UnlockedCard.WriteCertificate(ctx, at, der, moved)
}

func (u *falseUnlocked) KeyAt(ctx context.Context, at engine.Place) (*engine.Key, error) {
	k, err := u.UnlockedCard.KeyAt(ctx, at)
	if u.written[at] && u.lie.key != nil && k != nil {
		u.lie.key(k)
	}
	return k, err
}

func (u *falseUnlocked) Sign(ctx context.Context, at engine.Place, key crypto.PublicKey, digest []byte, hash crypto.Hash) ([]byte, error) {
	if (u.written[at] || u.lie.always) && u.lie.sign != nil {
		digest = u.lie.sign(bytes.Clone(digest))
	}
	return u.UnlockedCard.Sign(ctx, at, key, digest, hash)
}

func (u *falseUnlocked) Agree(ctx context.Context, at engine.Place, key crypto.PublicKey, peer []byte) ([]byte, error) {
	secret, err := u.UnlockedCard.Agree(ctx, at, key, peer)
	if (u.written[at] || u.lie.always) && u.lie.agree != nil {
		secret = u.lie.agree(secret)
	}
	return secret, err
}

// spoilt changes the last byte: of a certificate, in its signature.
func spoilt(b []byte) []byte {
	b[len(b)-1] ^= 1
	return b
}

// Only what the card gives back, beside its own key, and proves, is recorded as
// issued.
func TestFalseCardIsNotRecorded(t *testing.T) {
	for name, told := range map[string]lie{
		"another certificate than was written": {write: spoilt},
		"another key beside it":                {key: func(k *engine.Key) { k.Public = spoilt(bytes.Clone(k.Public)) }},
		"a signature that is none":             {sign: spoilt},
		"a secret that is none":                {agree: spoilt},
	} {
		t.Run(name, func(t *testing.T) {
			m := openMishap(t, 812380, today57, "Mail encryption")
			before, _, err := m.desk.Ledger.Card(t.Context(), "yubikey-812380")
			if err != nil {
				t.Fatal(err)
			}
			c := m.inFalseReader(t, told)
			defer c.Close()
			p := propose(t, &m.desk, c, m.user, engine.Selection{Optional: map[string]bool{"Mail encryption": true}})
			result, err := m.desk.Update(t.Context(), tester, c, p.Plan, engine.NewPIN([]byte(testPIN)), nil)
			if !engine.Is(err, engine.CardTrouble) {
				t.Errorf("ended %q, %v", result.End, err)
			}
			after, _, err := m.desk.Ledger.Card(t.Context(), "yubikey-812380")
			if err != nil || after.Version != before.Version {
				t.Errorf("a record was written: %v", err)
			}
		})
	}
}

// inFalseReader connects the card in a reader that makes it lie.
func (m *mishap) inFalseReader(t *testing.T, told lie) *engine.Connected {
	t.Helper()
	readers := demo.NewVirtualReaders(m.chip)
	if err := readers.Insert(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	m.desk.Readers = falseReaders{readers, told}
	c, err := m.desk.Connect(t.Context(), tester, readers.Reader(0))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A card that says it is the one, and cannot prove it by the key that the
// record names, is another: no request, no key, no open run.
func TestCardThatCannotProveItself(t *testing.T) {
	m := openMishap(t, 812386, today57)
	before := m.chip.State()
	c := m.inFalseReader(t, lie{always: true, sign: spoilt})
	defer c.Close()
	p := propose(t, &m.desk, c, m.user, engine.Selection{})
	_, err := m.desk.Update(t.Context(), tester, c, p.Plan, engine.NewPIN([]byte(testPIN)), nil)
	if !engine.Is(err, engine.OtherCard) {
		t.Errorf("ended with %v", err)
	}
	after := m.chip.State()
	if len(after.Keys) != len(before.Keys) || !same(before, after, 0x9a) {
		t.Error("the card was changed")
	}
	if runs, err := m.desk.Journal.Runs(t.Context(), "yubikey-812386"); err != nil || runs[0].End == "" {
		t.Errorf("a run is open: %v", err)
	}
}

// What the demo says of a card it has seen with its own eyes: it does not say it
// of a card that lies.
func TestDemoIsNotDeceived(t *testing.T) {
	m := openMishap(t, 812387, today57, "Mail encryption")
	record, _, err := m.desk.Ledger.Card(t.Context(), "yubikey-812387")
	if err != nil || len(record.Managed) != 3 {
		t.Fatalf("%d certificates, %v", len(record.Managed), err)
	}
	for name, c := range map[string]struct {
		lie    lie
		spoil  func(*engine.Managed)
		refuse int // of the three
	}{
		"honest":              {},
		"another certificate": {spoil: func(m *engine.Managed) { m.Fingerprint = m.Fingerprint[1:] + "x" }, refuse: 3},
		"no signature":        {lie: lie{always: true, sign: spoilt}, refuse: 2},
		"no secret":           {lie: lie{always: true, agree: spoilt}, refuse: 1},
	} {
		readers := demo.NewVirtualReaders(m.chip)
		if err := readers.Insert(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		card, err := falseReaders{readers, c.lie}.Connect(t.Context(), readers.Reader(0))
		if err != nil {
			t.Fatal(err)
		}
		unlocked, err := card.Unlock(t.Context(), engine.NewPIN([]byte(testPIN)), false)
		if err != nil {
			t.Fatal(err)
		}
		refused := 0
		for _, one := range record.Managed {
			if c.spoil != nil {
				c.spoil(&one)
			}
			if err := verifyOne(t.Context(), unlocked, one, &words.English, func(string, ...any) {}); err != nil {
				refused++
			}
		}
		if refused != c.refuse {
			t.Errorf("%s: %d of 3 refused, want %d", name, refused, c.refuse)
		}
		if err := errors.Join(unlocked.Close(), card.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// swapped is a card in whose place another lies once it is unlocked.
type swapped struct{ engine.Card }

type swappedUnlocked struct{ engine.UnlockedCard }

func (c swapped) Unlock(ctx context.Context, pin engine.PIN, factory bool) (engine.UnlockedCard, error) {
	u, err := c.Card.Unlock(ctx, pin, factory)
	return swappedUnlocked{u}, err
}

func (u swappedUnlocked) Identify(ctx context.Context) (engine.Identity, error) {
	id, err := u.UnlockedCard.Identify(ctx)
	id.ID, id.Serial = "yubikey-1", "1"
	return id, err
}

type swappingReaders struct{ engine.Readers }

func (r swappingReaders) Connect(ctx context.Context, reader string) (engine.Card, error) {
	card, err := r.Readers.Connect(ctx, reader)
	return swapped{card}, err
}

// A card that is another once it is unlocked is not touched: neither by an
// update nor by one that is continued.
func TestOtherCardOnceUnlocked(t *testing.T) {
	m := openMishap(t, 812385, today57)
	real := m.with(func(ca engine.CA) engine.CA { return away{ca} })
	carry := func(resume, swap bool) error {
		readers := demo.NewVirtualReaders(m.chip)
		if err := readers.Insert(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		m.desk.Readers = readers
		if swap {
			m.desk.Readers = swappingReaders{readers}
		}
		c, err := m.desk.Connect(t.Context(), tester, readers.Reader(0))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		pin := engine.NewPIN([]byte(testPIN))
		if resume {
			_, err = m.desk.Resume(t.Context(), tester, c, pin, nil)
			return err
		}
		_, err = m.desk.Update(t.Context(), tester, c, propose(t, &m.desk, c, m.user, engine.Selection{}).Plan, pin, nil)
		return err
	}
	before := m.chip.State()
	if err := carry(false, true); !engine.Is(err, engine.OtherCard) {
		t.Errorf("update: %v", err)
	}
	if runs, err := m.desk.Journal.Runs(t.Context(), "yubikey-812385"); err != nil || runs[0].End == "" {
		t.Errorf("a run was begun: %v", err)
	}
	if err := carry(false, false); !engine.Is(err, engine.CAAway) {
		t.Fatalf("cut off by the CA: %v", err)
	}
	m.desk.CAs = real
	if err := carry(true, true); !engine.Is(err, engine.OtherCard) {
		t.Errorf("continued: %v", err)
	}
	if after := m.chip.State(); !same(before, after, 0x9a) {
		t.Error("9A was touched")
	}
	if err := carry(true, false); err != nil {
		t.Errorf("the card itself: %v", err)
	}
}

// forger issues, under its own name, what somebody made of the certificates of
// a real CA.
type forger struct {
	engine.CA
	cert    *x509.Certificate
	key     *ecdsa.PrivateKey
	profile string
	forge   func(c *x509.Certificate)
	strange bool // its certificate is not among the issuers'
}

func newForger(t *testing.T, ca engine.CA, profile string) *forger {
	t.Helper()
	f := &forger{CA: ca, profile: profile}
	var err error
	if f.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Forger"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().AddDate(20, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, f.key.Public(), f.key)
	if err == nil {
		f.cert, err = x509.ParseCertificate(der)
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *forger) Issuers(ctx context.Context) ([][]byte, error) {
	all, err := f.CA.Issuers(ctx)
	if !f.strange {
		all = append(all, f.cert.Raw)
	}
	return all, err
}

func (f *forger) Ask(ctx context.Context, r engine.CARequest) (engine.Answer, error) {
	a, err := f.CA.Ask(ctx, r)
	if err != nil || r.Profile != f.profile || a.State != engine.RequestIssued {
		return a, err
	}
	real, err := x509.ParseCertificate(a.Certificate)
	if err != nil {
		return a, err
	}
	made := &x509.Certificate{
		SerialNumber: real.SerialNumber, RawSubject: real.RawSubject, NotBefore: real.NotBefore, NotAfter: real.NotAfter,
		BasicConstraintsValid: true, PublicKey: real.PublicKey,
	}
	for _, e := range real.Extensions {
		switch e.Id.String() {
		case oidKeyUsage, oidExtendedUsage, oidAlternativeName, oidSecurityID:
			made.ExtraExtensions = append(made.ExtraExtensions, e)
		}
	}
	f.forge(made)
	a.Certificate, err = x509.CreateCertificate(rand.Reader, made, f.cert, made.PublicKey, f.key)
	return a, err
}

const (
	oidKeyUsage        = "2.5.29.15"
	oidAlternativeName = "2.5.29.17"
	oidExtendedUsage   = "2.5.29.37"
	oidSecurityID      = "1.3.6.1.4.1.311.25.2"
)

func extension(c *x509.Certificate, oid string) *pkix.Extension {
	for i, e := range c.ExtraExtensions {
		if e.Id.String() == oid {
			return &c.ExtraExtensions[i]
		}
	}
	panic("the certificate has no extension " + oid)
}

// What a CA issues goes on a card only when it is what was asked for; else the
// update is taken back.
func TestForgedCertificates(t *testing.T) {
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		forge   func(c *x509.Certificate)
		strange bool
		words   string // "" when it is to be taken
	}{
		{"as asked for", func(*x509.Certificate) {}, false, ""},
		{"another key", func(c *x509.Certificate) { c.PublicKey = stranger.Public() }, false, "for another key"},
		{"another subject", func(c *x509.Certificate) { c.RawSubject, c.Subject = nil, pkix.Name{CommonName: "Eve"} }, false, "subject is"},
		{"another name", func(c *x509.Certificate) { spoilt(extension(c, oidAlternativeName).Value) }, false, oidAlternativeName},
		{"another usage", func(c *x509.Certificate) { extension(c, oidKeyUsage).Value = []byte{3, 2, 0, 0xff} }, false, oidKeyUsage},
		{"another purpose", func(c *x509.Certificate) { spoilt(extension(c, oidExtendedUsage).Value) }, false, oidExtendedUsage},
		{"another SID", func(c *x509.Certificate) { spoilt(extension(c, oidSecurityID).Value) }, false, oidSecurityID},
		{"longer", func(c *x509.Certificate) { c.NotAfter = c.NotAfter.AddDate(1, 0, 0) }, false, "longer than asked for"},
		{"over", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) }, false, "valid from"},
		{"not begun", func(c *x509.Certificate) { c.NotBefore = time.Now().AddDate(0, 0, 3) }, false, "valid from"},
		{"a CA's", func(c *x509.Certificate) { c.IsCA = true }, false, "is a CA's"},
		{"a stranger's signature", func(*x509.Certificate) {}, true, "not signed by its CA"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := openMishap(t, 812390, today57)
			before := m.chip.State()
			at9a := m.profileAt(t, "9a")
			m.with(func(ca engine.CA) engine.CA {
				f := newForger(t, ca, at9a)
				f.forge, f.strange = c.forge, c.strange
				return f
			})
			result, err := m.update(t.Context(), t, engine.Selection{})
			if err != nil {
				t.Fatal(err)
			}
			if c.words == "" {
				if result.End != engine.Finished {
					t.Errorf("ended %q: %v", result.End, result.Refusals)
				}
				return
			}
			if result.End != engine.TakenBack || len(result.Refusals) != 1 || !strings.Contains(result.Refusals[0].Words, c.words) {
				t.Errorf("ended %q: %v", result.End, result.Refusals)
			}
			if after := m.chip.State(); !same(before, after, 0x9a) || !bytes.Equal(before.Objects[0x5fc105], after.Objects[0x5fc105]) {
				t.Error("9A is not as it was")
			}
		})
	}
}
