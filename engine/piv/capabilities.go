package piv

import (
	"crypto/sha256"

	"cardkiosk/engine"
)

// An update writes the capabilities where there are none, and does not read them.
// ParseCapabilities is for whoever wants to know whether a card's objects are
// sound, as the tests do with every object of the public PIV test cards: each is
// understood, or refused in words.

// The elements of a card capability container that matter (SP 800-73-4 part 1,
// table 8).
const (
	tagCardIdentifier    = 0xf0
	tagContainerVersion  = 0xf1
	tagGrammarVersion    = 0xf2
	tagApplicationsURL   = 0xf3
	tagPKCS15            = 0xf4
	tagDataModel         = 0xf5
	tagAccessControl     = 0xf6
	tagCardAPDUs         = 0xf7
	tagRedirection       = 0xfa
	tagCapabilityTuples  = 0xfb
	tagStatusTuples      = 0xfc
	tagNextCCC           = 0xfd
	dataModelPIV         = 0x10
	cardIdentifierLength = 21
)

// Capabilities is a card capability container.
type Capabilities struct {
	CardIdentifier []byte // 21 bytes, or none
	DataModel      byte   // 0x10 is PIV
}

// ParseCapabilities reads the content of a card capability container (SP
// 800-73-4 part 1, 3.1.1: only the data model number must have a value).
func ParseCapabilities(content []byte) (Capabilities, error) {
	const object = "card capability container"
	list, err := readElements(content)
	if err != nil {
		return Capabilities{}, malformed(object, "%w", err)
	}
	model, ok := list.find(tagDataModel)
	if !ok || len(model) != 1 {
		return Capabilities{}, malformed(object, "it has no data model number of one byte")
	}
	id, _ := list.find(tagCardIdentifier)
	if len(id) != 0 && len(id) != cardIdentifierLength {
		return Capabilities{}, malformed(object, "its card identifier is %d bytes long, not %d", len(id), cardIdentifierLength)
	}
	return Capabilities{CardIdentifier: id, DataModel: model[0]}, nil
}

// encodeCapabilities writes the container that Yubico's tools write. Its card
// identifier is the GSC-IS RID, a dummy manufacturer, "Java card", and 14 bytes
// that Yubico draws at random; here they come from the card's identity, so that
// writing twice writes the same.
func encodeCapabilities(id engine.CardID) []byte {
	const gscRID, manufacturer, javaCard = "\xa0\x00\x00\x01\x16", "\xff", "\x02"
	sum := sha256.Sum256([]byte("card identifier of " + id))
	identifier := append([]byte(gscRID+manufacturer+javaCard), sum[:14]...)
	var content []byte
	for _, e := range []element{
		{tagCardIdentifier, identifier},
		{tagContainerVersion, []byte{0x21}},
		{tagGrammarVersion, []byte{0x21}},
		{tagApplicationsURL, nil},
		{tagPKCS15, []byte{0x00}},
		{tagDataModel, []byte{dataModelPIV}},
		{tagAccessControl, nil},
		{tagCardAPDUs, nil},
		{tagRedirection, nil},
		{tagCapabilityTuples, nil},
		{tagStatusTuples, nil},
		{tagNextCCC, nil},
		{tagChecksum, nil},
	} {
		content = appendElement(content, e.tag, e.value)
	}
	return content
}
