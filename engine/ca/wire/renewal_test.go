package wire

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"
)

func value[V any](t testing.TB) func(V, error) V {
	return func(v V, err error) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// card is a key that only signs, and counts how often.
type card struct {
	key    crypto.Signer
	signed *int
	err    error
}

func (c card) Public() crypto.PublicKey { return c.key.Public() }

func (c card) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	*c.signed++
	if c.err != nil {
		return nil, c.err
	}
	return c.key.Sign(random, digest, opts)
}

func newCard(key crypto.Signer) card { return card{key: key, signed: new(int)} }

func holder(t testing.TB, key crypto.Signer) *x509.Certificate {
	t.Helper()
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "Zoë"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der := value[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	return value[*x509.Certificate](t)(x509.ParseCertificate(der))
}

func keys(t testing.TB) map[string]crypto.Signer {
	t.Helper()
	return map[string]crypto.Signer{
		"P-256":    value[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		"P-384":    value[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)),
		"RSA 2048": value[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048)),
	}
}

// A card's key signs a renewal once, and who reads it finds the same request and
// the certificate that signed.
func TestRenewal(t *testing.T) {
	for name, key := range keys(t) {
		t.Run(name, func(t *testing.T) {
			c, by, csr := newCard(key), holder(t, key), []byte{0x30, 0x03, 0x02, 0x01, 0x05}
			cms := value[[]byte](t)(SignRenewal(csr, by, c))
			got, signer, err := ReadRenewal(cms)
			if err != nil || !bytes.Equal(got, csr) || !signer.Equal(by) {
				t.Errorf("read: %x by %v: %v", got, signer, err)
			}
			if *c.signed != 1 {
				t.Errorf("the key signed %d times", *c.signed)
			}
		})
	}
}

// What the card says when it does not sign is not lost, and a key that is not the
// certificate's is not used.
func TestRenewalNotSigned(t *testing.T) {
	key, other := keys(t)["P-256"], keys(t)["P-256"]
	pulled := errors.New("card pulled")
	c := newCard(key)
	c.err = pulled
	if _, err := SignRenewal([]byte("csr"), holder(t, key), c); !errors.Is(err, pulled) {
		t.Errorf("a card that is pulled: %v", err)
	}
	wrong := newCard(other)
	if _, err := SignRenewal([]byte("csr"), holder(t, key), wrong); err == nil || *wrong.signed != 0 {
		t.Errorf("another key: %v, signed %d times", err, *wrong.signed)
	}
}

// However a bit is turned, what is read was signed; or it is refused.
func TestRenewalChanged(t *testing.T) {
	key := keys(t)["P-256"]
	csr := bytes.Repeat([]byte{0x30, 0x03, 0x02, 0x01, 0x05}, 8)
	by := holder(t, key)
	cms := value[[]byte](t)(SignRenewal(csr, by, key))
	refused := 0
	for i := range 8 * len(cms) {
		changed := bytes.Clone(cms)
		changed[i/8] ^= 1 << (i % 8)
		got, signer, err := ReadRenewal(changed)
		switch {
		case err != nil:
			refused++
		case !bytes.Equal(got, csr):
			t.Fatalf("bit %d: another request is taken for the signed one", i)
		case !key.Public().(*ecdsa.PublicKey).Equal(signer.PublicKey):
			t.Fatalf("bit %d: another key is taken for the one that signed", i)
		}
	}
	for n := range cms {
		if _, _, err := ReadRenewal(cms[:n]); err == nil {
			t.Errorf("cut off after %d bytes it is taken", n)
		}
	}
	t.Logf("%d bits turned, %d refused", 8*len(cms), refused)
}

// Weak digests, no signer or two, and signed attributes about something else are
// refused, whoever made them; with the attributes that CMS wants it is taken.
func TestRenewalOfOthers(t *testing.T) {
	key := keys(t)["RSA 2048"]
	by, csr := holder(t, key), []byte{0x30, 0x03, 0x02, 0x01, 0x05}
	made := func(signers int, sign func(s *pkcs7.SignedData) error) []byte {
		s := value[*pkcs7.SignedData](t)(pkcs7.NewSignedData(csr))
		s.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
		for range signers {
			if err := sign(s); err != nil {
				t.Fatal(err)
			}
		}
		return value[[]byte](t)(s.Finish())
	}
	attributes := func(s *pkcs7.SignedData) error { return s.AddSigner(by, key, pkcs7.SignerInfoConfig{}) }
	plain := func(s *pkcs7.SignedData) error { return s.SignWithoutAttr(by, key, pkcs7.SignerInfoConfig{}) }
	if got, _, err := ReadRenewal(made(1, attributes)); err != nil || !bytes.Equal(got, csr) {
		t.Errorf("with signed attributes: %v", err)
	}
	for name, cms := range map[string][]byte{
		"nothing":         nil,
		"no signer":       made(0, plain),
		"two signers":     made(2, plain),
		"something after": append(made(1, plain), 0),
		"no CMS":          csr,
		"SHA-1":           made(1, func(s *pkcs7.SignedData) error { s.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA1); return plain(s) }),
		"of another type": made(1, func(s *pkcs7.SignedData) error {
			s.GetSignedData().ContentInfo.ContentType = pkcs7.OIDSignedData
			return attributes(s)
		}),
	} {
		if _, _, err := ReadRenewal(cms); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}
