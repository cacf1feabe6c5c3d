package engine

import "time"

// Reason says why a card is due, or what could be done with it. The words are
// in engine/words.
type Reason interface{ reason() }

// The reasons, each with its cause, in the order in which they are listed to people.
type (
	// Expires says that a managed certificate has expired or is inside its window.
	Expires struct {
		Template string
		Place    Place
		NotAfter time.Time
		Life     Life // Expiring or Expired
	}
	// OtherPolicy says that the user has another policy than the card.
	OtherPolicy struct{ Card, User string }
	// WrittenOutside says that a certificate lies on the card which nobody has
	// decided about.
	WrittenOutside struct {
		Place       Place
		Subject     string
		Fingerprint string
	}
	// TemplateMissing says that a mandatory template is not on the card.
	TemplateMissing struct {
		Template string
		First    bool // the card was never written: everything is missing
		Added    bool // the policy did not have it when the card was written
		Common   bool
	}
	// TemplateRemoved says that the policy does not have a template any more.
	TemplateRemoved struct {
		Template string
		Place    Place
		Common   bool
	}
	// AttributeChanged says that an attribute is not as it was when the
	// certificate was asked for.
	AttributeChanged struct {
		Template, Attribute string
		Was, Is             string
	}
	// CommonReplaced says that the policy has another common certificate under
	// the same name.
	CommonReplaced struct {
		Template string
		Place    Place
	}
	// OptionalAvailable says that an optional template could be added, or, OnCard, dropped.
	// It does not make a card due.
	OptionalAvailable struct {
		Template string
		OnCard   bool
	}
	// AccessSwitched says that the policy's access system was switched on or
	// off since the card was written.
	AccessSwitched struct{ On bool }
	// UpdateDecided says that a CA has decided about an update that waited for it.
	UpdateDecided struct {
		Approved, Refused int // certificates
		At                time.Time
	}
	// Revoked says that the CA has revoked a certificate that is on the card.
	Revoked struct {
		Template   string
		Place      Place
		Revocation Revocation
	}
)

func (Expires) reason()           {}
func (OtherPolicy) reason()       {}
func (WrittenOutside) reason()    {}
func (TemplateMissing) reason()   {}
func (TemplateRemoved) reason()   {}
func (AttributeChanged) reason()  {}
func (CommonReplaced) reason()    {}
func (OptionalAvailable) reason() {}
func (AccessSwitched) reason()    {}
func (UpdateDecided) reason()     {}
func (Revoked) reason()           {}

// Due reports whether any of the reasons makes a card due.
func Due(reasons []Reason) bool {
	for _, r := range reasons {
		if _, optional := r.(OptionalAvailable); !optional {
			return true
		}
	}
	return false
}

// Reasons computes why a card is due.
func Reasons(s Situation) []Reason {
	if s.Nobodys || s.Record.State != StateAssigned && s.Record.State != StateIssued {
		return nil
	}
	s.Record = s.Record.renamed(renames(s.Before, s.Policy, s.Record))
	var reasons, optional []Reason
	if written := s.Record.Policy; written != "" && written != s.Policy.Name {
		reasons = append(reasons, OtherPolicy{written, s.Policy.Name})
	}
	for _, t := range s.Policy.Templates {
		m, ok := s.holds(t)
		switch {
		case ok:
			reasons = append(reasons, s.against(t, m)...)
		case !t.Optional:
			reasons = append(reasons, s.missing(t))
		}
		if t.Optional {
			optional = append(optional, OptionalAvailable{t.Name, ok})
		}
	}
	for _, m := range s.leaving() {
		reasons = append(reasons, TemplateRemoved{m.Template, m.Place, m.Common})
	}
	return append(append(append(reasons, s.outside()...), s.access()...), optional...)
}

// against lists what speaks against a certificate that is on the card, the
// gravest first.
func (s Situation) against(t Template, m Managed) []Reason {
	var reasons []Reason
	if m.Revoked != nil {
		if m.Revoked.Reason == CertificateHold {
			return nil // never due: a new one would end the hold
		}
		reasons = append(reasons, Revoked{t.Name, m.Place, *m.Revoked})
	}
	if t.Common() {
		if m.Fingerprint != Fingerprint(t.PFX.Certificate) {
			reasons = append(reasons, CommonReplaced{t.Name, m.Place})
		}
		return reasons // nobody can renew it: its end is told to administrators
	}
	life := t.life(m, s.Now)
	if life == Expired {
		reasons = append(reasons, Expires{t.Name, m.Place, m.NotAfter, life})
	}
	reasons = append(reasons, s.changed(t, m)...)
	if life == Expiring {
		reasons = append(reasons, Expires{t.Name, m.Place, m.NotAfter, life})
	}
	return reasons
}

// changed compares the attributes that were noted when the certificate was
// asked for, as far as the template still tracks them.
func (s Situation) changed(t Template, m Managed) []Reason {
	if s.User.ID == "" || s.User.Recorded {
		return nil
	}
	var reasons []Reason
	for _, name := range t.Tracked {
		was, noted := m.Attributes[name]
		is := s.User.attribute(name)
		if !noted || is == was {
			continue
		}
		if was, is = Clean(was), Clean(is); is != was { // it may have been noted as it was shown
			reasons = append(reasons, AttributeChanged{t.Name, name, was, is})
		}
	}
	return reasons
}

func (s Situation) missing(t Template) Reason {
	r := TemplateMissing{Template: t.Name, First: s.Record.Written.IsZero(), Common: t.Common()}
	if s.Before != nil {
		_, had := s.Before.Template(t.Name)
		r.Added = !had
	}
	return r
}

// outside lists the certificates that nobody has decided about. A policy that
// does not search for them does not care, and a card that was never written has
// no outside.
func (s Situation) outside() []Reason {
	if !s.Policy.SearchThirdParty || s.Record.Written.IsZero() {
		return nil
	}
	found := s.Record.Seen.Outside
	if s.Contents != nil {
		found = undecided(s.Record, *s.Contents)
	}
	var reasons []Reason
	for _, t := range found {
		if !s.Record.decided(t.Fingerprint) {
			reasons = append(reasons, WrittenOutside{t.Place, t.Subject, t.Fingerprint})
		}
	}
	return reasons
}

func (s Situation) access() []Reason {
	if s.Record.Written.IsZero() || s.Record.Access == s.Policy.AccessSystem {
		return nil
	}
	return []Reason{AccessSwitched{s.Policy.AccessSystem}}
}

// life says where in its life a managed certificate is: NotYet before
// NotBefore, Expired from NotAfter on, Expiring from the second its window
// opens. Nobody can renew a common certificate: it has no window.
func (t Template) life(m Managed, now time.Time) Life {
	life := lifeAt(m.NotBefore, m.NotAfter, now)
	if life == Valid && !t.Common() && !now.Before(t.Renew.Opens(m.NotBefore, m.NotAfter)) {
		return Expiring
	}
	return life
}
