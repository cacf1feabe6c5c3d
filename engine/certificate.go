package engine

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"time"
)

// Certificate is what people and plans want to know of an X.509 certificate.
// Subject and Issuer are clean of control characters.
type Certificate struct {
	DER         []byte
	Subject     string // the common name where there is one, else the whole name
	Issuer      string
	Serial      string // hex, lower case
	NotBefore   time.Time
	NotAfter    time.Time
	Fingerprint string // SHA-256 of DER, hex
	Public      []byte // SubjectPublicKeyInfo, DER
}

// ParseCertificate reads a certificate. The error says, in the library's
// words, what is wrong with it.
func ParseCertificate(der []byte) (Certificate, error) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return Certificate{}, fmt.Errorf("read certificate: %w", err)
	}
	return Certificate{
		DER:         der,
		Subject:     Clean(shortName(c.Subject.CommonName, c.Subject.String())),
		Issuer:      Clean(shortName(c.Issuer.CommonName, c.Issuer.String())),
		Serial:      c.SerialNumber.Text(16),
		NotBefore:   c.NotBefore,
		NotAfter:    c.NotAfter,
		Fingerprint: Fingerprint(der),
		Public:      c.RawSubjectPublicKeyInfo,
	}, nil
}

// encrypts reports whether a certificate is for encryption (RFC 5280, 4.2.1.3).
// One that cannot be read is not.
func encrypts(der []byte) bool {
	c, err := x509.ParseCertificate(der)
	return err == nil && c.KeyUsage&(x509.KeyUsageKeyEncipherment|x509.KeyUsageKeyAgreement) != 0
}

// Fingerprint is the SHA-256 of a certificate, in hex.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

func shortName(common, whole string) string {
	if common != "" {
		return common
	}
	return whole
}

// Life is the state of a certificate in time.
type Life int

// The lives.
const (
	Valid Life = iota
	Expiring
	Expired
	NotYet
)

// Life says where in its life the certificate is, were nobody to renew it.
func (c Certificate) Life(now time.Time) Life { return lifeAt(c.NotBefore, c.NotAfter, now) }

// lifeAt knows no window: Expiring is for templates to tell.
func lifeAt(notBefore, notAfter, now time.Time) Life {
	switch {
	case now.Before(notBefore):
		return NotYet
	case !now.Before(notAfter):
		return Expired
	}
	return Valid
}
