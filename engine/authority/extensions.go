package authority

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"cardkiosk/engine"
)

// Object identifiers of what goes into requests and certificates.
var (
	oidKeyUsage    = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidSAN         = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidUPN         = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3} // MS-PKCA, userPrincipalName
	oidSID         = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 25, 2}    // MS-WCCE 2.2.2.7.7.4
	oidObjectSID   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 25, 2, 1}
)

// attributeOIDs are the subject attributes of RFC 4519 and PKCS #9.
var attributeOIDs = map[string]asn1.ObjectIdentifier{
	"CN": {2, 5, 4, 3}, "SN": {2, 5, 4, 4}, "SERIALNUMBER": {2, 5, 4, 5}, "C": {2, 5, 4, 6},
	"L": {2, 5, 4, 7}, "ST": {2, 5, 4, 8}, "O": {2, 5, 4, 10}, "OU": {2, 5, 4, 11}, "GN": {2, 5, 4, 42},
	"UID": {0, 9, 2342, 19200300, 100, 1, 1}, "DC": {0, 9, 2342, 19200300, 100, 1, 25},
	"E": {1, 2, 840, 113549, 1, 9, 1},
}

// maxLength is how many characters each attribute may have: RFC 5280, appendix
// A.1; for UID and DC RFC 4519 and DNS.
var maxLength = map[string]int{
	"CN": 64, "SN": 64, "SERIALNUMBER": 64, "C": 2, "L": 128, "ST": 128, "O": 64, "OU": 64, "GN": 64,
	"UID": 256, "DC": 63, "E": 255,
}

func attributeName(oid asn1.ObjectIdentifier) string {
	for name, known := range attributeOIDs {
		if oid.Equal(known) {
			return name
		}
	}
	return oid.String()
}

// usageBits are the bits of RFC 5280, 4.2.1.3, in their order.
var usageBits = []engine.KeyUsage{
	engine.DigitalSignature, engine.ContentCommitment, engine.KeyEncipherment, "dataEncipherment",
	engine.KeyAgreement, "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly",
}

// mayPermit are the usages a rule may name; the rest is for CAs or obsolete.
var mayPermit = map[engine.KeyUsage]bool{
	engine.DigitalSignature: true, engine.ContentCommitment: true,
	engine.KeyEncipherment: true, engine.KeyAgreement: true,
}

// readAll decodes a value and refuses what follows it.
func readAll(der []byte, into any) error {
	rest, err := asn1.Unmarshal(der, into)
	if err == nil && len(rest) > 0 {
		err = errors.New("something follows its value")
	}
	return err
}

func readUsage(der []byte) ([]engine.KeyUsage, error) {
	var set asn1.BitString
	if err := readAll(der, &set); err != nil {
		return nil, err
	}
	// X.690, 11.2.2: DER has no zero bits after the last one.
	if n := len(set.Bytes); n == 0 || bits.TrailingZeros8(set.Bytes[n-1]) != n*8-set.BitLength {
		return nil, errors.New("its bits are not in DER")
	}
	var usages []engine.KeyUsage
	for i := range set.BitLength {
		switch {
		case set.At(i) == 0:
		case i < len(usageBits):
			usages = append(usages, usageBits[i])
		default:
			usages = append(usages, engine.KeyUsage(fmt.Sprintf("bit %d", i)))
		}
	}
	return usages, nil
}

// sanTags are the kinds of general names by their tag, RFC 5280, 4.2.1.6.
var sanTags = []engine.SANKind{
	"other name", engine.SANMail, engine.SANDNS, "X.400 address", "directory name", "EDI name",
	engine.SANURI, "IP address", "registered id",
}

func readNames(der []byte) ([]engine.SAN, error) {
	var list []asn1.RawValue
	if err := readAll(der, &list); err != nil {
		return nil, err
	}
	var names []engine.SAN
	for _, v := range list {
		if v.Class != asn1.ClassContextSpecific || v.Tag >= len(sanTags) {
			return nil, errors.New("it has something that is no general name")
		}
		name := engine.SAN{Kind: sanTags[v.Tag], Value: string(v.Bytes)}
		if v.Tag == 0 {
			oid, value, err := readOtherName(v.Bytes, asn1.TagUTF8String)
			if err != nil {
				return nil, err
			}
			name = engine.SAN{Kind: engine.SANUPN, Value: value}
			if !oid.Equal(oidUPN) {
				name.Kind = engine.SANKind("other name " + oid.String())
			}
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, errors.New("it names nothing")
	}
	return names, nil
}

// readOtherName reads what is inside [0] { type-id, [0] EXPLICIT value }. A
// value of another type than wanted is left empty.
func readOtherName(inside []byte, wanted int) (asn1.ObjectIdentifier, string, error) {
	var oid asn1.ObjectIdentifier
	rest, err := asn1.Unmarshal(inside, &oid)
	if err != nil {
		return nil, "", err
	}
	var explicit, value asn1.RawValue
	if err := readAll(rest, &explicit); err != nil {
		return nil, "", err
	}
	if explicit.Class != asn1.ClassContextSpecific || explicit.Tag != 0 || !explicit.IsCompound {
		return nil, "", errors.New("it has an other name without [0]")
	}
	if err := readAll(explicit.Bytes, &value); err != nil {
		return nil, "", err
	}
	if value.Class != asn1.ClassUniversal || value.Tag != wanted || value.IsCompound {
		return oid, "", nil
	}
	return oid, string(value.Bytes), nil
}

// readSID reads the extension's one other name with the SID in text.
func readSID(der []byte) (string, error) {
	var list []asn1.RawValue
	if err := readAll(der, &list); err != nil {
		return "", err
	}
	if len(list) != 1 || list[0].Class != asn1.ClassContextSpecific || list[0].Tag != 0 {
		return "", errors.New("it does not have exactly one SID")
	}
	oid, sid, err := readOtherName(list[0].Bytes, asn1.TagOctetString)
	if err != nil {
		return "", err
	}
	if !oid.Equal(oidObjectSID) || sid == "" {
		return "", errors.New("it has no SID")
	}
	return sid, nil
}

func hasOID(list []asn1.ObjectIdentifier, oid asn1.ObjectIdentifier) bool {
	return slices.ContainsFunc(list, oid.Equal)
}
