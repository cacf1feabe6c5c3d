package demo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// ldapQuery is a search request (RFC 4511, 4.5.1).
type ldapQuery struct {
	base       string // normal form
	scope      int64
	sizeLimit  int
	matches    ldapFilter
	attributes []string
	text       string // the request as it came, to know it again
}

func readQuery(op *ber.Packet) (ldapQuery, error) {
	if len(op.Children) < 8 {
		return ldapQuery{}, errors.New("the search request is cut short")
	}
	base, err := normalDN(op.Children[0].Data.String())
	if err != nil {
		return ldapQuery{}, err
	}
	scope, isScope := op.Children[1].Value.(int64)
	limit, isLimit := op.Children[3].Value.(int64)
	if !isScope || !isLimit {
		return ldapQuery{}, errors.New("scope or size limit is not a number")
	}
	q := ldapQuery{base: base, scope: scope, sizeLimit: int(limit), text: string(op.Bytes())}
	for _, a := range op.Children[7].Children {
		q.attributes = append(q.attributes, strings.ToLower(a.Data.String()))
	}
	q.matches, err = readFilter(op.Children[6])
	return q, err
}

// readPaging returns the paged results control (RFC 2696), nil when there is
// none.
func readPaging(controls []*ber.Packet) (*goldap.ControlPaging, error) {
	if len(controls) == 0 {
		return nil, nil
	}
	for _, p := range controls[0].Children {
		c, err := goldap.DecodeControl(p)
		if err != nil {
			return nil, fmt.Errorf("read control: %w", err)
		}
		if paging, ok := c.(*goldap.ControlPaging); ok {
			return paging, nil
		}
	}
	return nil, nil
}

// ldapCursor is a search that stands between two pages.
type ldapCursor struct {
	cookie string
	text   string // of the query
	next   int    // entry to look at
	given  int
}

// page carries out one page of a search, or all of it when no pages are asked
// for.
func (s *ldapSession) page(q ldapQuery, paging *goldap.ControlPaging) ([]*ldapEntry, []goldap.Control, ldapRefusal) {
	if !s.tree.has(q.base) {
		return nil, nil, ldapRefusal{goldap.LDAPResultNoSuchObject, ""}
	}
	if paging == nil {
		found, why := s.advance(&ldapCursor{}, q, len(s.tree.entries))
		return found, nil, why
	}
	at := s.at(q, string(paging.Cookie))
	if at == nil {
		return nil, nil, ldapRefusal{goldap.LDAPResultUnwillingToPerform, "the cookie is not of this search"}
	}
	found, why := s.advance(at, q, int(paging.PagingSize))
	answer := &goldap.ControlPaging{}
	if paging.PagingSize > 0 && why.code == 0 && at.next < len(s.tree.entries) {
		s.pages++
		answer.Cookie = binary.BigEndian.AppendUint32(nil, uint32(s.pages))
		at.cookie, s.cursor = string(answer.Cookie), at
	}
	return found, []goldap.Control{answer}, why
}

// at returns where the search stands that a cookie is of; nil when there is no
// such search. A client has one at a time: a new one, or a page of size zero,
// gives the old one up.
func (s *ldapSession) at(q ldapQuery, cookie string) *ldapCursor {
	at := s.cursor
	s.cursor = nil
	switch {
	case cookie == "":
		return &ldapCursor{text: q.text}
	case at != nil && at.cookie == cookie && at.text == q.text:
		return at
	}
	return nil
}

// advance looks at entries from the cursor on until so many are found.
func (s *ldapSession) advance(at *ldapCursor, q ldapQuery, most int) ([]*ldapEntry, ldapRefusal) {
	s.tree.mu.RLock()
	defer s.tree.mu.RUnlock()
	limit := len(s.tree.entries)
	for _, l := range []int{q.sizeLimit, s.cfg.SizeLimit} {
		if l > 0 {
			limit = min(limit, l)
		}
	}
	var found []*ldapEntry
	for ; at.next < len(s.tree.entries) && len(found) < most; at.next++ {
		e := s.tree.entries[at.next]
		if !e.within(q.base, q.scope) || !q.matches(e) {
			continue
		}
		if at.given == limit {
			return found, ldapRefusal{goldap.LDAPResultSizeLimitExceeded, ""}
		}
		at.given++
		found = append(found, e)
	}
	return found, ldapRefusal{}
}

// ldapFilter says whether an entry is meant.
type ldapFilter func(*ldapEntry) bool

// readFilter reads a filter (RFC 4511, 4.5.1.7). Everything is compared without
// regard to case.
func readFilter(p *ber.Packet) (ldapFilter, error) {
	switch uint64(p.Tag) {
	case goldap.FilterAnd, goldap.FilterOr, goldap.FilterNot:
		return readFilters(p)
	case goldap.FilterPresent:
		name := strings.ToLower(p.Data.String())
		return func(e *ldapEntry) bool { return len(e.folded(name)) > 0 }, nil
	case goldap.FilterEqualityMatch, goldap.FilterApproxMatch:
		return readComparison(p, func(value, wanted string) bool { return value == wanted })
	case goldap.FilterGreaterOrEqual:
		return readComparison(p, func(value, wanted string) bool { return value >= wanted })
	case goldap.FilterLessOrEqual:
		return readComparison(p, func(value, wanted string) bool { return value <= wanted })
	case goldap.FilterSubstrings:
		return readSubstrings(p)
	}
	return nil, fmt.Errorf("filters of kind %d are unknown here", p.Tag)
}

// readFilters reads the filters within one that combines them.
func readFilters(p *ber.Packet) (ldapFilter, error) {
	var parts []ldapFilter
	for _, child := range p.Children {
		part, err := readFilter(child)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	if p.Tag == goldap.FilterNot && len(parts) != 1 {
		return nil, errors.New("a filter is not one that can be negated")
	}
	return func(e *ldapEntry) bool {
		meant := func(part ldapFilter) bool { return part(e) }
		switch uint64(p.Tag) {
		case goldap.FilterOr:
			return slices.ContainsFunc(parts, meant)
		case goldap.FilterNot:
			return !parts[0](e)
		}
		return !slices.ContainsFunc(parts, func(part ldapFilter) bool { return !part(e) })
	}, nil
}

func readComparison(p *ber.Packet, compare func(value, wanted string) bool) (ldapFilter, error) {
	if len(p.Children) != 2 {
		return nil, errors.New("a comparison is not of two")
	}
	name, wanted := strings.ToLower(p.Children[0].Data.String()), foldCase(p.Children[1].Data.String())
	return func(e *ldapEntry) bool {
		return slices.ContainsFunc(e.folded(name), func(value string) bool { return compare(value, wanted) })
	}, nil
}

func readSubstrings(p *ber.Packet) (ldapFilter, error) {
	if len(p.Children) != 2 {
		return nil, errors.New("a substring filter is not of two")
	}
	name := strings.ToLower(p.Children[0].Data.String())
	type piece struct {
		kind ber.Tag
		text string
	}
	var pieces []piece
	for _, c := range p.Children[1].Children {
		pieces = append(pieces, piece{c.Tag, foldCase(c.Data.String())})
	}
	return func(e *ldapEntry) bool {
		return slices.ContainsFunc(e.folded(name), func(value string) bool {
			for _, p := range pieces {
				at := strings.Index(value, p.text)
				if p.kind == goldap.FilterSubstringsFinal {
					at = len(value) - len(p.text)
				}
				if at < 0 || p.kind == goldap.FilterSubstringsInitial && at > 0 || !strings.HasPrefix(value[at:], p.text) {
					return false
				}
				value = value[at+len(p.text):]
			}
			return true
		})
	}, nil
}
