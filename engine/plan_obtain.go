package engine

import (
	"bytes"
	"slices"
)

func (p *planner) template(c Choice) {
	switch fate := c.Fate(p.in.Selection.ticked(c)); fate {
	case Stays:
		m, _ := p.holds(c.Template)
		p.plan.Stays = append(p.plan.Stays, Stay{m.Place, c.Template.Name, groupOf(m)})
	case Added, Renewed:
		if p.allowed(c) {
			p.obtain(c)
		}
	case Removed, Absent: // see leaving
	}
}

func groupOf(m Managed) StayGroup {
	if m.Common {
		return GroupCommon
	}
	return GroupManaged
}

// allowed finds what a revocation forbids.
func (p *planner) allowed(c Choice) bool {
	r, revoked := c.Reason.(Revoked)
	switch {
	case !revoked:
		return true
	case r.Revocation.Reason.forGood():
		p.hinder(RevokedForGood{c.Template.Name, r.Revocation.Reason})
		return false
	case p.in.Mode == SelfService:
		p.hinder(NeedsOperator{c.Template.Name, r.Revocation.Reason})
		return false
	}
	return true
}

// forGood reports whether a reason says that the holder is to have no such
// certificate any more, or that nobody knows who has the card.
func (r RevokeReason) forGood() bool {
	switch r {
	case KeyCompromise, CACompromise, AACompromise, AffiliationChanged, PrivilegeWithdrawn, CessationOfOperation:
		return true
	case Superseded, Unspecified, CertificateHold:
	}
	return false
}

// gaining is what it takes to get one certificate.
type gaining struct {
	t    Template
	ask  *Ask // nil for a common certificate
	home Item // as it is now
	old  *Managed
	keep bool // the old certificate goes to the history with its key
	how  How
}

// obtain plans a new certificate: the way it comes about depends on what lies
// at home and on what the card can do.
func (p *planner) obtain(c Choice) {
	g := gaining{t: c.Template}
	if !c.Template.Common() {
		ask, err := askFor(c.Template, p.in.User)
		if err != nil {
			p.hinder(lacking(c.Template, err))
			return
		}
		g.ask = ask
	}
	if !p.possible(c.Template) {
		return
	}
	g.home, _ = p.in.Contents.At(p.homes[g.t.Name])
	g.old, g.keep = p.replaced(g.t, g.home)
	if g.how = p.how(g.home); c.SameKey && p.certifiable(g) {
		g.how, g.keep = SameKey, false
	}
	if g.ask != nil {
		p.vouch(c, &g)
	}
	p.expect(g.home.Place)
	if !p.come(g) {
		return
	}
	p.plan.Comes = append(p.plan.Comes, gain(c, g))
	p.supersede(g)
}

func gain(c Choice, g gaining) Gain {
	line := Gain{Place: g.home.Place, Template: g.t.Name, CA: g.t.CA, How: g.how, Common: g.t.Common()}
	switch r := c.Reason.(type) {
	case Expires:
		line.Replaces, line.Expired = r.NotAfter, r.Life == Expired
	case Revoked:
		line.Replaces, line.Revoked = g.old.NotAfter, true
	case AttributeChanged, CommonReplaced:
		line.Replaces = g.old.NotAfter
	}
	return line
}

// replaced returns the recorded certificate that lies at home, and whether it is
// kept with its key: an encryption key always is, so that old mail opens. One
// whose key is another's now opens nothing.
func (p *planner) replaced(t Template, home Item) (*Managed, bool) {
	if home.Certificate == nil {
		return nil, false
	}
	for _, m := range p.in.Record.Managed {
		if m.lies(home) {
			keep := p.opensMail(m, home.Certificate) || m.Template == t.Name && t.Renewal.KeepOld
			return &m, keep && p.holdsKey(home, m)
		}
	}
	for _, m := range p.in.Record.Former { // it was retired where it lay
		if m.lies(home) {
			return &m, p.holdsKey(home, m)
		}
	}
	return nil, false
}

// certifiable reports whether the key at home can be certified once more.
func (p *planner) certifiable(g gaining) bool {
	return g.old != nil && p.holdsKey(g.home, *g.old) && (g.home.Key == nil || g.home.Key.Type == g.t.Key.Type)
}

// come plans the steps.
func (p *planner) come(g gaining) bool {
	switch g.how {
	case Fresh:
		p.make(g, g.home.Place, &p.makes)
		p.write(g, &p.commits)
		p.unmake(g, g.home.Place)
	case SameKey:
		add(&p.makes, Step{
			Verb: AskCA, Place: g.home.Place, Template: g.t.Name, Ask: g.ask, Public: g.old.Public, Touch: g.t.Key.wantsFinger(),
		})
		p.write(g, &p.commits)
	case Staged:
		return p.stage(g)
	case InPlace, DecidedFirst:
		return p.inPlaceOf(g)
	}
	return true
}

// possible finds what the card or its contents forbid.
func (p *planner) possible(t Template) bool {
	can, home := p.in.Contents.Abilities, p.homes[t.Name]
	if home == "" {
		p.hinder(NoFreePlace{t.Name})
		return false
	}
	if !p.takesKey(t, home) {
		return false
	}
	if t.Common() && len(t.PFX.Certificate) > can.MaxCertificate {
		p.hinder(TooLarge{t.Name, len(t.PFX.Certificate), can.MaxCertificate})
		return false
	}
	for _, g := range p.plan.Comes {
		if g.Place == home {
			p.hinder(PlaceTaken{t.Name, home, g.Template})
			return false
		}
	}
	it, _ := p.in.Contents.At(home)
	if by, taken := p.takenByOther(t, it); taken {
		p.hinder(PlaceTaken{t.Name, it.Place, by})
		return false
	}
	return true
}

// takesKey finds whether the card can have such a key there.
func (p *planner) takesKey(t Template, home Place) bool {
	can := p.in.Contents.Abilities
	switch {
	case t.Common() && !can.ImportKeys:
		p.hinder(CannotImport{t.Name})
		return false
	case !t.Common() && !slices.Contains(can.KeyTypes, t.Key.Type): // what it cannot make it may take
		p.hinder(KeyTypeUnknown{t.Name, t.Key.Type})
		return false
	case t.Encrypts() && t.Key.Type != RSA2048 && !can.ProvesAnyKey:
		p.hinder(Unprovable{t.Name})
		return false
	}
	if fixed := can.Policies; fixed != nil && (fixed[home] != t.Key.PIN || t.Key.Touch != TouchNever) {
		p.hinder(PolicyFixed{t.Name, home, fixed[home]})
		return false
	}
	return true
}

// how decides the way. A place with a certificate but surely without a key has
// nothing to lose.
func (p *planner) how(it Item) How {
	can := p.in.Contents.Abilities
	empty := it.Key == nil && (it.Certificate == nil && it.Unreadable == "" || can.ShowKeys)
	switch {
	case empty:
		return Fresh
	case can.MoveKeys:
		return Staged
	}
	return InPlace
}

// stage plans a key made aside, exchanged with the old one when its
// certificate is there. The old key is parked: one that is kept for ever, with
// its certificate; any other until the record is written.
func (p *planner) stage(g gaining) bool {
	aside, ok1 := p.take(&p.spare, &p.history)
	first, second := &p.spare, &p.history
	if g.keep {
		first, second = second, first
	}
	parking, ok2 := p.take(first, second)
	if !ok1 || !ok2 {
		p.hinder(NoSpare{g.t.Name})
		return false
	}
	p.expect(aside)
	p.expect(parking)
	old, home := g.home, g.home.Place
	p.make(g, aside, &p.makes)
	if g.keep { // first of all: the card may be full, and nothing was touched yet
		add(&p.keeps, Step{Verb: WriteCertificate, Place: parking, Template: g.t.Name, Certificate: old.Certificate})
	}
	add(&p.commits, Step{Verb: MoveKey, From: home, Place: parking, Template: g.t.Name, Public: old.Key.Public})
	if g.keep {
		add(&p.commits, Step{
			Verb: Check, Place: parking, Template: g.t.Name, Certificate: old.Certificate,
			Encrypts: p.opensMail(*g.old, old.Certificate), Touch: old.Key.wantsFinger(),
		})
		p.parked = true
	} else {
		add(&p.tidy, Step{Verb: RemoveKey, Place: parking, Template: g.t.Name, Public: old.Key.Public})
	}
	p.unmake(g, aside)
	add(&p.commits, Step{Verb: MoveKey, From: aside, Place: home, Template: g.t.Name})
	p.write(g, &p.commits)
	if p.stray(g) {
		p.lose(Loss{Place: home, Title: g.t.Name, Why: LostStrayKey, KeyToo: true})
	}
	return true
}

// stray reports whether the key at home is no certificate's of ours. That of the
// common certificate that comes is not lost.
func (p *planner) stray(g gaining) bool {
	switch {
	case g.t.Common() && g.home.Key != nil && bytes.Equal(g.home.Key.Public, g.t.PFX.public()):
		return false
	case g.old != nil:
		return !p.holdsKey(g.home, *g.old)
	}
	return g.home.Certificate == nil && g.home.Unreadable == ""
}

// inPlaceOf plans a key made over the old one.
func (p *planner) inPlaceOf(g gaining) bool {
	home := g.home.Place
	if g.keep && (g.t.Encrypts() || encrypts(g.home.Certificate)) { // others are missed by nobody
		p.hinder(EncryptionInPlace{g.t.Name})
		return false
	}
	why := LostInPlace
	if g.how == DecidedFirst {
		why = LostExchange
		add(&p.makes, Step{
			Verb: AskApproval, Place: home, Template: g.t.Name, Ask: g.ask, Public: g.old.Public, Touch: g.home.Key != nil && g.home.Key.wantsFinger(),
		})
		later := *g.ask
		later.Renews, later.Hold = nil, false
		g.ask = &later
	}
	p.make(g, home, &p.inPlace)
	p.write(g, &p.inPlace)
	switch {
	case g.home.Certificate != nil:
		if !g.t.Common() {
			add(&p.inPlace, Step{Verb: RemoveCertificate, Place: home, Template: g.t.Name, IfRefused: true}) // its key is gone
		}
		if g.old == nil || g.old.Template == g.t.Name {
			p.lose(Loss{Place: home, Title: g.t.Name, Why: why, KeyToo: true})
		}
	case p.stray(g):
		p.lose(Loss{Place: home, Title: g.t.Name, Why: LostStrayKey, KeyToo: true})
	}
	return true
}

// make plans the key, and the certificate for it.
func (p *planner) make(g gaining, at Place, to *[]Step) {
	if g.t.Common() {
		add(to, Step{Verb: ImportKey, Place: at, Template: g.t.Name, Key: g.t.Key, Certificate: g.t.PFX.Certificate})
		return
	}
	add(to, Step{Verb: MakeKey, Place: at, Template: g.t.Name, Key: g.t.Key})
	add(to, Step{Verb: AskCA, Place: at, Template: g.t.Name, Ask: g.ask, Touch: g.t.Key.wantsFinger()})
}

// unmake plans that a key goes again when the CA refuses its request after all.
func (p *planner) unmake(g gaining, at Place) {
	if !g.t.Common() {
		add(&p.tidy, Step{Verb: RemoveKey, Place: at, Template: g.t.Name, IfRefused: true})
	}
}

// write plans the certificate at home. One that may turn out to be too much for
// the card says what to put back.
func (p *planner) write(g gaining, to *[]Step) {
	s := Step{Verb: WriteCertificate, Place: g.home.Place, Template: g.t.Name}
	if g.how == Staged || g.how == SameKey {
		s.Old = g.home.Certificate
	}
	add(to, s)
	add(to, Step{Verb: Check, Place: g.home.Place, Template: g.t.Name, Encrypts: g.t.Encrypts(), Touch: g.t.Key.wantsFinger()})
}

// supersede notes what becomes of the certificate that lay at home: of another
// template it goes away with this step, and is not removed a second time.
func (p *planner) supersede(g gaining) {
	for _, m := range p.in.Record.Managed {
		unread := slices.Contains(p.plan.Missing, Missing{m.Place, m.Fingerprint, true})
		if unread && (m.Template == g.t.Name || m.Place == g.home.Place) {
			p.plan.Outgoing = append(p.plan.Outgoing, outgoing(m, nil, g.t.Name, p.in.Before, p.in.Policy))
		}
	}
	former := func(m Managed) bool { return g.old.Fingerprint == m.Fingerprint && g.old.Place == m.Place }
	if g.old == nil || slices.ContainsFunc(p.in.Record.Former, former) {
		return
	}
	p.plan.Outgoing = append(p.plan.Outgoing, outgoing(*g.old, g.home.Certificate, g.t.Name, p.in.Before, p.in.Policy))
	if g.old.Template == g.t.Name {
		return
	}
	p.leaving = slices.DeleteFunc(p.leaving, func(m Managed) bool { return m.Place == g.old.Place })
	if !g.keep {
		p.lose(Loss{Place: g.old.Place, Title: g.old.Template, Why: p.whyLeaving(g.old.Template), KeyToo: true})
	}
}
