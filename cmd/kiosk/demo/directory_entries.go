package demo

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

// ldapTree is everything in the directory, parents before their children.
type ldapTree struct {
	known map[string]bool // the DNs, in normal form

	mu      sync.RWMutex // guards which entries there are
	entries []*ldapEntry
}

// ldapEntry is one entry. It never changes: another one takes its place.
type ldapEntry struct {
	dn         string
	normal     string // dn, as DNs are compared
	attributes []ldapAttribute
}

// ldapAttribute is an attribute with its values.
type ldapAttribute struct {
	name   string
	lower  string   // name in small letters
	values []string // raw
	folded []string // values as they are compared
}

func newLDAPTree(entries []*ldapEntry) (*ldapTree, error) {
	t := &ldapTree{entries: entries, known: make(map[string]bool, len(entries))}
	for _, e := range entries {
		if t.known[e.normal] {
			return nil, fmt.Errorf("%s is there twice", e.dn)
		}
		t.known[e.normal] = true
	}
	return t, nil
}

func (t *ldapTree) has(normal string) bool { return t.known[normal] }

// within reports whether the entry lies where a search looks: at the base, one
// level below it, or anywhere from it on.
func (e *ldapEntry) within(base string, scope int64) bool {
	_, parent, _ := strings.Cut(e.normal, ",")
	switch scope {
	case goldap.ScopeBaseObject:
		return e.normal == base
	case goldap.ScopeSingleLevel:
		return parent == base
	}
	return e.normal == base || strings.HasSuffix(e.normal, ","+base)
}

// normalDN writes a DN so that equal ones are equal strings.
func normalDN(text string) (string, error) {
	dn, err := goldap.ParseDN(text)
	if err != nil {
		return "", fmt.Errorf("read DN %q: %w", text, err)
	}
	return foldCase(dn.String()), nil
}

// fold makes values comparable without regard to case. Bytes that are no text
// stay as they are.
func foldCase(s string) string {
	if !utf8.ValidString(s) {
		return s
	}
	return strings.ToLower(s)
}

func (e *ldapEntry) attribute(lower string) ldapAttribute {
	for _, a := range e.attributes {
		if a.lower == lower {
			return a
		}
	}
	return ldapAttribute{}
}

// folded returns an attribute's values as they are compared. The name of the
// entry is one (RFC 5020).
func (e *ldapEntry) folded(lower string) []string {
	if lower == "entrydn" {
		return []string{foldCase(e.dn)}
	}
	return e.attribute(lower).folded
}

// first returns an attribute's first value, "" when there is none.
func (e *ldapEntry) first(lower string) string {
	for _, v := range e.attribute(lower).values {
		return v
	}
	return ""
}

func (e *ldapEntry) add(name, value string) {
	for i := range e.attributes {
		if a := &e.attributes[i]; strings.EqualFold(a.name, name) {
			a.values, a.folded = append(a.values, value), append(a.folded, foldCase(value))
			return
		}
	}
	e.attributes = append(e.attributes, ldapAttribute{name, strings.ToLower(name), []string{value}, []string{foldCase(value)}})
}

// encode writes the entry with the attributes asked for (RFC 4511, 4.5.1.8:
// none named, or "*", means all but the operational ones; a name without
// options means any).
func (e *ldapEntry) encode(wanted []string) *ber.Packet {
	list := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	for _, a := range e.attributes {
		if !a.asked(wanted) {
			continue
		}
		set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, v := range a.values {
			set.AppendChild(ldapOctets(v))
		}
		one := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
		one.AppendChild(ldapOctets(a.name))
		one.AppendChild(set)
		list.AppendChild(one)
	}
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, goldap.ApplicationSearchResultEntry, nil, "")
	p.AppendChild(ldapOctets(e.dn))
	p.AppendChild(list)
	return p
}

func (a ldapAttribute) asked(wanted []string) bool {
	operational := a.lower == "entryuuid" || a.lower == "modifytimestamp"
	base, _, _ := strings.Cut(a.lower, ";")
	for _, w := range wanted {
		if w == a.lower || w == base || w == "*" && !operational || w == "+" && operational {
			return true
		}
	}
	return len(wanted) == 0 && !operational
}

// readLDIF reads entries: RFC 2849, but a value stands on one line, and UTF-8
// may stand as it is.
func readLDIF(r io.Reader) ([]*ldapEntry, error) {
	var entries []*ldapEntry
	var e *ldapEntry
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if line == "" {
			e = nil
		}
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, err := readLDIFLine(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		switch {
		case e != nil:
			e.add(name, value)
		case name != "dn":
			return nil, fmt.Errorf("line %d: an entry begins with its dn", n)
		default:
			normal, err := normalDN(value)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			e = &ldapEntry{dn: value, normal: normal}
			entries = append(entries, e)
		}
	}
	return entries, lines.Err()
}

// readLDIFLine reads "name: text" or "name:: base64".
func readLDIFLine(line string) (name, value string, err error) {
	name, value, ok := strings.Cut(line, ":")
	if !ok || strings.HasPrefix(line, " ") {
		return "", "", fmt.Errorf("%q is not of the form name: value", line)
	}
	encoded, ok := strings.CutPrefix(value, ":")
	if !ok {
		return name, strings.TrimLeft(value, " "), nil
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	return name, string(raw), err
}

// peopleIn returns the entries that are people.
func peopleIn(entries []*ldapEntry) []engine.UserRef {
	var users []engine.UserRef
	for _, e := range entries {
		if e.first("uid") == "" {
			continue
		}
		users = append(users, engine.UserRef{
			ID: engine.UserID(e.first("entryuuid")), Name: e.first("displayname"), Logon: e.first("uid"), Mail: e.first("mail"),
		})
	}
	return users
}

// extraUsers makes users that are only many: "Extra 00042 User". There may be
// tens of thousands, so what can be shared is.
func extraUsers(n int) []*ldapEntry {
	entries := make([]*ldapEntry, 0, n)
	class := []string{"inetOrgPerson"}
	small := func(name, lower, value string) ldapAttribute {
		values := []string{value}
		return ldapAttribute{name, lower, values, values}
	}
	for i := range n {
		uid, name := fmt.Sprintf("extra%05d", i), fmt.Sprintf("Extra %05d User", i)
		dn := "uid=" + uid + ",ou=operations," + directoryBase
		entries = append(entries, &ldapEntry{dn, dn, []ldapAttribute{
			{"objectClass", "objectclass", class, []string{"inetorgperson"}},
			small("entryUUID", "entryuuid", fmt.Sprintf("00000000-0000-4000-8000-%012d", i)),
			small("uid", "uid", uid),
			small("mail", "mail", uid+"@corp.example"),
			{"displayName", "displayname", []string{name}, []string{foldCase(name)}},
		}})
	}
	return entries
}
