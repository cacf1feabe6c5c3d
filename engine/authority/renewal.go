package authority

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// Renewal is what a request says it renews, and what came of looking into it.
type Renewal struct {
	Serial   string    `json:"serial,omitempty"` // of the certificate that is renewed; "" when it is none of ours
	Subject  string    `json:"subject,omitempty"`
	NotAfter time.Time `json:"notAfter,omitzero"`

	Verified       bool   `json:"verified"`           // the signature is good, and by a certificate that may give it
	SignedBy       string `json:"signedBy,omitempty"` // that certificate's serial number
	Signer         string `json:"signer,omitempty"`   // its subject
	SignerTemplate string `json:"signerTemplate,omitempty"`

	Words string `json:"words,omitempty"` // why it is refused, or judged as any other request
}

// finding is what came of looking into a renewal. Neither refused nor good: it is
// a request as any other.
type finding struct {
	renewal *Renewal
	refused bool
	good    bool
}

// renewal looks into what a request renews, and into the signature for it.
func (a *Authority) renewal(ctx context.Context, rule *rule, r wire.Request, what *asked) (finding, error) {
	der, named := engine.Renews(r.CSR)
	if len(r.Renewal) == 0 && !named {
		return finding{}, nil
	}
	f := finding{renewal: new(Renewal)}
	old, known, err := a.book.ours(ctx, der)
	if err != nil {
		return finding{}, err
	}
	if known {
		f.renewal.Serial, f.renewal.Subject, f.renewal.NotAfter = old.serial, nameOf(old.RawSubject), old.NotAfter
	}
	if len(r.Renewal) == 0 {
		f.renewal.Words = "It is not signed"
		return f, nil
	}
	var words string
	switch {
	case !named:
		words = "The signed renewal does not name the certificate that it renews"
	case !known:
		words = "The certificate that is to be renewed is none of this CA's"
	default:
		if words, err = a.vouched(ctx, rule, r, old, f.renewal); err != nil {
			return finding{}, err
		}
	}
	if words != "" {
		f.refused, f.renewal.Words = true, engine.Clean(words)
		return f, nil
	}
	f.renewal.Verified = true
	a.extends(rule, old, what, &f)
	return f, nil
}

// vouched has words against a renewal whose signature does not count, or whose
// certificate must not be renewed.
func (a *Authority) vouched(ctx context.Context, rule *rule, r wire.Request, old ours, found *Renewal) (string, error) {
	csr, by, err := wire.ReadRenewal(r.Renewal)
	switch {
	case err != nil:
		a.log.Warn("signed renewal is not good", "request", r.ID, "err", err)
		return "The signature of the renewal is not valid", nil
	case !bytes.Equal(csr, r.CSR):
		return "The renewal is signed over another request", nil
	case old.user != r.User.ID:
		return fmt.Sprintf("Certificate %s, which is to be renewed, is another user's", old.serial), nil
	case old.revoked != nil:
		return fmt.Sprintf("Certificate %s, which is to be renewed, %s", old.serial, old.revoked), nil
	}
	signer, known, err := a.book.ours(ctx, by.Raw)
	if err != nil {
		return "", err
	}
	if !known {
		return "The certificate that signed the renewal is none of this CA's", nil
	}
	found.SignedBy, found.Signer, found.SignerTemplate = signer.serial, nameOf(signer.RawSubject), signer.template
	return a.maySign(rule, old, signer), nil
}

// maySign has words against a certificate that may not sign this renewal. One
// may always sign its own, if its key signs at all.
func (a *Authority) maySign(rule *rule, old, signer ours) string {
	if signer.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return fmt.Sprintf("Certificate %s signed the renewal, and its key usage has no digitalSignature", signer.serial)
	}
	if bytes.Equal(signer.Raw, old.Raw) {
		return ""
	}
	now, who := a.clock(), fmt.Sprintf("Certificate %s, which signed the renewal, ", signer.serial)
	switch {
	case !slices.Contains(rule.SignedBy, signer.template):
		return rule.forbidsBy("renewal_signed_by", "that a certificate of template %s signs its renewals", signer.template)
	case signer.user != old.user:
		return who + "is another user's"
	case signer.Subject.CommonName == "" || signer.Subject.CommonName != old.Subject.CommonName:
		return who + "is for another name than the one that is to be renewed"
	case signer.revoked != nil:
		return who + signer.revoked.String()
	case now.Before(signer.NotBefore) || now.After(signer.NotAfter):
		return who + "ended on " + day(signer.NotAfter)
	}
	return ""
}

// nameOf writes a subject as officers read it.
func nameOf(der []byte) string {
	subject, err := readSubject(der)
	if err != nil {
		return "a name that cannot be read"
	}
	return subjectText(subject)
}
