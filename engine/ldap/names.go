package ldap

import (
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// names is a set of distinguished names, however they are written.
type names map[string]bool

func (n names) has(dn string) bool { return n[nameKey(dn)] }

// add adds a name, and tells whether it is new.
func (n names) add(dn string) bool {
	key := nameKey(dn)
	if n[key] {
		return false
	}
	n[key] = true
	return true
}

// nameKey writes a name so that equal ones are equal strings: RFC 4518, 2, for
// what is compared without regard to case. What is no name stands for itself.
func nameKey(text string) string {
	dn, err := goldap.ParseDN(text)
	if err != nil {
		return text
	}
	fold := cases.Fold()
	for _, rdn := range dn.RDNs {
		for _, a := range rdn.Attributes {
			a.Value = strings.Join(strings.Fields(norm.NFKC.String(fold.String(a.Value))), " ")
		}
	}
	return dn.String()
}

// within reports whether an entry is another one, or below it.
func within(dn, top string) bool {
	a, errA := goldap.ParseDN(dn)
	b, errB := goldap.ParseDN(top)
	return errA == nil && errB == nil && (b.EqualFold(a) || b.AncestorOfFold(a))
}
