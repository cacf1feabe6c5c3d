package piv

import (
	"encoding/binary"
	"encoding/hex"
	"time"
)

// The elements of a CHUID (SP 800-73-4 part 1, table 9).
const (
	tagFASCN          = 0x30
	tagGUID           = 0x34
	tagExpiration     = 0x35
	tagCardholderUUID = 0x36
	tagSignature      = 0x3e
)

// CHUID is a card holder unique identifier.
type CHUID struct {
	FASCN          []byte // 25 bytes, or none
	GUID           [16]byte
	Expires        time.Time // the day; zero when it tells none
	CardholderUUID []byte    // 16 bytes, or none
	Signature      []byte    // CMS by the issuer; empty when nobody signed
}

// ParseCHUID reads the content of a CHUID (SP 800-73-4 part 1, 3.1.2).
func ParseCHUID(content []byte) (CHUID, error) {
	const object = "CHUID"
	list, err := readElements(content)
	if err != nil {
		return CHUID{}, malformed(object, "%w", err)
	}
	var c CHUID
	guid, ok := list.find(tagGUID)
	if !ok {
		return CHUID{}, malformed(object, "it has no GUID")
	}
	if len(guid) != len(c.GUID) {
		return CHUID{}, malformed(object, "its GUID is %d bytes long, not 16", len(guid))
	}
	copy(c.GUID[:], guid)
	if c.FASCN, ok = list.find(tagFASCN); ok && len(c.FASCN) != 25 {
		return CHUID{}, malformed(object, "its FASC-N is %d bytes long, not 25", len(c.FASCN))
	}
	if c.CardholderUUID, ok = list.find(tagCardholderUUID); ok && len(c.CardholderUUID) != 16 {
		return CHUID{}, malformed(object, "its cardholder UUID is %d bytes long, not 16", len(c.CardholderUUID))
	}
	if date, _ := list.find(tagExpiration); len(date) > 0 {
		if c.Expires, err = time.Parse("20060102", string(date)); err != nil {
			return CHUID{}, malformed(object, "its expiration date is not eight digits of a date")
		}
	}
	c.Signature, _ = list.find(tagSignature)
	return c, nil
}

// guid is the GUID in hex, and "" for one of zeros only: SP 800-73-3 allowed
// that to a card that is told by its FASC-N.
func (c CHUID) guid() string {
	if c.GUID == [16]byte{} {
		return ""
	}
	return hex.EncodeToString(c.GUID[:])
}

// number is the FASC-N in hex. It is "" for what is none, and for one of agency
// 9999: that stands for every issuer without an agency code, and many cards have
// the same.
func (c CHUID) number() string {
	// Five bits each (TIG SCEPACS 2.3, 6.2): a start sentinel and the agency's
	// four digits.
	const start, agency9999 = 0b11010, 0b11010_10011_10011_10011_10011
	if len(c.FASCN) != 25 {
		return ""
	}
	first := binary.BigEndian.Uint32(c.FASCN) >> 7
	if first>>20 != start || first == agency9999 {
		return ""
	}
	return hex.EncodeToString(c.FASCN)
}

// nonFederalFASCN is 9999-9999-999999-0-1-0000000000300001, the number of
// cards whose issuer has no agency code (SP 800-73-4 part 1, note 14), with the
// bytes that Yubico's tools write.
const nonFederalFASCN = "\xd4\xe7\x39\xda\x73\x9c\xed\x39\xce\x73\x9d\x83\x68" +
	"\x58\x21\x08\x42\x10\x84\x21\xc8\x42\x10\xc3\xeb"

// neverExpires is a card's date when none is printed on it. SP 800-73-4 part
// 1, 3.1.2 wants eight digits, YYYYMMDD; the certificates have the dates that
// matter, and this one must not end a card before them.
const neverExpires = "20991231"

// encodeCHUID writes an unsigned CHUID.
func encodeCHUID(guid [16]byte) []byte {
	content := appendElement(nil, tagFASCN, []byte(nonFederalFASCN))
	content = appendElement(content, tagGUID, guid[:])
	content = appendElement(content, tagExpiration, []byte(neverExpires))
	content = appendElement(content, tagSignature, nil)
	return appendElement(content, tagChecksum, nil)
}
