package engine

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// SIDURI returns the alternative name that says which account a certificate is
// for (KB5014754).
func SIDURI(sid string) string { return "tag:microsoft.com,2022-09-14:sid:" + sid }

// IssuerSerialBinding returns the value of altSecurityIdentities that binds an
// account to one certificate: "X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SR>"
// and the serial number (KB5014754, MS-PKCA). The issuer's name stands as in
// the certificate, the most general part first; the serial number's bytes stand
// the other way round.
func IssuerSerialBinding(certificate []byte) (string, error) {
	c, err := x509.ParseCertificate(certificate)
	if err != nil {
		return "", fmt.Errorf("read certificate: %w", err)
	}
	var issuer pkix.RDNSequence
	if _, err := asn1.Unmarshal(c.RawIssuer, &issuer); err != nil {
		return "", fmt.Errorf("read issuer: %w", err)
	}
	name, err := windowsName(issuer)
	if err != nil {
		return "", err
	}
	serial := c.SerialNumber.Bytes() // without the leading zero that DER may need
	slices.Reverse(serial)
	return "X509:<I>" + name + "<SR>" + strings.ToUpper(hex.EncodeToString(serial)), nil
}

// windowsTypes are the attributes that Windows has a name for (wincrypt.h,
// CertNameToStr with CERT_X500_NAME_STR); some are not RFC 4514's. Others are
// written "OID.2.5.4.46".
var windowsTypes = map[string]string{
	"2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "SERIALNUMBER", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "S",
	"2.5.4.9": "STREET", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "T", "2.5.4.42": "G", "2.5.4.43": "I",
	"1.2.840.113549.1.9.1": "E", "0.9.2342.19200300.100.1.25": "DC",
}

func windowsName(name pkix.RDNSequence) (string, error) {
	var rdns []string
	for _, rdn := range name {
		var parts []string
		for _, a := range rdn {
			value, ok := a.Value.(string)
			if !ok {
				return "", fmt.Errorf("read issuer: the value of %s is no text", a.Type)
			}
			label, known := windowsTypes[a.Type.String()]
			if !known {
				label = "OID." + a.Type.String()
			}
			parts = append(parts, label+"="+windowsQuoted(value))
		}
		rdns = append(rdns, strings.Join(parts, " + "))
	}
	return strings.Join(rdns, ","), nil
}

// windowsQuoted puts a value in quotation marks where it could be misread.
func windowsQuoted(value string) string {
	if !strings.ContainsAny(value, ",+=\"\r\n<>#;") && strings.TrimSpace(value) == value && value != "" {
		return value
	}
	return `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
}
