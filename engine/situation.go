package engine

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"
)

// Situation is everything known of a card at one moment: why it is due, and
// what can be done, follow from it alone.
type Situation struct {
	Policy   Policy    // the user's, now
	Nobodys  bool      // no policy is the user's: nobody can say what the card is due for
	Before   *Policy   // under which the card was last written; nil when nobody knows what it said
	Record   Record    // see under
	User     User      // zero when the directory does not tell: attributes are not compared then
	Contents *Contents // nil when the card is not at hand: what the record says is believed
	Now      time.Time
}

// holds returns the certificate that fulfils a template: recorded and, as far
// as anybody knows, still on the card, byte for byte.
func (s Situation) holds(t Template) (Managed, bool) {
	for _, m := range s.Record.Managed {
		if m.Template == t.Name {
			return m, s.Record.present(m, s.Contents)
		}
	}
	return Managed{}, false
}

// present reports whether a recorded certificate is on the card: as the card
// says where it is at hand, else as it was seen last.
func (r Record) present(m Managed, contents *Contents) bool {
	if contents == nil {
		return !slices.Contains(r.Seen.Missing, m.Fingerprint)
	}
	it, _ := contents.At(m.Place)
	return it.Certificate != nil && Fingerprint(it.Certificate) == m.Fingerprint
}

// leaving are the recorded certificates that are on the card and whose template
// the policy does not have.
func (s Situation) leaving() []Managed {
	var gone []Managed
	for _, m := range s.Record.Managed {
		if _, ok := s.Policy.Template(m.Template); !ok && s.Record.present(m, s.Contents) {
			gone = append(gone, m)
		}
	}
	return gone
}

// renames finds the templates that only got another name since the card was
// written: the old policy's template is the new one's in everything that makes
// the certificate. A common certificate tells itself. Old name → new name.
func renames(before *Policy, now Policy, r Record) map[string]string {
	unknown := func(m Managed) bool { _, ok := now.Template(m.Template); return !ok }
	if !slices.ContainsFunc(r.Managed, unknown) {
		return nil // as almost always
	}
	claimed := map[string]bool{}
	for _, m := range r.Managed {
		claimed[m.Template] = true
	}
	found := map[string]string{}
	for _, m := range r.Managed {
		if _, stays := now.Template(m.Template); stays {
			continue
		}
		for _, t := range now.Templates {
			if !claimed[t.Name] && t.made(m, before) {
				found[m.Template], claimed[t.Name] = t.Name, true
				break
			}
		}
	}
	return found
}

// made reports whether a template would make a recorded certificate just so.
func (t Template) made(m Managed, before *Policy) bool {
	if t.Common() {
		return m.Common && m.Fingerprint == Fingerprint(t.PFX.Certificate)
	}
	if before == nil {
		return false
	}
	old, ok := before.Template(m.Template)
	return ok && t.makesSame(old)
}

// makesSame reports whether two templates make the same certificate in the same
// place. When it is renewed, and whether everybody gets it, does not matter.
func (t Template) makesSame(other Template) bool {
	return bytes.Equal(t.essence(), other.essence())
}

func (t Template) essence() []byte {
	t.Name, t.Optional, t.Tracked, t.Renew, t.Renewal = "", false, nil, Window{}, Renewal{}
	text, _ := json.Marshal(t) // strings and numbers only
	return text
}

// renamed returns the record with the names of templates as they are now.
func (r Record) renamed(names map[string]string) Record {
	if len(names) == 0 {
		return r
	}
	r.Managed, r.Former = slices.Clone(r.Managed), slices.Clone(r.Former)
	for _, list := range [][]Managed{r.Managed, r.Former} {
		for i, m := range list {
			if name, ok := names[m.Template]; ok {
				list[i].Template = name
			}
		}
	}
	return r
}
