package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// A recipe makes a piece of a certificate from what the directory says of a
// user. It is text with {name}, {logon}, {mail}, {upn}, {sid} or the name of
// any directory attribute in braces, of which the first value is taken.
type recipe struct{ parts []part }

type part struct {
	text string // literal, when attr is ""
	attr string
}

// parseRecipe reads the braces.
func parseRecipe(s string) (recipe, error) {
	var r recipe
	if s == "" {
		return r, errors.New("a recipe without a value")
	}
	for s != "" {
		open := strings.IndexAny(s, "{}")
		if open < 0 {
			r.parts = append(r.parts, part{text: s})
			break
		}
		shut := strings.IndexByte(s[open:], '}')
		if s[open] == '}' || shut < 0 {
			return recipe{}, fmt.Errorf("a brace without its partner in %q", s)
		}
		if open > 0 {
			r.parts = append(r.parts, part{text: s[:open]})
		}
		attr := s[open+1 : open+shut]
		if !attributeName(attr) {
			return recipe{}, fmt.Errorf("{%s} is not the name of an attribute", attr)
		}
		r.parts = append(r.parts, part{attr: attr})
		s = s[open+shut+1:]
	}
	return r, nil
}

func attributeName(s string) bool {
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != ""
}

// ErrMissing is inside the error of a recipe whose attribute the user lacks.
var ErrMissing = errors.New("the directory has no value for it")

// AttributeError says which attribute keeps a recipe from being made.
type AttributeError struct {
	Attribute string // "" when the recipe reads none
	Err       error
}

func (e *AttributeError) Error() string { return e.Attribute + ": " + e.Err.Error() }
func (e *AttributeError) Unwrap() error { return e.Err }

var errControl = errors.New("its value has a control character")

// make fills in the user's attributes.
func (r recipe) make(u User) (string, error) {
	var b strings.Builder
	for _, p := range r.parts {
		if p.attr == "" {
			b.WriteString(p.text)
			continue
		}
		v := u.attribute(p.attr)
		switch {
		case v == "":
			return "", &AttributeError{p.attr, ErrMissing}
		case Clean(v) != v || strings.ContainsRune(v, unicode.ReplacementChar):
			return "", &AttributeError{p.attr, errControl}
		}
		b.WriteString(v)
	}
	return b.String(), nil
}

// blame names the attribute that has to be corrected: the one whose value is
// not ASCII, or else the first.
func (r recipe) blame(u User, err error) error {
	blamed := ""
	for _, name := range r.attributes() {
		if blamed == "" || ascii(u.attribute(blamed)) && !ascii(u.attribute(name)) {
			blamed = name
		}
	}
	return &AttributeError{blamed, err}
}

func (r recipe) attributes() []string {
	var names []string
	for _, p := range r.parts {
		if p.attr != "" {
			names = append(names, p.attr)
		}
	}
	return names
}

// attribute returns the first value of an attribute of the user.
func (u User) attribute(name string) string {
	switch name {
	case "name":
		return u.Name
	case "logon":
		return u.Logon
	case "mail":
		return u.Mail
	case "upn":
		return u.UPN
	case "sid":
		return u.SID
	}
	for _, v := range u.Attributes[name] {
		return v
	}
	return ""
}

// ownFields are the attributes that User has fields for.
var ownFields = map[string]bool{"name": true, "logon": true, "mail": true, "upn": true, "sid": true}

// NameRecipe makes a subject: "CN={name},O=Corp Example". It is cut into its
// parts before values are filled in, so no value can add a part.
type NameRecipe struct {
	text string // as it was read
	rdns []rdnRecipe
}

type rdnRecipe struct {
	attr  string // "CN"
	value recipe
}

// RDN is one attribute of a subject.
type RDN struct {
	Type  string `json:"type"` // "CN"
	Value string `json:"value"`
}

// nameTypes are the attributes a subject may have.
var nameTypes = []string{"CN", "SN", "GN", "O", "OU", "C", "L", "ST", "DC", "UID", "SERIALNUMBER", "E"}

// ParseNameRecipe reads "CN={name},O=Corp Example"; the order of the text is
// RFC 4514's, most particular first. A comma in a value is written "\,".
func ParseNameRecipe(s string) (NameRecipe, error) {
	n := NameRecipe{text: s}
	for _, piece := range splitUnescaped(s) {
		attr, value, ok := strings.Cut(piece, "=")
		attr = strings.ToUpper(strings.TrimSpace(attr))
		if !ok {
			return NameRecipe{}, fmt.Errorf("%q is not of the form CN=value", piece)
		}
		if !slices.Contains(nameTypes, attr) {
			return NameRecipe{}, fmt.Errorf("%q is not one of %s", attr, strings.Join(nameTypes, " "))
		}
		r, err := parseRecipe(strings.TrimSpace(value))
		if err != nil {
			return NameRecipe{}, err
		}
		n.rdns = append(n.rdns, rdnRecipe{attr, r})
	}
	return n, nil
}

// MarshalText writes the recipe as ParseNameRecipe reads it.
func (n NameRecipe) MarshalText() ([]byte, error) { return []byte(n.text), nil }

// UnmarshalText reads what MarshalText wrote.
func (n *NameRecipe) UnmarshalText(text []byte) (err error) {
	*n, err = ParseNameRecipe(string(text))
	return err
}

// IsZero is for JSON: a common certificate has no recipe.
func (n NameRecipe) IsZero() bool { return n.text == "" }

// Make fills the recipe in. The error is an AttributeError.
func (n NameRecipe) Make(u User) ([]RDN, error) {
	var name []RDN
	for _, r := range n.rdns {
		v, err := r.value.make(u)
		if err != nil {
			return nil, err
		}
		name = append(name, RDN{r.attr, v})
	}
	for i, r := range n.rdns { // only now: what is missing comes before what does not fit
		if err := name[i].fits(); err != nil {
			return nil, r.value.blame(u, err)
		}
	}
	return name, nil
}

// Attributes returns the directory attributes the recipe reads beyond those
// that User has fields for.
func (n NameRecipe) Attributes() []string { return Foreign(n.Reads()) }

// Reads returns every attribute the recipe reads.
func (n NameRecipe) Reads() []string {
	var names []string
	for _, r := range n.rdns {
		names = append(names, r.value.attributes()...)
	}
	return names
}

// SANKind is a kind of subject alternative name.
type SANKind string

// The kinds a template may state.
const (
	SANUPN  SANKind = "upn"   // otherName 1.3.6.1.4.1.311.20.2.3
	SANMail SANKind = "email" // rfc822Name
	SANURI  SANKind = "uri"
	SANDNS  SANKind = "dns"
)

// SAN is one subject alternative name.
type SAN struct {
	Kind  SANKind `json:"kind"`
	Value string  `json:"value"`
}

// SANRecipe makes one subject alternative name: "email={mail}". With a
// question mark, "email?={mail}", the name is left out for users without the
// attribute; without one, such a user cannot have the certificate. A value that
// is there and cannot be used is never left out: somebody is to know.
type SANRecipe struct {
	text     string // as it was read
	kind     SANKind
	optional bool
	value    recipe
}

// ParseSANRecipe reads "upn={upn}" or "email?={mail}".
func ParseSANRecipe(s string) (SANRecipe, error) {
	kind, value, ok := strings.Cut(s, "=")
	if !ok {
		return SANRecipe{}, fmt.Errorf("%q is not of the form email={mail}", s)
	}
	name, optional := strings.CutSuffix(strings.TrimSpace(kind), "?")
	k := SANKind(strings.ToLower(name))
	switch k {
	case SANUPN, SANMail, SANURI, SANDNS:
	default:
		return SANRecipe{}, fmt.Errorf("%q is not one of upn email uri dns", name)
	}
	r, err := parseRecipe(strings.TrimSpace(value))
	if err != nil {
		return SANRecipe{}, err
	}
	return SANRecipe{text: s, kind: k, optional: optional, value: r}, nil
}

// MarshalText writes the recipe as ParseSANRecipe reads it.
func (s SANRecipe) MarshalText() ([]byte, error) { return []byte(s.text), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *SANRecipe) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSANRecipe(string(text))
	return err
}

// Make fills the recipe in; ok is false when the name is to be left out. The
// error is an AttributeError.
func (s SANRecipe) Make(u User) (san SAN, ok bool, err error) {
	v, err := s.value.make(u)
	if s.optional && errors.Is(err, ErrMissing) {
		return SAN{}, false, nil
	}
	if err != nil {
		return SAN{}, false, err
	}
	san = SAN{s.kind, v}
	if err := san.fits(); err != nil {
		return SAN{}, false, s.value.blame(u, err)
	}
	return san, true, nil
}

// Attributes is as NameRecipe.Attributes.
func (s SANRecipe) Attributes() []string { return Foreign(s.Reads()) }

// Reads returns every attribute the recipe reads.
func (s SANRecipe) Reads() []string { return s.value.attributes() }

// OwnAttributes are the names of attributes that User has fields for.
func OwnAttributes() []string { return slices.Sorted(maps.Keys(ownFields)) }

// Foreign returns those of some attributes that User has no fields for.
func Foreign(attributes []string) []string {
	var names []string
	for _, a := range attributes {
		if !ownFields[a] {
			names = append(names, a)
		}
	}
	return names
}

// splitUnescaped cuts at commas that no backslash precedes, and takes the
// backslashes out.
func splitUnescaped(s string) []string {
	var pieces []string
	var b strings.Builder
	escaped := false
	for _, c := range s {
		switch {
		case escaped:
			b.WriteRune(c)
			escaped = false
		case c == '\\':
			escaped = true
		case c == ',':
			pieces = append(pieces, b.String())
			b.Reset()
		default:
			b.WriteRune(c)
		}
	}
	return append(pieces, b.String())
}
