package piv

import "cardkiosk/engine"

// No update reads the printed information. This is for whoever wants to know
// whether a card's objects are sound, as the tests do with every object of the
// public PIV test cards: each is understood, or refused in words.

// The elements of the printed information (SP 800-73-4 part 1, table 14).
const (
	tagName          = 0x01
	tagAffiliation   = 0x02
	tagPrintedExpiry = 0x04
	tagCardNumber    = 0x05
	tagIssuer        = 0x06
	tagOrganization  = 0x07
	tagOrganization2 = 0x08
	mostPrinted      = 125
)

// Printed is what is printed on a card. Its words are clean of control
// characters.
type Printed struct {
	Name          string
	Affiliation   string
	Expires       string // as printed: 2032DEC02
	CardNumber    string
	Issuer        string
	Organization  string
	Organization2 string
}

// ParsePrinted reads the content of the printed information. Other elements,
// such as the one in which Yubico's tools keep the administration key, are
// passed over.
func ParsePrinted(content []byte) (Printed, error) {
	const object = "printed information"
	list, err := readElements(content)
	if err != nil {
		return Printed{}, malformed(object, "%w", err)
	}
	var p Printed
	for _, line := range []struct {
		tag uint32
		to  *string
	}{
		{tagName, &p.Name},
		{tagAffiliation, &p.Affiliation},
		{tagPrintedExpiry, &p.Expires},
		{tagCardNumber, &p.CardNumber},
		{tagIssuer, &p.Issuer},
		{tagOrganization, &p.Organization},
		{tagOrganization2, &p.Organization2},
	} {
		value, _ := list.find(line.tag)
		if len(value) > mostPrinted {
			return Printed{}, malformed(object, "the line with tag %02X has %d characters", line.tag, len(value))
		}
		*line.to = engine.Clean(string(value))
	}
	return p, nil
}
