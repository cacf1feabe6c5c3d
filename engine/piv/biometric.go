package piv

import "encoding/binary"

// No update reads biometric objects. This is for whoever wants to know whether a
// card's objects are sound, as the tests do with every object of the public PIV
// test cards: each is understood, or refused in words.

// tagBiometric holds a record in the fingerprint, face and iris objects (SP
// 800-73-4 part 1, tables 11, 13 and 40).
const tagBiometric = 0xbc

// The header of a CBEFF record (SP 800-76-2, table 14), its parts that tell
// how long the record is.
const (
	biometricHeader  = 88
	biometricVersion = 0x03
)

// Biometric is a signed biometric record. Nothing here looks into it.
type Biometric struct {
	Record    []byte // fingerprint templates, or a picture
	Signature []byte
}

// ParseBiometric reads the content of a biometric object.
func ParseBiometric(content []byte) (Biometric, error) {
	const object = "biometric object"
	list, err := readElements(content)
	if err != nil {
		return Biometric{}, malformed(object, "%w", err)
	}
	record, ok := list.find(tagBiometric)
	if !ok {
		return Biometric{}, malformed(object, "it holds no record")
	}
	if len(record) < biometricHeader || record[0] != biometricVersion {
		return Biometric{}, malformed(object, "its record has no CBEFF header")
	}
	data := uint64(binary.BigEndian.Uint32(record[2:]))
	signature := uint64(binary.BigEndian.Uint16(record[6:]))
	if biometricHeader+data+signature != uint64(len(record)) {
		return Biometric{}, malformed(object, "its record is %d bytes long, and its header says %d",
			len(record), biometricHeader+data+signature)
	}
	body := record[biometricHeader:]
	return Biometric{Record: body[:data:data], Signature: body[data:]}, nil
}
