package piv

import (
	"encoding/asn1"
)

// No update reads the Security Object. This is for whoever wants to know whether
// a card's objects are sound, as the tests do with every object of the public PIV
// test cards: each is understood, or refused in words.

// The elements of a Security Object (SP 800-73-4 part 1, table 12).
const (
	tagGroups       = 0xba
	tagSignedHashes = 0xbb
)

// SecurityObject is an issuer's signature over the hashes of other objects.
// Nothing here verifies it.
type SecurityObject struct {
	Containers map[byte]uint16 // data group number → container id
	Signed     []byte          // CMS SignedData, DER
}

// ParseSecurityObject reads the content of a Security Object (SP 800-73-4 part
// 1, 3.1.7) and checks that it is CMS SignedData on the outside.
func ParseSecurityObject(content []byte) (SecurityObject, error) {
	const object = "Security Object"
	list, err := readElements(content)
	if err != nil {
		return SecurityObject{}, malformed(object, "%w", err)
	}
	groups, ok := list.find(tagGroups)
	if !ok || len(groups)%3 != 0 {
		return SecurityObject{}, malformed(object, "its map of data groups is not a series of three bytes")
	}
	signed, ok := list.find(tagSignedHashes)
	if !ok {
		return SecurityObject{}, malformed(object, "it holds no signature")
	}
	if err := checkSignedData(signed); err != nil {
		return SecurityObject{}, malformed(object, "%w", err)
	}
	so := SecurityObject{Containers: make(map[byte]uint16), Signed: signed}
	for ; len(groups) > 0; groups = groups[3:] {
		so.Containers[groups[0]] = uint16(groups[1])<<8 | uint16(groups[2])
	}
	return so, nil
}

// checkSignedData looks at the outside of a CMS message (RFC 5652, 3 and 5.1).
func checkSignedData(der []byte) error {
	var message struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,tag:0"`
	}
	if rest, err := asn1.Unmarshal(der, &message); err != nil || len(rest) > 0 {
		return malformed("signature", "it is not a CMS message")
	}
	if !message.Type.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}) {
		return malformed("signature", "it is a CMS message of type %s, not SignedData", message.Type)
	}
	return nil
}
