package authority

import (
	"bytes"
	"encoding/asn1"
	"fmt"
	"slices"

	"cardkiosk/engine"
)

// extends tells a renewal, which extends what there is, from a request as any
// other that is signed.
func (a *Authority) extends(rule *rule, old ours, what *asked, f *finding) {
	now := a.clock()
	switch {
	case now.After(old.NotAfter) && rule.WhileValid:
		f.refused = true
		f.renewal.Words = fmt.Sprintf("Certificate %s ended on %s: template %s renews only what is valid", old.serial, day(old.NotAfter), rule.Name) + inRules("renewal_while_valid")
	case now.After(old.NotAfter) || now.Before(old.NotBefore):
		f.renewal.Words = fmt.Sprintf("No renewal: certificate %s ended on %s", old.serial, day(old.NotAfter))
	case old.template != rule.Name:
		f.renewal.Words = fmt.Sprintf("No renewal: certificate %s is of template %s", old.serial, old.template)
	case !bytes.Equal(old.RawSubject, what.csr.RawSubject):
		f.renewal.Words = "No renewal: the subject was " + nameOf(old.RawSubject)
	default:
		f.renewal.Words = differs(old, what)
		f.good = f.renewal.Words == ""
	}
}

// differs has words when a request asks for other names than those of the old
// certificate, for another account, or for more uses: what a renewal may not
// change.
func differs(old ours, what *asked) string {
	var was asked
	for _, e := range old.Extensions {
		if err := was.readExtension(e); err != nil {
			return "No renewal: the certificate cannot be read"
		}
	}
	switch {
	case !bytes.Equal(was.extension(oidSAN), what.extension(oidSAN)):
		return "No renewal: the alternative names are others than those of the certificate"
	case !bytes.Equal(was.extension(oidSID), what.extension(oidSID)):
		return "No renewal: the SID is another than that of the certificate"
	case len(what.extended) == 0 && len(was.extended) > 0: // RFC 5280, 4.2.1.12: without any, every use is permitted
		return "No renewal: the certificate has extended key usages, and the request has none"
	}
	for _, u := range what.usage {
		if !slices.Contains(was.usage, u) {
			return fmt.Sprintf("No renewal: the certificate does not have the key usage %s", u)
		}
	}
	for _, oid := range what.extended {
		if !hasOID(was.extended, oid) {
			return "No renewal: the certificate does not have the extended key usage " + engine.ExtendedUsageName(oid)
		}
	}
	return ""
}

// extension is the value of one that is asked for; nil when it is not.
func (a *asked) extension(oid asn1.ObjectIdentifier) []byte {
	for _, e := range a.extensions {
		if e.Id.Equal(oid) {
			return e.Value
		}
	}
	return nil
}
