package engine

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"io"
)

// Object identifiers of what goes into requests and certificates.
var (
	oidSAN         = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidKeyUsage    = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidUPN         = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3} // MS-PKCA, userPrincipalName
	oidSID         = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 25, 2}    // MS-WCCE 2.2.2.7.7.4, szOID_NTDS_CA_SECURITY_EXT
	oidObjectSID   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 25, 2, 1} // szOID_NTDS_OBJECTSID
)

// nameOIDs are the attributes of a subject, RFC 4519 and PKCS #9.
var nameOIDs = map[string]asn1.ObjectIdentifier{
	"CN": {2, 5, 4, 3}, "SN": {2, 5, 4, 4}, "SERIALNUMBER": {2, 5, 4, 5}, "C": {2, 5, 4, 6},
	"L": {2, 5, 4, 7}, "ST": {2, 5, 4, 8}, "O": {2, 5, 4, 10}, "OU": {2, 5, 4, 11}, "GN": {2, 5, 4, 42},
	"UID": {0, 9, 2342, 19200300, 100, 1, 1}, "DC": {0, 9, 2342, 19200300, 100, 1, 25},
	"E": {1, 2, 840, 113549, 1, 9, 1},
}

// extendedUsages are the names a template may use instead of OIDs.
var extendedUsages = map[string]asn1.ObjectIdentifier{
	"clientAuth":      {1, 3, 6, 1, 5, 5, 7, 3, 2},
	"emailProtection": {1, 3, 6, 1, 5, 5, 7, 3, 4},
	"smartcardLogon":  {1, 3, 6, 1, 4, 1, 311, 20, 2, 2},
	"pkinitClient":    {1, 3, 6, 1, 5, 2, 3, 4}, // RFC 4556, id-pkinit-KPClientAuth
	"documentSigning": {1, 3, 6, 1, 5, 5, 7, 3, 36},
	"cardAuth":        {2, 16, 840, 1, 101, 3, 6, 8}, // FIPS 201, id-PIV-cardAuth
}

// ExtendedUsage reads a name or a dotted OID.
func ExtendedUsage(s string) (asn1.ObjectIdentifier, error) {
	if oid, ok := extendedUsages[s]; ok {
		return oid, nil
	}
	oid, err := x509.ParseOID(s)
	if err != nil {
		return nil, fmt.Errorf("extended key usage %q is neither a name nor an OID", s)
	}
	var ints asn1.ObjectIdentifier
	der, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagOID, Bytes: mustBinary(oid)})
	if err == nil {
		_, err = asn1.Unmarshal(der, &ints)
	}
	return ints, err
}

// ExtendedUsageName is what ExtendedUsage reads: the name where there is one.
func ExtendedUsageName(oid asn1.ObjectIdentifier) string {
	for name, known := range extendedUsages {
		if oid.Equal(known) {
			return name
		}
	}
	return oid.String()
}

func mustBinary(oid x509.OID) []byte {
	b, _ := oid.MarshalBinary() // never fails: x509/oid.go
	return b
}

// usageBits are the bits of RFC 5280, 4.2.1.3.
var usageBits = map[KeyUsage]int{DigitalSignature: 0, ContentCommitment: 1, KeyEncipherment: 2, KeyAgreement: 4}

// requestID fixes a request's id by run and step, before the CA is asked.
func requestID(run RunID, step int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "request %s %d", run, step))
	return hex.EncodeToString(sum[:16])
}

// csr makes the PKCS #10 request, signed by the key it is for. It names the
// certificate that it renews, DER, if there is one.
func (a *Ask) csr(key crypto.Signer, renews []byte) ([]byte, error) {
	subject, err := subjectDER(a.Subject)
	if err != nil {
		return nil, err
	}
	exts, err := a.extensions()
	if err != nil {
		return nil, err
	}
	if renews != nil {
		return renewalCSR(subject, exts, renews, key)
	}
	req := &x509.CertificateRequest{RawSubject: subject, ExtraExtensions: exts}
	return x509.CreateCertificateRequest(rand.Reader, req, key)
}

// subjectDER encodes a name; the most general part comes first in DER (RFC
// 4514, 2.1). Planning let only values through that fit their attribute.
func subjectDER(name []RDN) ([]byte, error) {
	var seq pkix.RDNSequence
	for i := len(name) - 1; i >= 0; i-- {
		oid, ok := nameOIDs[name[i].Type]
		if !ok {
			return nil, fmt.Errorf("subject attribute %q has no OID", name[i].Type)
		}
		value := any(name[i].Value)
		if ia5Attributes[name[i].Type] {
			value = asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte(name[i].Value)}
		}
		seq = append(seq, pkix.RelativeDistinguishedNameSET{{Type: oid, Value: value}})
	}
	return asn1.Marshal(seq)
}

// extensions encodes what the certificate is to carry.
func (a *Ask) extensions() ([]pkix.Extension, error) {
	var exts []pkix.Extension
	put := func(oid asn1.ObjectIdentifier, critical bool, value any) error {
		der, err := asn1.Marshal(value)
		exts = append(exts, pkix.Extension{Id: oid, Critical: critical, Value: der})
		return err
	}
	if len(a.Usage) > 0 {
		if err := put(oidKeyUsage, true, usageBitString(a.Usage)); err != nil {
			return nil, err
		}
	}
	if len(a.Extended) > 0 {
		oids, err := extendedOIDs(a.Extended)
		if err != nil {
			return nil, err
		}
		if err := put(oidExtKeyUsage, false, oids); err != nil {
			return nil, err
		}
	}
	if len(a.SAN) > 0 {
		if err := put(oidSAN, false, generalNames(a.SAN)); err != nil {
			return nil, err
		}
	}
	if a.SID != "" {
		if err := put(oidSID, false, []asn1.RawValue{otherName(oidObjectSID, asn1.TagOctetString, a.SID)}); err != nil {
			return nil, err
		}
	}
	return exts, nil
}

func usageBitString(usages []KeyUsage) asn1.BitString {
	var b byte
	last := 0
	for _, u := range usages {
		bit := usageBits[u]
		b |= 0x80 >> bit
		last = max(last, bit)
	}
	return asn1.BitString{Bytes: []byte{b}, BitLength: last + 1}
}

func extendedOIDs(names []string) ([]asn1.ObjectIdentifier, error) {
	var oids []asn1.ObjectIdentifier
	for _, n := range names {
		oid, err := ExtendedUsage(n)
		if err != nil {
			return nil, err
		}
		oids = append(oids, oid)
	}
	return oids, nil
}

// generalNames encodes subject alternative names, RFC 5280, 4.2.1.6. Planning
// let only those through that fit.
func generalNames(sans []SAN) []asn1.RawValue {
	context := func(tag int, v string) asn1.RawValue {
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, Bytes: []byte(v)}
	}
	var names []asn1.RawValue
	for _, s := range sans {
		switch s.Kind {
		case SANUPN:
			names = append(names, otherName(oidUPN, asn1.TagUTF8String, s.Value))
		case SANMail:
			names = append(names, context(1, s.Value))
		case SANDNS:
			names = append(names, context(2, s.Value))
		case SANURI:
			names = append(names, context(6, s.Value))
		}
	}
	return names
}

// otherName is [0] { type-id, [0] EXPLICIT value }.
func otherName(oid asn1.ObjectIdentifier, tag int, value string) asn1.RawValue {
	id, _ := asn1.Marshal(oid)
	v, _ := asn1.Marshal(asn1.RawValue{Tag: tag, Bytes: []byte(value)})
	explicit, _ := asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: v})
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: append(id, explicit...)}
}

// cardSigner lends a key on the card to the standard library.
type cardSigner struct {
	ctx    context.Context //nolint:containedctx // crypto.Signer has no place for it
	card   CardProof
	at     Place
	public crypto.PublicKey
}

func (s cardSigner) Public() crypto.PublicKey { return s.public }

func (s cardSigner) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return s.card.Sign(s.ctx, s.at, s.public, digest, opts.HashFunc())
}

// touched tells that the card will wait for a finger before its key signs.
type touched struct {
	crypto.Signer
	tell func()
}

func (t touched) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	t.tell()
	return t.Signer.Sign(random, digest, opts)
}
