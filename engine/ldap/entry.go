package ldap

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

// wanted lists the attributes to ask for, and nothing else: entries may hold
// photographs.
func (a Attributes) wanted() []string {
	names := append([]string{a.ID, a.Logon, a.Mail}, a.Name...)
	for _, name := range append([]string{a.UPN, a.SID, a.Disabled.Attribute}, a.Extra...) {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// user reads an entry. The values are the directory's, whatever bytes they
// are: the Desk cleans what it shows.
func (a Attributes) user(e *goldap.Entry) engine.User {
	u := engine.User{
		ID:       engine.UserID(a.id(e)),
		DN:       e.DN,
		Logon:    first(e, a.Logon),
		Mail:     first(e, a.Mail),
		UPN:      first(e, a.UPN),
		SID:      sidText(first(e, a.SID)),
		Disabled: a.Disabled.on(e),
	}
	for _, name := range a.Name {
		if u.Name = first(e, name); u.Name != "" {
			break
		}
	}
	if len(a.Extra) > 0 {
		u.Attributes = make(map[string][]string, len(a.Extra))
	}
	for _, name := range a.Extra {
		u.Attributes[name] = e.GetEqualFoldAttributeValues(name)
	}
	return u
}

// first returns an attribute's first value; "" is an attribute nobody has.
func first(e *goldap.Entry, attribute string) string {
	if attribute == "" {
		return ""
	}
	return e.GetEqualFoldAttributeValue(attribute)
}

func (a Attributes) id(e *goldap.Entry) string {
	value := first(e, a.ID)
	if isGUID(a.ID) {
		return hex.EncodeToString([]byte(value))
	}
	return value
}

// sameID compares ids as directories do, without regard to case.
func sameID(a string, b engine.UserID) bool { return strings.EqualFold(a, string(b)) }

// isGUID reports whether an attribute's values are 16 bytes, not text.
func isGUID(attribute string) bool { return strings.EqualFold(attribute, "objectGUID") }

// on reports whether the entry bears the mark. Bits that cannot be read count
// as set: an account nobody can vouch for gets no card.
func (m Mark) on(e *goldap.Entry) bool {
	if m.Attribute == "" {
		return false
	}
	for _, value := range e.GetEqualFoldAttributeValues(m.Attribute) {
		if m.matches(value) {
			return true
		}
	}
	return false
}

func (m Mark) matches(value string) bool {
	switch {
	case m.Bits != 0:
		bits, err := strconv.ParseInt(value, 10, 64)
		return err != nil || bits&m.Bits != 0
	case m.Value != "":
		return strings.EqualFold(value, m.Value)
	}
	return true
}

// sidText writes a security identifier as "S-1-5-…". Text stays as it is; what
// is no identifier becomes "".
//
// MS-DTYP 2.4.2.2: revision, count of sub-authorities, authority in six bytes
// big-endian, sub-authorities in four bytes each, little-endian.
func sidText(raw string) string {
	if isSIDText(raw) {
		return raw
	}
	b := []byte(raw)
	if len(b) < 8 || b[0] != 1 || b[1] > 15 || len(b) != 8+4*int(b[1]) {
		return ""
	}
	authority := binary.BigEndian.Uint64(append([]byte{0, 0}, b[2:8]...))
	s := fmt.Sprintf("S-1-%d", authority)
	if authority > 0xffffffff {
		s = fmt.Sprintf("S-1-0x%012X", authority)
	}
	for at := 8; at < len(b); at += 4 {
		s += fmt.Sprintf("-%d", binary.LittleEndian.Uint32(b[at:]))
	}
	return s
}

// sidBytes is a security identifier as sidText reads it; "" for what is none.
func sidBytes(text string) string {
	parts := strings.Split(text, "-")
	if !isSIDText(text) || len(parts) > 3+15 {
		return ""
	}
	authority, err := strconv.ParseUint(parts[2], 10, 48)
	if err != nil {
		return ""
	}
	b := binary.BigEndian.AppendUint64(nil, authority)
	b[0], b[1] = 1, byte(len(parts)-3) // over the two bytes that an authority does not have
	for _, part := range parts[3:] {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil {
			return ""
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return string(b)
}

func isSIDText(s string) bool {
	rest, ok := strings.CutPrefix(s, "S-1-")
	return ok && rest != "" && strings.Trim(rest, "0123456789-") == ""
}
