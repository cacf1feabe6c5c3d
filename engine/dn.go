package engine

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// DN is a distinguished name, read so that two ways of writing it compare
// equal: the most particular part first, each part folded (RFC 4514; case and
// spaces as caseIgnoreMatch of RFC 4517 has them).
type DN []string

// Equal reports whether both name the same entry.
func (d DN) Equal(o DN) bool { return slices.Equal(d, o) }

// Below reports whether d is an entry somewhere below o.
func (d DN) Below(o DN) bool { return len(d) > len(o) && d[len(d)-len(o):].Equal(o) }

// ParseDN reads a distinguished name. The error says at which character it
// cannot be read.
func ParseDN(s string) (DN, error) {
	r := dnReader{text: s}
	var d DN
	for {
		part, err := r.part()
		if err != nil {
			return nil, fmt.Errorf("character %d: %w", 1+utf8.RuneCountInString(s[:r.at]), err)
		}
		d = append(d, part)
		if r.at == len(s) {
			return d, nil
		}
		r.at++ // the comma
	}
}

// dnReader goes through the text of a name; at is the next byte.
type dnReader struct {
	text string
	at   int
}

// part reads one part, up to a comma or the end: "cn=a", or "cn=a+uid=b",
// whose order means nothing.
func (r *dnReader) part() (string, error) {
	var pairs []string
	for {
		kind, err := r.kind()
		if err != nil {
			return "", err
		}
		value, err := r.value()
		if err != nil {
			return "", err
		}
		pairs = append(pairs, kind+"="+value)
		if r.at == len(r.text) || r.text[r.at] == ',' {
			slices.Sort(pairs)
			return strings.Join(pairs, "+"), nil
		}
		r.at++ // the plus sign
	}
}

// kind reads the attribute's name or OID, and the equals sign.
func (r *dnReader) kind() (string, error) {
	start := r.at
	for ; r.at < len(r.text); r.at++ {
		switch r.text[r.at] {
		case '=':
			kind := strings.ToLower(strings.TrimSpace(r.text[start:r.at]))
			if kind == "" || strings.ContainsFunc(kind, notInKind) {
				r.at = start
				return "", fmt.Errorf("%q is not the name of an attribute", kind)
			}
			r.at++
			return kind, nil
		case ',', '+', '\\':
			return "", fmt.Errorf("an equals sign is missing before %q", r.text[r.at])
		}
	}
	return "", fmt.Errorf("an equals sign is missing behind %q", strings.TrimSpace(r.text[start:]))
}

// notInKind reports whether the name of an attribute cannot have this letter.
func notInKind(c rune) bool {
	return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.'
}

// value reads up to a comma or plus sign that nothing escapes, and folds it.
func (r *dnReader) value() (string, error) {
	for r.at < len(r.text) && r.text[r.at] == ' ' {
		r.at++
	}
	if r.at < len(r.text) && r.text[r.at] == '#' {
		return r.encoded()
	}
	var b strings.Builder
	for ; r.at < len(r.text) && r.text[r.at] != ',' && r.text[r.at] != '+'; r.at++ {
		c := r.text[r.at]
		if c == '\\' {
			var err error
			if c, err = r.escaped(); err != nil {
				return "", err
			}
		}
		b.WriteByte(c)
	}
	return fold(b.String()), nil
}

// escaped reads what follows a backslash: two hex digits, or the character
// itself. It leaves at on its last byte.
func (r *dnReader) escaped() (byte, error) {
	rest := r.text[r.at+1:]
	if len(rest) >= 2 {
		if b, err := hex.DecodeString(rest[:2]); err == nil {
			r.at += 2
			return b[0], nil
		}
	}
	if rest == "" || !strings.ContainsRune(` "#+,;<=>\`, rune(rest[0])) {
		return 0, fmt.Errorf("a backslash stands before a character that needs none, or before nothing")
	}
	r.at++
	return rest[0], nil
}

// encoded reads "#" and the BER of a value in hex. Of the kinds of text it is
// the text that counts.
func (r *dnReader) encoded() (string, error) {
	digits, _, _ := strings.Cut(r.text[r.at+1:], ",")
	digits, _, _ = strings.Cut(digits, "+")
	ber, err := hex.DecodeString(strings.TrimSpace(digits))
	if err != nil || len(ber) < 2 {
		return "", fmt.Errorf("what follows %q is not a value in hex", "#")
	}
	r.at += 1 + len(digits)
	const octets, utf8Text, printable, ia5 = 0x04, 0x0c, 0x13, 0x16
	if slices.Contains([]byte{octets, utf8Text, printable, ia5}, ber[0]) && int(ber[1]) == len(ber)-2 && ber[1] < 0x80 {
		return fold(string(ber[2:])), nil
	}
	return "#" + hex.EncodeToString(ber), nil
}

// joints are the signs that join the parts of a DN.
var joints = strings.NewReplacer(`\`, `\\`, `+`, `\+`, `#`, `\#`)

// fold makes texts that differ only in case and in the number of spaces equal,
// and escapes what joins parts.
func fold(s string) string {
	return joints.Replace(strings.ToLower(strings.Join(strings.Fields(s), " ")))
}
