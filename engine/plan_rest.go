package engine

import "slices"

// remove plans that a certificate goes away. A revoked encryption key does not:
// old mail must open, so it stays where it is, as a former one.
func (p *planner) remove(m Managed) {
	it, _ := p.in.Contents.At(m.Place)
	opens := p.opensMail(m, it.Certificate)
	p.plan.Outgoing = append(p.plan.Outgoing, outgoing(m, it.Certificate, m.Template, p.in.Before, p.in.Policy))
	if opens && m.Revoked != nil {
		p.plan.Retires = append(p.plan.Retires, m.Template)
		p.plan.Stays = append(p.plan.Stays, Stay{m.Place, m.Template, groupOf(m)})
		return
	}
	deletes := p.in.Contents.Abilities.DeleteKeys
	if it.Key != nil && it.Key.Unreadable != "" {
		deletes = false // nobody can say whose it is
	}
	p.expect(m.Place)
	add(&p.removals, Step{Verb: RemoveCertificate, Place: m.Place, Template: m.Template})
	if deletes {
		add(&p.removals, Step{Verb: RemoveKey, Place: m.Place, Template: m.Template, Public: publicOf(it.Key)})
	}
	p.lose(Loss{Place: m.Place, Title: m.Template, Why: p.whyLeaving(m.Template), KeyToo: deletes, History: opens})
}

// publicOf is the key that is meant, where the card tells.
func publicOf(k *Key) []byte {
	if k == nil {
		return nil
	}
	return k.Public
}

// opensMail reports whether a certificate's key opens mail: its template says so,
// or it says so itself.
func (p *planner) opensMail(m Managed, der []byte) bool {
	t, ok := p.in.Policy.Template(m.Template)
	if !ok && p.in.Before != nil {
		t, ok = p.in.Before.Template(m.Template)
	}
	return ok && t.Encrypts() || encrypts(der)
}

// whyLeaving says why a template's certificate goes away.
func (p *planner) whyLeaving(template string) LossWhy {
	if _, ok := p.in.Policy.Template(template); ok {
		return LostCleared
	}
	return LostPolicy
}

// setup plans what is set before a card is handed out for the first time, and
// the files every card needs.
func (p *planner) setup() {
	c, rule := p.in.Contents, p.in.Policy.Setup
	set := func(line SetupLine, v Verb) {
		p.plan.Setup = append(p.plan.Setup, line)
		add(&p.setups, Step{Verb: v})
	}
	if p.plan.First && c.PIN.Factory {
		p.plan.NewPIN = true
		set(SetupPIN, SetPIN)
	}
	if p.plan.First && c.PUK.Factory && c.PUK.Left != 0 {
		switch rule.PUK {
		case PUKSealed:
			set(SetupPUK, SetPUK)
		case PUKBlock:
			set(SetupNoPUK, BlockPUK)
		case PUKLeave:
		}
	}
	if p.plan.First && c.Admin.Factory && rule.Admin == AdminProtect {
		set(SetupAdminKey, SetAdminKey)
	}
	if !c.CHUID {
		set(SetupIdentity, WriteCHUID)
	}
	if !c.Capabilities {
		add(&p.setups, Step{Verb: WriteCapabilities})
	}
}

// thirdParty says what stays and which of it the record will follow.
func (p *planner) thirdParty() {
	for _, f := range FindThirdParty(p.in.Record, p.in.Contents) {
		if f.Unreadable != "" {
			p.plan.Stays = append(p.plan.Stays, Stay{f.Place, f.Unreadable, GroupThirdParty})
			continue
		}
		follow, asked := p.in.Selection.Track[f.Certificate.Fingerprint]
		if !asked {
			follow = f.Tracked
		}
		group := GroupThirdParty
		if follow {
			group = GroupTracked
		}
		p.plan.Stays = append(p.plan.Stays, Stay{f.Place, f.Certificate.Subject, group})
		if follow || asked || f.Ignored {
			p.plan.Tracks = append(p.plan.Tracks, trackedOf(f, follow))
		} else {
			p.plan.Outside = append(p.plan.Outside, trackedOf(f, false))
		}
	}
	for _, t := range p.in.Record.Tracked {
		if !t.Gone.IsZero() && !t.Ignored && !slices.ContainsFunc(p.plan.Tracks, func(on Tracked) bool { return on.Fingerprint == t.Fingerprint }) {
			p.plan.Tracks = append(p.plan.Tracks, t)
		}
	}
	p.plan.Tracking = !slices.EqualFunc(p.plan.Tracks, p.in.Record.Tracked, func(a, b Tracked) bool {
		return a.Fingerprint == b.Fingerprint && a.Place == b.Place && a.Ignored == b.Ignored && a.Gone.Equal(b.Gone)
	})
}

// around plans what is told elsewhere once the card is written.
func (p *planner) around() {
	registered, changes := p.in.Record.Access, len(p.plan.Comes)+len(p.plan.Goes)+len(p.plan.Retires)+len(p.plan.Missing) > 0
	switch on := p.in.Policy.AccessSystem; {
	case on && (!registered || changes):
		p.plan.Access, p.plan.Switches = AccessRegister, !registered
	case !on && registered:
		p.plan.Access, p.plan.Switches = AccessRemove, true
	}
	p.plan.Publish = p.in.Policy.Publish
	for _, m := range p.in.Record.Managed {
		it, _ := p.in.Contents.At(m.Place)
		if m.Common || !p.stays(m.Template) || !p.in.Record.present(m, &p.in.Contents) {
			continue
		}
		if p.plan.Publish {
			p.plan.Published = append(p.plan.Published, it.Certificate)
		}
		t, _ := p.in.Policy.Template(m.Template)
		if binding, err := IssuerSerialBinding(it.Certificate); err == nil && t.Binding == BindAttribute {
			p.plan.Bound = append(p.plan.Bound, binding)
		}
	}
}

// stays reports whether a template's certificate is neither replaced nor
// removed.
func (p *planner) stays(template string) bool {
	return slices.ContainsFunc(p.plan.Stays, func(s Stay) bool { return s.Title == template && s.Group == GroupManaged })
}

// outgoing says what is to be done elsewhere about a certificate that leaves
// the card, once template's own is written, or it is removed. What its own
// template said of it holds: the policy may not have that any more.
func outgoing(m Managed, der []byte, template string, before *Policy, now Policy) Outgoing {
	s := Outgoing{Template: template, Fingerprint: m.Fingerprint, CA: m.CA, Serial: m.Serial}
	t, ok := now.Template(m.Template)
	if !ok && before != nil {
		t, _ = before.Template(m.Template)
	}
	s.Published = !m.Common && (now.Publish || before != nil && before.Publish)
	s.Revoke, s.GraceDays = t.Renewal.RevokeOld && m.Revoked == nil && !m.Common, t.Renewal.GraceDays
	if t.Binding == BindAttribute {
		s.Binding, _ = IssuerSerialBinding(der)
	}
	return s
}

func trackedOf(f ThirdParty, follow bool) Tracked {
	c := f.Certificate
	return Tracked{
		Place: f.Place, Subject: c.Subject, Issuer: c.Issuer, Serial: c.Serial,
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, Fingerprint: c.Fingerprint,
		Ignored: !follow,
	}
}
