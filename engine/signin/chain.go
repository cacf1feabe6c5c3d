package signin

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"cardkiosk/engine"
)

// vouchedFor checks that a certificate is for signing in, that a root vouches
// for it, and that neither it nor a CA between them is revoked.
func (d *Desk) vouchedFor(ctx context.Context, c *x509.Certificate) error {
	if err := d.inTime(c); err != nil {
		return err
	}
	if err := fit(c); err != nil {
		return fault(engine.CertificateUnfit, err)
	}
	chains, err := d.chains(c)
	if err != nil {
		return err
	}
	var first error
	for _, chain := range chains {
		err := d.unrevoked(ctx, chain)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

func (d *Desk) inTime(c *x509.Certificate) error {
	now := d.Now()
	switch {
	case now.After(c.NotAfter):
		return fault(engine.CertificateEnded, nil)
	case now.Before(c.NotBefore):
		return fault(engine.CertificateEarly, nil)
	}
	return nil
}

var (
	oidSmartCardLogon = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 2} // MS-PKCA, szOID_KP_SMARTCARD_LOGON
	oidSAN            = asn1.ObjectIdentifier{2, 5, 29, 17}
)

// leastRSA is the shortest modulus of a key that says who somebody is, in bits
// (SP 800-131A).
const leastRSA = 2048

// fit tells why a certificate is not for signing in, nil when it is.
func fit(c *x509.Certificate) error {
	key, isRSA := c.PublicKey.(*rsa.PublicKey)
	switch {
	case c.IsCA:
		return errors.New("it is a CA's")
	case c.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return errors.New("its key usage is not digitalSignature")
	case !forPeople(c):
		return errors.New("its extended key usage is neither clientAuth nor smartcardLogon")
	case isRSA && key.N.BitLen() < leastRSA:
		return fmt.Errorf("its key has %d bits", key.N.BitLen())
	}
	return nil
}

// forPeople reports whether a certificate says that it is for signing in.
func forPeople(c *x509.Certificate) bool {
	return slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth) ||
		slices.ContainsFunc(c.UnknownExtKeyUsage, oidSmartCardLogon.Equal)
}

// chains are the ways from a certificate to the roots.
func (d *Desk) chains(c *x509.Certificate) ([][]*x509.Certificate, error) {
	// Who a certificate is for is read from the alternative names by us, also the
	// kinds of them that the library does not know.
	own := *c
	own.UnhandledCriticalExtensions = slices.DeleteFunc(slices.Clone(c.UnhandledCriticalExtensions), oidSAN.Equal)
	all, err := own.Verify(x509.VerifyOptions{
		Roots: d.Roots, Intermediates: d.Intermediates, CurrentTime: d.Now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}, // it does not know smartcardLogon: see lets
	})
	if err != nil {
		return nil, fault(engine.CertificateForeign, err)
	}
	all = slices.DeleteFunc(all, func(chain []*x509.Certificate) bool { return !lets(chain[1:]) })
	if len(all) == 0 {
		return nil, fault(engine.CertificateForeign, errors.New("a CA on the way may not issue certificates to sign in with"))
	}
	return all, nil
}

// lets reports whether every CA may issue certificates to sign in with: one with
// extended key usages has no other (CA/Browser Forum's and Windows' reading of
// RFC 5280, 4.2.1.12).
func lets(cas []*x509.Certificate) bool {
	for _, ca := range cas {
		if len(ca.ExtKeyUsage)+len(ca.UnknownExtKeyUsage) > 0 && !forPeople(ca) && !slices.Contains(ca.ExtKeyUsage, x509.ExtKeyUsageAny) {
			return false
		}
	}
	return true
}

// unrevoked looks up every certificate of a chain but the root, which nobody
// could revoke.
func (d *Desk) unrevoked(ctx context.Context, chain []*x509.Certificate) error {
	for i, c := range chain[:len(chain)-1] {
		entry, err := d.Revocations.Find(ctx, c, chain[i+1])
		switch {
		case errors.Is(ctx.Err(), context.Canceled):
			return &engine.Error{Op: op, Kind: engine.Stopped, Err: ctx.Err()}
		case err != nil:
			return fault(engine.RevocationUnknown, err)
		case entry == nil:
		case entry.ReasonCode == onHold && i == 0:
			return fault(engine.CertificateOnHold, nil)
		default:
			return fault(engine.CertificateRevoked, fmt.Errorf("%s, serial number %x", engine.Clean(c.Subject.String()), c.SerialNumber))
		}
	}
	return nil
}

const onHold = 6 // RFC 5280, 5.3.1: certificateHold
