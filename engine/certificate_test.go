package engine_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"cardkiosk/engine"
)

// A certificate that somebody else put on a card says what it likes; what is
// shown of it moves no cursor.
func TestCertificateNamesAreClean(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []pkix.Name{
		{CommonName: "Bank\x1b[2J\x07\u202eof Example\r\n"},
		{Organization: []string{"Bank\x1b[2J"}},
	} {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: name, NotAfter: time.Now().Add(time.Hour)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		c, err := engine.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		for _, shown := range []string{c.Subject, c.Issuer} {
			if shown == "" || shown != engine.Clean(shown) {
				t.Errorf("%q is shown", shown)
			}
		}
	}
}
