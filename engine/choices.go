package engine

import "slices"

// Fate is what an update does with one template's certificate.
type Fate string

// The fates.
const (
	Stays   Fate = "stays"
	Renewed Fate = "renewed" // on the card, and a reason asks for a new one
	Added   Fate = "added"   // not on the card yet
	Removed Fate = "removed"
	Absent  Fate = "absent" // not on the card, and stays off it
)

// Choice is one line of the template stage: what ticking it or not would do.
type Choice struct {
	Template  Template
	Ticked    bool // before anybody chose
	IfTicked  Fate
	IfCleared Fate
	Reason    Reason // why there would be a new one; nil for an Added
	SameKey   bool   // the new one would be for the key that is on the card
	Extends   bool   // nothing but the end that draws near is why: the old one may vouch for the new one
	Leaving   bool   // the policy does not have it any more: Template has its name only
}

// Fate returns what happens to the certificate for this tick.
func (c Choice) Fate(ticked bool) Fate {
	if ticked {
		return c.IfTicked
	}
	return c.IfCleared
}

// Choices lists the policy's templates with what an update would do to each.
// Mandatory ones come first and are ticked whatever a selection says; what the
// policy does not have any more comes last, and goes whatever a selection says.
func Choices(s Situation) []Choice {
	s.Record = s.Record.renamed(renames(s.Before, s.Policy, s.Record))
	var mandatory, optional, leaving []Choice
	for _, t := range s.Policy.Templates {
		c := s.choice(t)
		if t.Optional {
			optional = append(optional, c)
		} else {
			mandatory = append(mandatory, c)
		}
	}
	for _, m := range s.leaving() {
		leaving = append(leaving, Choice{
			Template: Template{Name: m.Template, Place: m.Place}, IfTicked: Removed, IfCleared: Removed, Leaving: true,
		})
	}
	return slices.Concat(mandatory, optional, leaving)
}

func (s Situation) choice(t Template) Choice {
	c := Choice{Template: t, Ticked: !t.Optional, IfTicked: Added, IfCleared: Absent}
	m, ok := s.holds(t)
	if !ok {
		return c
	}
	c.Ticked, c.IfTicked, c.IfCleared = true, Stays, Removed
	if against := s.against(t, m); len(against) > 0 {
		c.IfTicked, c.Reason, c.Extends = Renewed, against[0], onlyEnds(against)
		_, revoked := c.Reason.(Revoked)
		c.SameKey = t.Renewal.SameKey && !t.Common() && !revoked && s.young(t, m)
	}
	return c
}

// onlyEnds reports whether a certificate is still valid, and its end is all that
// speaks against it.
func onlyEnds(against []Reason) bool {
	return !slices.ContainsFunc(against, func(r Reason) bool {
		e, ends := r.(Expires)
		return !ends || e.Life != Expiring
	})
}

// young reports whether a key may be certified once more. One whose age nobody
// knows is as old as its certificate at least.
func (s Situation) young(t Template, m Managed) bool {
	made := m.KeyMade
	if made.IsZero() {
		made = m.NotBefore
	}
	return t.Renewal.KeyMaxDays == 0 || s.Now.Before(made.AddDate(0, 0, t.Renewal.KeyMaxDays))
}

// Selection is what a person chose. What it does not mention keeps its
// default.
type Selection struct {
	Optional map[string]bool // template → ticked
	Track    map[string]bool // fingerprint of a third-party certificate → follow it
}

// ticked says whether a template is wanted: mandatory ones always are, and those
// that the policy has no more never.
func (s Selection) ticked(c Choice) bool {
	if c.Leaving {
		return false
	}
	if !c.Template.Optional {
		return true
	}
	if chosen, ok := s.Optional[c.Template.Name]; ok {
		return chosen
	}
	return c.Ticked
}

// ThirdParty is a certificate on the card that is not ours.
type ThirdParty struct {
	Place       Place
	Certificate Certificate
	Unreadable  string // why it cannot be read; it cannot be followed then
	Tracked     bool   // is followed already
	Ignored     bool   // a person chose not to follow it
}

// FindThirdParty lists what is on the card and not in the record.
func FindThirdParty(record Record, contents Contents) []ThirdParty {
	var found []ThirdParty
	for _, it := range contents.Items {
		if (it.Certificate == nil && it.Unreadable == "") || record.manages(it) {
			continue
		}
		found = append(found, thirdParty(record, it))
	}
	return found
}

func thirdParty(record Record, it Item) ThirdParty {
	f := ThirdParty{Place: it.Place, Unreadable: it.Unreadable}
	if it.Unreadable != "" {
		return f
	}
	c, err := ParseCertificate(it.Certificate)
	if err != nil {
		f.Unreadable = err.Error()
		return f
	}
	f.Certificate = c
	for _, t := range record.Tracked {
		if t.Fingerprint == c.Fingerprint {
			f.Tracked, f.Ignored = !t.Ignored, t.Ignored
		}
	}
	return f
}

// decided reports whether a person has decided about a third-party certificate:
// that it is followed, or that it is not.
func (r Record) decided(fingerprint string) bool {
	return slices.ContainsFunc(r.Tracked, func(t Tracked) bool { return t.Fingerprint == fingerprint })
}

// undecided lists the certificates on a card that nobody has decided about.
func undecided(r Record, contents Contents) []Tracked {
	var found []Tracked
	for _, f := range FindThirdParty(r, contents) {
		if f.Unreadable == "" && !f.Tracked && !f.Ignored {
			found = append(found, trackedOf(f, false))
		}
	}
	return found
}

// manages reports whether an item is ours: the certificate we recorded there,
// or an unreadable object where we recorded one.
func (r Record) manages(it Item) bool {
	return slices.ContainsFunc(slices.Concat(r.Managed, r.Former), func(m Managed) bool { return m.lies(it) })
}

// lies reports whether a recorded certificate is what lies at its place, or what
// cannot be read there.
func (m Managed) lies(it Item) bool {
	return m.Place == it.Place && (it.Unreadable != "" || it.Certificate != nil && Fingerprint(it.Certificate) == m.Fingerprint)
}
