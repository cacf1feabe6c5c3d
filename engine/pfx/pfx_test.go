package pfx

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"cardkiosk/engine"
)

// Every kind of key that cards take, in every encryption that PFX files have,
// comes out as it went in; as does its certificate, also behind others.
func TestKey(t *testing.T) {
	other := certificate(t, newKey(t, "p256"), "Issuer")
	for _, kind := range []string{"rsa2048", "p256", "p384"} {
		key := newKey(t, kind)
		der := certificate(t, key, "Common "+kind)
		for name, how := range map[string][]string{"modern": modern, "3DES": tripleDES, "legacy": legacy} {
			t.Run(kind+" "+name, func(t *testing.T) {
				opens(t, export(t, key, der, how, other), key, der)
			})
		}
		t.Run(kind+" behind its issuer", func(t *testing.T) {
			opens(t, sealed(t, certBag(other), certBag(der), keyBag(t, key)), key, der)
		})
	}
}

// opens holds a source against what it was made of.
func opens(t *testing.T, s Source, key crypto.Signer, der []byte) {
	t.Helper()
	c, err := Read(s.File, s.PasswordFile)
	must(t, err)
	if !bytes.Equal(c.DER, der) {
		t.Errorf("another certificate was read: %s", c.Subject)
	}
	for range 2 { // it is there again each time
		m, err := Sources{s}.Key(t.Context(), c.Fingerprint)
		must(t, err)
		isKey(t, m, key)
		m.Wipe()
	}
}

// isKey compares a key with the one it was made of.
func isKey(t *testing.T, m engine.KeyMaterial, want crypto.Signer) {
	t.Helper()
	switch key := want.(type) {
	case *rsa.PrivateKey:
		parts := map[string][2][]byte{
			"P": {m.P, key.Primes[0].Bytes()}, "Q": {m.Q, key.Primes[1].Bytes()},
			"DP": {m.DP, key.Precomputed.Dp.Bytes()}, "DQ": {m.DQ, key.Precomputed.Dq.Bytes()}, "QInv": {m.QInv, key.Precomputed.Qinv.Bytes()},
		}
		for name, p := range parts {
			if len(p[0]) != 128 || !bytes.Equal(bytes.TrimLeft(p[0], "\x00"), p[1]) {
				t.Errorf("%s is %x, want %x", name, p[0], p[1])
			}
		}
		if m.Type != engine.RSA2048 || m.Scalar != nil {
			t.Errorf("the key is a %s", m.Type)
		}
	case *ecdsa.PrivateKey:
		scalar, err := key.Bytes()
		must(t, err)
		kind := map[int]engine.KeyType{256: engine.P256, 384: engine.P384}[key.Params().BitSize]
		if m.Type != kind || m.P != nil || !bytes.Equal(m.Scalar, scalar) {
			t.Errorf("the key is %s %x, want %s %x", m.Type, m.Scalar, kind, scalar)
		}
	}
}

// The files that are kept open too: they were made by other programs' releases
// than the ones that happen to be installed.
func TestKeptFiles(t *testing.T) {
	const dir = "../../testdata/pfx"
	for name, want := range map[string]engine.KeyType{
		"legacy-rsa2048": engine.RSA2048, "3des-rsa2048": engine.RSA2048, "modern-p256": engine.P256, "modern-p384": engine.P384,
	} {
		s := Source{File: filepath.Join(dir, name+".pfx"), PasswordFile: filepath.Join(dir, "password")}
		c, err := Read(s.File, s.PasswordFile)
		must(t, err)
		m, err := Sources{s}.Key(t.Context(), c.Fingerprint)
		must(t, err)
		if m.Type != want || c.Subject != "Common "+name {
			t.Errorf("%s: %s with a key of %s", name, c.Subject, m.Type)
		}
	}
}

// A PFX without a password opens where no password file is named, and with
// neither a wrong one nor an empty file.
func TestNoPassword(t *testing.T) {
	key := newKey(t, "p256")
	der := certificate(t, key, "Common")
	for name, how := range map[string][]string{"modern": nil, "legacy": legacy, "open": {"-certpbe", "NONE", "-keypbe", "NONE"}} {
		s := export(t, key, der, append([]string{"-passout", "pass:"}, how...))
		t.Run(name, func(t *testing.T) {
			opens(t, Source{File: s.File}, key, der)
			_, err := Read(s.File, s.PasswordFile)
			isBad(t, err, ErrPassword)
			_, err = Read(s.File, with(s, "\n").PasswordFile)
			isBad(t, err, ErrNoPassword)
		})
	}
	_, err := Read(ofKey(t, key).File, "")
	isBad(t, err, ErrPassword)
}

// Whatever a file lacks is said.
func TestRefused(t *testing.T) {
	key, other := newKey(t, "p256"), newKey(t, "p384")
	der, foreign := certificate(t, key, "Common"), certificate(t, other, "Other")
	sound := func() Source { return sealed(t, certBag(der), keyBag(t, key)) }
	opens(t, sound(), key, der)

	for name, c := range map[string]struct {
		source Source
		want   error
	}{
		"no key":          {export(t, key, der, []string{"-nokeys"}), ErrNoKey},
		"several keys":    {sealed(t, certBag(der), keyBag(t, key), keyBag(t, other)), ErrSeveralKeys},
		"no certificate":  {sealed(t, keyBag(t, key)), ErrNoCertificate},
		"other key":       {sealed(t, certBag(foreign), keyBag(t, key)), ErrOtherKey},
		"RSA 1024":        {whole(t, "rsa1024"), ErrKeyKind},
		"RSA 4096":        {whole(t, "rsa4096"), ErrKeyKind},
		"P-521":           {whole(t, "p521"), ErrKeyKind},
		"Ed25519":         {whole(t, "ed25519"), ErrKeyKind},
		"exponent 3":      {ofKey(t, exponentThree(t)), ErrKeyKind},
		"PEM":             {save(t, []byte("-----BEGIN CERTIFICATE-----\n")), ErrNoPFX},
		"empty":           {save(t, nil), ErrNoPFX},
		"too large":       {save(t, make([]byte, mostBytes+1)), errTooLarge},
		"wrong password":  {with(sound(), "wrong"), ErrPassword},
		"empty password":  {with(sound(), "\n"), ErrNoPassword},
		"wrong, legacy":   {with(export(t, key, der, legacy), "wrong"), ErrPassword},
		"for ever":        {save(t, seal(mostIterations+1, safe(certBag(der), keyBag(t, key)))), ErrIterations},
		"for ever, older": {export(t, key, der, []string{"-iter", fmt.Sprint(mostIterations + 1), "-certpbe", "NONE", "-keypbe", "NONE"}), ErrIterations},
		"no file":         {Source{File: "nowhere.pfx"}, os.ErrNotExist},
		"no password":     {Source{File: sound().File, PasswordFile: "nowhere"}, os.ErrNotExist},
		"a folder":        {Source{File: t.TempDir()}, errNoFile},
	} {
		_, err := Read(c.source.File, c.source.PasswordFile)
		isBad(t, err, c.want)
		if err != nil && (!strings.Contains(err.Error(), c.source.File) || strings.Contains(err.Error(), testPassword)) {
			t.Errorf("%s: the error is %q", name, err)
		}
	}
}

// whole is a sound PFX of a new key of some kind.
func whole(t *testing.T, kind string) Source { return ofKey(t, newKey(t, kind)) }

func ofKey(t *testing.T, key crypto.Signer) Source {
	return sealed(t, certBag(certificate(t, key, "Common")), keyBag(t, key))
}

// with gives a source another password.
func with(s Source, password string) Source {
	s.PasswordFile += "-other"
	_ = os.WriteFile(s.PasswordFile, []byte(password), 0o600) // one that is not there fails the test
	return s
}

// exponentThree is an RSA key with a public exponent that cards do not take.
func exponentThree(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	for {
		key := newKey(t, "rsa2048").(*rsa.PrivateKey)
		one := big.NewInt(1)
		phi := new(big.Int).Mul(new(big.Int).Sub(key.Primes[0], one), new(big.Int).Sub(key.Primes[1], one))
		d := new(big.Int).ModInverse(big.NewInt(3), phi)
		if d == nil {
			continue
		}
		odd := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: key.N, E: 3}, D: d, Primes: key.Primes}
		odd.Precompute()
		return odd
	}
}

// The file that has the certificate now is the one that is opened, whatever is
// wrong with others. When none has it any more, that is said, and what became
// of the others too.
func TestSources(t *testing.T) {
	first, second := newKey(t, "p256"), newKey(t, "p384")
	firstDER, secondDER := certificate(t, first, "First"), certificate(t, second, "Second")
	broken := save(t, []byte("rubbish"))
	a, b := sealed(t, certBag(firstDER), keyBag(t, first)), sealed(t, certBag(secondDER), keyBag(t, second))
	all := Sources{broken, a, b}
	m, err := all.Key(t.Context(), engine.Fingerprint(secondDER))
	must(t, err)
	isKey(t, m, second)

	must(t, os.Rename(a.File, b.File)) // replaced while the kiosk runs
	must(t, os.WriteFile(a.File, nil, 0o600))
	_, err = all.Key(t.Context(), engine.Fingerprint(secondDER))
	isBad(t, err, ErrNotThere)
	if !strings.Contains(err.Error(), broken.File) || !strings.Contains(err.Error(), a.File) {
		t.Errorf("the error does not name the files that did not open: %v", err)
	}
	m, err = all.Key(t.Context(), engine.Fingerprint(firstDER))
	must(t, err)
	isKey(t, m, first)
	_, err = Sources(nil).Key(t.Context(), engine.Fingerprint(firstDER))
	isBad(t, err, ErrNotThere)

	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = all.Key(over, engine.Fingerprint(firstDER)); !engine.Is(err, engine.Stopped) {
		t.Errorf("error is %v", err)
	}
}

// Nothing that can be reached of a key is left when it was taken apart.
func TestWipe(t *testing.T) {
	rsaKey, point := newKey(t, "rsa2048").(*rsa.PrivateKey), newKey(t, "p384").(*ecdsa.PrivateKey)
	reached := []*big.Int{rsaKey.D, rsaKey.Primes[0], rsaKey.Primes[1], rsaKey.Precomputed.Dp, rsaKey.Precomputed.Dq, rsaKey.Precomputed.Qinv, point.D} //nolint:staticcheck // it is wiped, so it is looked at
	var words [][]big.Word
	for _, n := range reached {
		words = append(words, n.Bits())
	}
	kept, err := material(rsaKey)
	must(t, err)
	wipe(rsaKey)
	wipe(point)
	for i, w := range words {
		for _, one := range w {
			if one != 0 {
				t.Fatalf("number %d is still there", i)
			}
		}
	}
	if bytes.Count(kept.P, []byte{0}) == len(kept.P) {
		t.Error("the key that the card gets was wiped too")
	}
}

// A key from the library's own encoder opens as well: it writes what Windows
// reads.
func TestOtherWriters(t *testing.T) {
	key := newKey(t, "rsa2048")
	der := certificate(t, key, "Common")
	c, err := x509.ParseCertificate(der)
	must(t, err)
	for _, e := range []*pkcs12.Encoder{pkcs12.LegacyRC2, pkcs12.LegacyDES, pkcs12.Modern2023, pkcs12.Modern2026} {
		data, err := e.Encode(key, c, nil, testPassword)
		must(t, err)
		opens(t, save(t, data), key, der)
	}
}
