package crl

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// list is one that has been read. Nobody has looked at its signature.
type list struct {
	*x509.RevocationList
	scope   scope
	entries map[string]int // by serial number
}

// skew is how much two clocks may differ.
const skew = 5 * time.Minute

// read reads a list in DER or PEM, and refuses what could not be told apart from
// "not revoked" by somebody who does not understand all of it.
func read(data []byte) (*list, error) {
	if block, _ := pem.Decode(data); block != nil {
		data = block.Bytes
	}
	parsed, err := x509.ParseRevocationList(data)
	if err != nil {
		return nil, fmt.Errorf("it cannot be read: %w", err)
	}
	l := &list{RevocationList: parsed, entries: make(map[string]int, len(parsed.RevokedCertificateEntries))}
	if l.scope, err = readScope(parsed.Extensions); err != nil {
		return nil, err
	}
	for i, e := range parsed.RevokedCertificateEntries {
		// RFC 5280, 5.3: a critical extension that is not understood, such as that
		// an entry is of another issuer, forbids to use the list.
		if slices.ContainsFunc(e.Extensions, func(x pkix.Extension) bool { return x.Critical && !x.Id.Equal(oidReason) }) {
			return nil, errors.New("an entry has an extension that must be understood, and is not")
		}
		l.entries[string(e.SerialNumber.Bytes())] = i
	}
	return l, nil
}

// by reports whether a list is this CA's, by its name.
func (l *list) by(issuer *x509.Certificate) bool { return bytes.Equal(l.RawIssuer, issuer.RawSubject) }

// inForce tells why a list does not hold now, nil when it does.
func (l *list) inForce(now time.Time) error {
	switch {
	case l.NextUpdate.IsZero():
		return errors.New("it does not say when it ends")
	case now.After(l.NextUpdate):
		return fmt.Errorf("it has ended on %s", l.NextUpdate.UTC().Format(time.DateTime))
	case now.Add(skew).Before(l.ThisUpdate):
		return fmt.Errorf("it begins on %s, which is still to come", l.ThisUpdate.UTC().Format(time.DateTime))
	}
	return nil
}

// number orders the lists of one CA (RFC 5280, 5.2.3).
func (l *list) number() *big.Int {
	if l.Number == nil {
		return new(big.Int)
	}
	return l.Number
}

// entry returns a certificate's entry, nil when there is none.
func (l *list) entry(c *x509.Certificate) *x509.RevocationListEntry {
	if i, ok := l.entries[string(c.SerialNumber.Bytes())]; ok {
		return &l.RevokedCertificateEntries[i]
	}
	return nil
}

var (
	oidReason    = asn1.ObjectIdentifier{2, 5, 29, 21}
	oidCRLNumber = asn1.ObjectIdentifier{2, 5, 29, 20}
	oidAuthority = asn1.ObjectIdentifier{2, 5, 29, 35}
	oidDelta     = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidScope     = asn1.ObjectIdentifier{2, 5, 29, 28}
)
