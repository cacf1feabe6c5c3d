package engine

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"
)

// slack is how far the clocks of CA and kiosk may differ, and how much longer
// than asked a CA may make a certificate valid to cover that.
const slack = 24 * time.Hour

// checkIssued compares what a CA issued with what it was asked for, before the
// certificate goes on a card: key, subject, alternative names, usages, SID,
// validity and the issuer's signature.
func checkIssued(ask *Ask, public, der []byte, issuers [][]byte, now time.Time) error {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("read the issued certificate: %w", err)
	}
	subject, err := subjectDER(ask.Subject)
	if err != nil {
		return err
	}
	switch {
	case !bytes.Equal(c.RawSubjectPublicKeyInfo, public):
		return errors.New("the certificate is for another key")
	case !sameName(c.RawSubject, subject):
		return fmt.Errorf("the certificate's subject is %q", c.Subject)
	case now.Add(slack).Before(c.NotBefore) || !now.Before(c.NotAfter):
		return fmt.Errorf("the certificate is valid from %s to %s", c.NotBefore, c.NotAfter)
	case c.NotAfter.After(now.AddDate(0, 0, ask.ValidDays).Add(slack)):
		return fmt.Errorf("the certificate is valid until %s, longer than asked for", c.NotAfter)
	case c.IsCA:
		return errors.New("the certificate is a CA's")
	}
	if err := sameExtensions(ask, c.Extensions); err != nil {
		return err
	}
	return signedByOne(c, issuers)
}

// sameName compares names part by part as text, so that a CA may choose other
// string types.
func sameName(a, b []byte) bool {
	text := func(der []byte) string {
		var seq pkix.RDNSequence
		if _, err := asn1.Unmarshal(der, &seq); err != nil {
			return ""
		}
		return seq.String()
	}
	return bytes.Equal(a, b) || text(a) == text(b) && text(a) != ""
}

// sameExtensions wants every extension we asked for, with our value, and no
// usage, name or SID that we did not ask for.
func sameExtensions(ask *Ask, got []pkix.Extension) error {
	wanted, err := ask.extensions()
	if err != nil {
		return err
	}
	values := map[string][]byte{}
	for _, e := range wanted {
		values[e.Id.String()] = e.Value
	}
	for _, oid := range []asn1.ObjectIdentifier{oidKeyUsage, oidExtKeyUsage, oidSAN, oidSID} {
		have := []byte(nil)
		for _, e := range got {
			if e.Id.Equal(oid) {
				have = e.Value
			}
		}
		if !bytes.Equal(have, values[oid.String()]) {
			return fmt.Errorf("extension %s is not as asked for", oid)
		}
	}
	return nil
}

func signedByOne(c *x509.Certificate, issuers [][]byte) error {
	err := errors.New("the CA has no issuer certificate")
	for _, der := range issuers {
		var issuer *x509.Certificate
		if issuer, err = x509.ParseCertificate(der); err != nil {
			continue
		}
		if err = c.CheckSignatureFrom(issuer); err == nil {
			return nil
		}
	}
	return fmt.Errorf("the certificate is not signed by its CA: %w", err)
}
