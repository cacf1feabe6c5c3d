package engine

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Misfit is inside the error of a recipe whose value cannot stand in a
// certificate. It is found while planning: once a key is made, it is too late.
type Misfit struct {
	Value string // as it would have stood there
	As    string // the attribute of the subject, or the kind of alternative name
	Why   MisfitWhy
	Most  int // for MisfitLength: how many characters there may be
}

// MisfitWhy says what is wrong with a value.
type MisfitWhy string

// The whys.
const (
	MisfitASCII     MisfitWhy = "it has characters beyond ASCII"
	MisfitPrintable MisfitWhy = "it has other characters than letters without accents, digits, spaces and '()+,-./:=?"
	MisfitLength    MisfitWhy = "it is too long"
	MisfitCountry   MisfitWhy = "it is not a country's code of two letters"
	MisfitAddress   MisfitWhy = "it is not of the form somebody@corp.example"
	MisfitHost      MisfitWhy = "it is not the name of a host"
	MisfitURI       MisfitWhy = "it is not a URI with its scheme"
)

func (e *Misfit) Error() string {
	text := fmt.Sprintf("%q cannot stand as %s in a certificate: %s", e.Value, e.As, string(e.Why))
	if e.Why == MisfitLength {
		text += fmt.Sprintf(", at most %d characters can", e.Most)
	}
	return text
}

// The string types of the attributes that have one of their own (RFC 5280,
// appendix A.1; RFC 4519, 2.4; PKCS #9). All others may be UTF-8.
var (
	ia5Attributes       = map[string]bool{"DC": true, "E": true}
	printableAttributes = map[string]bool{"C": true, "SERIALNUMBER": true}
)

// longest is how many characters a value may have: RFC 5280, appendix A.1; for
// UID RFC 4524, 2.23, for DC DNS.
var longest = map[string]int{
	"CN": 64, "SN": 64, "SERIALNUMBER": 64, "C": 2, "L": 128, "ST": 128, "O": 64, "OU": 64, "GN": 64,
	"UID": 256, "DC": 63, "E": 255,
}

// fits reports what keeps a value from standing in a subject; nil for nothing.
func (r RDN) fits() error {
	misfit := func(why MisfitWhy, most int) error { return &Misfit{r.Value, r.Type, why, most} }
	switch {
	case ia5Attributes[r.Type] && !ascii(r.Value):
		return misfit(MisfitASCII, 0)
	case r.Type == "C" && !country.MatchString(r.Value):
		return misfit(MisfitCountry, 0)
	case printableAttributes[r.Type] && !printable.MatchString(r.Value):
		return misfit(MisfitPrintable, 0)
	case utf8.RuneCountInString(r.Value) > longest[r.Type]:
		return misfit(MisfitLength, longest[r.Type])
	}
	return nil
}

var (
	country   = regexp.MustCompile(`^[A-Za-z]{2}$`)
	printable = regexp.MustCompile(`^[A-Za-z0-9 '()+,./:=?-]*$`) // X.680, 41.4
	hostLabel = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?$`)
)

// fits reports what keeps a value from being an alternative name; nil for
// nothing.
func (s SAN) fits() error {
	misfit := func(why MisfitWhy) error { return &Misfit{Value: s.Value, As: string(s.Kind), Why: why} }
	if s.Kind != SANUPN && !ascii(s.Value) { // RFC 5280, 4.2.1.6: IA5String
		return misfit(MisfitASCII)
	}
	switch s.Kind {
	case SANUPN, SANMail:
		user, domain, _ := strings.Cut(s.Value, "@")
		if user == "" || domain == "" || strings.ContainsAny(user+domain, " @") || s.Kind == SANMail && !hostName(domain) {
			return misfit(MisfitAddress)
		}
	case SANDNS:
		if !hostName(s.Value) {
			return misfit(MisfitHost)
		}
	case SANURI:
		if u, err := url.Parse(s.Value); err != nil || !u.IsAbs() || strings.Contains(s.Value, " ") {
			return misfit(MisfitURI)
		}
	}
	return nil
}

func hostName(s string) bool {
	if len(s) > 253 { // RFC 1035, 2.3.4, as text
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if !hostLabel.MatchString(label) {
			return false
		}
	}
	return true
}

// ascii reports whether a value has printable ASCII only.
func ascii(s string) bool {
	for i := range len(s) {
		if s[i] > 0x7e || s[i] < 0x20 {
			return false
		}
	}
	return true
}
