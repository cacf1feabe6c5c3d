package ldap

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

// Called returns the users who have exactly this name of a kind, as the
// directory compares names: mostly without regard to case. A name without a
// character that can be seen is nobody's.
func (d *Directory) Called(ctx context.Context, by engine.CalledBy, name string) ([]engine.User, error) {
	attribute := d.cfg.Attributes.of(by)
	if attribute == "" || strings.TrimSpace(strings.Map(dropUnseen, name)) == "" {
		return nil, nil
	}
	term := "(" + attribute + "=" + goldap.EscapeFilter(name) + ")"
	if raw := sidBytes(name); by == engine.BySID && raw != "" { // kept as text or in bytes: only Active Directory takes either for both
		term = "(|" + term + "(" + attribute + "=" + goldap.EscapeFilter(raw) + "))"
	}
	return d.exactly(ctx, term)
}

// of is the attribute with a kind of name; "" where there is none.
func (a Attributes) of(by engine.CalledBy) string {
	switch by {
	case engine.ByLogon:
		return a.Logon
	case engine.BySID:
		return a.SID
	case engine.ByUPN:
		return a.UPN
	case engine.ByMail:
		return a.Mail
	case engine.BySerial: // see Issued
	}
	return ""
}

// Issued returns the users with whom a certificate is noted. Active Directory
// has its issuer and serial number in altSecurityIdentities (MS-PKCA); elsewhere
// it is found among the users' certificates (RFC 4523, 3.1: issuer and serial
// number are compared).
func (d *Directory) Issued(ctx context.Context, c *x509.Certificate) ([]engine.User, error) {
	term, err := d.issuedTerm(c)
	if err != nil {
		return nil, &engine.Error{Op: "find user of certificate", Kind: engine.BadInput, Err: err}
	}
	return d.exactly(ctx, term)
}

func (d *Directory) issuedTerm(c *x509.Certificate) (string, error) {
	if d.cfg.ActiveDirectory {
		binding, err := engine.IssuerSerialBinding(c.Raw)
		return "(" + bindings + "=" + goldap.EscapeFilter(binding) + ")", err
	}
	var issuer pkix.RDNSequence
	if _, err := asn1.Unmarshal(c.RawIssuer, &issuer); err != nil {
		return "", fmt.Errorf("read issuer: %w", err)
	}
	// RFC 4523, A.1, in the generic string encoding of RFC 3641: there a quotation
	// mark stands twice.
	name := strings.ReplaceAll(issuer.String(), `"`, `""`)
	exact := fmt.Sprintf(`{ serialNumber %s, issuer rdnSequence:"%s" }`, c.SerialNumber, name)
	return "(" + certificates + "=" + goldap.EscapeFilter(exact) + ")", nil
}

// exactly returns the users that a term of a filter finds.
func (d *Directory) exactly(ctx context.Context, term string) ([]engine.User, error) {
	v := d.visit("find user")
	defer v.leave()
	result, err := v.ask(ctx, d.request("(&"+d.cfg.Filter+term+")", d.cfg.Attributes.wanted()...))
	if err != nil {
		return nil, err
	}
	return d.users(result.Entries), nil
}
