package engine

import (
	"slices"
	"time"
)

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
	Reason    *Expires // why it would be renewed
}

// Fate returns what happens to the certificate for this tick.
func (c Choice) Fate(ticked bool) Fate {
	if ticked {
		return c.IfTicked
	}
	return c.IfCleared
}

// Choices lists the policy's templates with what an update would do to each.
// Mandatory ones come first and are ticked whatever a selection says.
func Choices(policy Policy, record Record, contents *Contents, now time.Time) []Choice {
	var mandatory, optional []Choice
	for _, t := range policy.Templates {
		c := choiceOf(t, record, contents, now)
		if t.Optional {
			optional = append(optional, c)
		} else {
			mandatory = append(mandatory, c)
		}
	}
	return append(mandatory, optional...)
}

func choiceOf(t Template, record Record, contents *Contents, now time.Time) Choice {
	c := Choice{Template: t, Ticked: !t.Optional, IfTicked: Added, IfCleared: Absent}
	m, ok := onCard(t, record, contents)
	if !ok {
		return c
	}
	c.Ticked, c.IfTicked, c.IfCleared = true, Stays, Removed
	if life := t.life(m, now); life.due() {
		c.IfTicked = Renewed
		c.Reason = &Expires{t.Name, m.Place, m.NotAfter, life}
	}
	return c
}

// Selection is what a person chose. What it does not mention keeps its
// default.
type Selection struct {
	Optional map[string]bool // template → ticked
	Track    map[string]bool // fingerprint of a third-party certificate → follow it
}

// ticked says whether a template is wanted: mandatory ones always are.
func (s Selection) ticked(c Choice) bool {
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

// manages reports whether an item is ours: the certificate we recorded there,
// or an unreadable object where we recorded one.
func (r Record) manages(it Item) bool {
	for _, m := range slices.Concat(r.Managed, r.Former) {
		if m.Place == it.Place && (it.Unreadable != "" || Fingerprint(it.Certificate) == m.Fingerprint) {
			return true
		}
	}
	return false
}
