package engine

import (
	"crypto/x509"
	"encoding/asn1"
	"strings"
)

// CalledBy is a kind of name by which the directory tells its users apart.
type CalledBy string

// The kinds of names.
const (
	ByLogon  CalledBy = "logon"  // the logon name
	BySID    CalledBy = "sid"    // "S-1-5-…"
	ByUPN    CalledBy = "upn"    // the user principal name
	ByMail   CalledBy = "mail"   // a mail address
	BySerial CalledBy = "serial" // issuer and serial number of a certificate that the directory has noted with them
)

// NamesIn returns what a certificate calls its holder, each name once. A kind
// that certificates do not have in their text has none.
func NamesIn(c *x509.Certificate, by CalledBy) []string {
	var names []string
	switch by {
	case BySID:
		names = sidsOf(c)
	case ByUPN:
		names = upnsOf(c)
	case ByMail:
		names = c.EmailAddresses
	case ByLogon, BySerial:
	}
	return compact(names)
}

// sidsOf are the security identifiers in a certificate: in the extension that is
// made for them (MS-WCCE 2.2.2.7.7.4), and among the alternative names
// (KB5014754).
func sidsOf(c *x509.Certificate) []string {
	var sids []string
	for _, e := range c.Extensions {
		var names []asn1.RawValue
		if !e.Id.Equal(oidSID) {
			continue
		}
		if _, err := asn1.Unmarshal(e.Value, &names); err != nil {
			continue
		}
		for _, n := range names {
			if value, ok := otherNameIn(n, oidObjectSID); ok && value.Tag == asn1.TagOctetString {
				sids = append(sids, string(value.Bytes))
			}
		}
	}
	for _, u := range c.URIs {
		if sid, ok := strings.CutPrefix(u.String(), SIDURI("")); ok {
			sids = append(sids, sid)
		}
	}
	return sids
}
