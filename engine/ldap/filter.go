package ldap

import (
	"encoding/hex"
	"slices"
	"strings"
	"unicode"

	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

// anr is Active Directory's ambiguous name resolution: an attribute that only
// exists in filters and compares the start of given name, surname, display
// name, logon name and others, all of them indexed.
const anr = "anr"

// searchFilter returns the filter for a person's text, and "" when the text
// has no word. Every word must be found:
//
//	(&(users)(|(cn=ada*)(cn=* ada*)(uid=ada*)(mail=ada*))(|(cn=love*)…))
//
// The first form is a subinitial index's work, the second a subany index's. In
// OpenLDAP that has keys of index_substr_any_len characters, the space being one
// of them.
func (c Config) searchFilter(text string) string {
	words := strings.Fields(strings.Map(dropUnseen, text))
	if len(words) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("(&" + c.Filter)
	for _, w := range words {
		b.WriteString("(|")
		for _, attribute := range c.SearchAttributes {
			b.WriteString(c.starts(attribute, goldap.EscapeFilter(w)))
		}
		b.WriteString(")")
	}
	b.WriteString(")")
	return b.String()
}

// dropUnseen drops control and format characters. RFC 4518, 2.2: to a directory
// they are nothing at all, so a word made of them would match everybody.
func dropUnseen(r rune) rune {
	if unicode.Is(unicode.C, r) && !unicode.IsSpace(r) {
		return -1
	}
	return r
}

// starts compares one attribute with one word that has been escaped.
func (c Config) starts(attribute, word string) string {
	if strings.EqualFold(attribute, anr) {
		return "(" + anr + "=" + word + ")"
	}
	f := "(" + attribute + "=" + word + "*)"
	if slices.Contains(c.Attributes.Name, attribute) {
		f += "(" + attribute + "=* " + word + "*)"
	}
	return f
}

// userFilter returns the filter that finds one user; ok is false when no user
// can have this id.
func (c Config) userFilter(id engine.UserID) (filter string, ok bool) {
	term, ok := c.idTerm(id)
	return "(&" + c.Filter + term + ")", ok
}

// idsFilter finds users by their ids, those that can be any.
func (c Config) idsFilter(ids []engine.UserID) string {
	var b strings.Builder
	for _, id := range ids {
		if term, ok := c.idTerm(id); ok {
			b.WriteString(term)
		}
	}
	return "(|" + b.String() + ")" // RFC 4526: of no terms none is true
}

func (c Config) idTerm(id engine.UserID) (term string, ok bool) {
	value := string(id)
	if isGUID(c.Attributes.ID) {
		raw, err := hex.DecodeString(value)
		if err != nil {
			return "", false
		}
		value = string(raw)
	}
	return "(" + c.Attributes.ID + "=" + goldap.EscapeFilter(value) + ")", value != ""
}
