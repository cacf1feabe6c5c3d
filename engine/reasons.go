package engine

import "time"

// Reason says why a card is due, or what could be done with it. The words are
// in engine/words.
type Reason interface{ reason() }

// The reasons, each with its cause.
type (
	// Expires says that a managed certificate has expired or is inside its window.
	Expires struct {
		Template string
		Place    Place
		NotAfter time.Time
		Life     Life // Expiring or Expired
	}
	// TemplateMissing says that a mandatory template is not on the card.
	TemplateMissing struct {
		Template string
		First    bool // the card was never written: everything is missing
	}
	// OptionalAvailable says that an optional template could be added. It does not make
	// a card due.
	OptionalAvailable struct{ Template string }
)

func (Expires) reason()           {}
func (TemplateMissing) reason()   {}
func (OptionalAvailable) reason() {}

// Due reports whether any of the reasons makes a card due.
func Due(reasons []Reason) bool {
	for _, r := range reasons {
		switch r.(type) {
		case Expires, TemplateMissing:
			return true
		case OptionalAvailable:
		}
	}
	return false
}

// Reasons computes why a card is due under a policy. contents is nil when the
// card is not at hand: then what the record says is believed.
func Reasons(policy Policy, record Record, contents *Contents, now time.Time) []Reason {
	if record.State != StateAssigned && record.State != StateIssued {
		return nil
	}
	var reasons []Reason
	for _, t := range policy.Templates {
		m, ok := onCard(t, record, contents)
		switch {
		case ok:
			if life := t.life(m, now); life.due() {
				reasons = append(reasons, Expires{t.Name, m.Place, m.NotAfter, life})
			}
		case t.Optional:
			reasons = append(reasons, OptionalAvailable{t.Name})
		default:
			reasons = append(reasons, TemplateMissing{t.Name, record.Written.IsZero()})
		}
	}
	return reasons
}

// life says where in its life a managed certificate is: NotYet before
// NotBefore, Expired from NotAfter on, Expiring from the second its window
// opens.
func (t Template) life(m Managed, now time.Time) Life {
	life := lifeAt(m.NotBefore, m.NotAfter, now)
	if life == Valid && !now.Before(t.Renew.Opens(m.NotBefore, m.NotAfter)) {
		return Expiring
	}
	return life
}

// onCard returns the certificate that fulfils a template: recorded and, when
// the card is at hand, still there byte for byte.
func onCard(t Template, record Record, contents *Contents) (Managed, bool) {
	for _, m := range record.Managed {
		if m.Template != t.Name {
			continue
		}
		if contents == nil {
			return m, true
		}
		it, _ := contents.At(m.Place)
		return m, it.Certificate != nil && Fingerprint(it.Certificate) == m.Fingerprint
	}
	return Managed{}, false
}
