package engine

import "slices"

// findLeaving notes which recorded certificates go away, by choice or because
// the policy does not have them any more.
func (p *planner) findLeaving() {
	for _, c := range p.in.Choices {
		if c.Fate(p.in.Selection.ticked(c)) != Removed {
			continue
		}
		for _, m := range p.in.Record.Managed {
			if m.Template == c.Template.Name {
				p.leaving = append(p.leaving, m)
			}
		}
	}
}

// findMissing notes which recorded certificates are not where they were written:
// somebody removed or overwrote them outside.
func (p *planner) findMissing() {
	for _, m := range slices.Concat(p.in.Record.Managed, p.in.Record.Former) {
		if p.in.Record.present(m, &p.in.Contents) {
			continue
		}
		it, _ := p.in.Contents.At(m.Place)
		p.plan.Missing = append(p.plan.Missing, Missing{m.Place, m.Fingerprint, it.Certificate == nil && it.Unreadable != ""})
	}
	for _, m := range p.in.Record.Managed {
		if p.plan.forgets(m.Fingerprint) {
			p.plan.Outgoing = append(p.plan.Outgoing, outgoing(m, nil, m.Template, p.in.Before, p.in.Policy))
		}
	}
}

// forgets reports whether a recorded certificate is on the card no more.
func (p Plan) forgets(fingerprint string) bool {
	return slices.ContainsFunc(p.Missing, func(m Missing) bool { return m.Fingerprint == fingerprint && !m.Unreadable })
}

// leavesFrom reports whether the certificate at a place goes away.
func (p *planner) leavesFrom(at Place) bool {
	return slices.ContainsFunc(p.leaving, func(m Managed) bool { return m.Place == at })
}

// findHomes decides where each certificate is to lie: where the card has it
// now, else where its template says. Templates with one place choose before
// those with several.
func (p *planner) findHomes() {
	p.homes = map[string]Place{}
	var several []Template
	for _, c := range p.in.Choices {
		if c.Leaving {
			continue
		}
		m, ok := p.holds(c.Template)
		switch {
		case ok:
			p.homes[c.Template.Name] = m.Place
		case len(c.Template.Others) == 0:
			p.homes[c.Template.Name] = c.Template.Place
		case c.Fate(p.in.Selection.ticked(c)) == Added:
			several = append(several, c.Template)
		}
	}
	for _, t := range several {
		for _, at := range append([]Place{t.Place}, t.Others...) {
			if p.free(at) {
				p.homes[t.Name] = at
				break
			}
		}
	}
}

// free reports whether one of several places can be chosen: nothing lies there,
// or only what goes away, and no other template wants it.
func (p *planner) free(at Place) bool {
	for _, home := range p.homes {
		if home == at {
			return false
		}
	}
	_, taken := p.in.Contents.At(at)
	return !taken || p.leavesFrom(at)
}

func (p *planner) holds(t Template) (Managed, bool) {
	return Situation{Record: p.in.Record, Contents: &p.in.Contents}.holds(t)
}

// findRoom notes which places are free: no key and no certificate there, and no
// template's home.
func (p *planner) findRoom() {
	homes := map[Place]bool{}
	for _, t := range p.in.Policy.Templates {
		if len(t.Others) == 0 {
			homes[t.Place] = true
		}
		homes[p.homes[t.Name]] = true
	}
	empty := func(places []Place) []Place {
		return slices.DeleteFunc(slices.Clone(places), func(at Place) bool {
			_, taken := p.in.Contents.At(at)
			return taken || homes[at]
		})
	}
	p.spare = empty(p.in.Contents.Abilities.Spare)
	p.history = empty(p.in.Contents.Abilities.History)
}

// take removes the first of the places from both lists.
func (p *planner) take(from, other *[]Place) (Place, bool) {
	if len(*from) == 0 {
		return "", false
	}
	first := (*from)[0]
	*from = (*from)[1:]
	*other = slices.DeleteFunc(*other, func(at Place) bool { return at == first })
	return first, true
}

// takenByOther reports whether a certificate that neither is this template's nor
// goes away lies at an item's place, and which.
func (p *planner) takenByOther(t Template, it Item) (string, bool) {
	if it.Key != nil && it.Key.Unreadable != "" {
		return it.Key.Unreadable, true // nobody can say whose it is
	}
	if it.Certificate == nil && it.Unreadable == "" {
		return "", false
	}
	for _, m := range p.in.Record.Managed {
		if m.lies(it) {
			return m.Subject, m.Template != t.Name && !p.leavesFrom(it.Place)
		}
	}
	for _, m := range p.in.Record.Former {
		if m.lies(it) { // it goes to the history, where the card can move it
			return m.Subject, it.Certificate == nil || !p.in.Contents.Abilities.MoveKeys
		}
	}
	if it.Unreadable != "" {
		return it.Unreadable, true
	}
	f := thirdParty(p.in.Record, it)
	if f.Unreadable != "" {
		return f.Unreadable, true
	}
	return f.Certificate.Subject, true
}

// inHistory counts the certificates in the history, now and after this plan, up
// to the first gap: SP 800-73-4 part 1, 3.3.3 numbers them without gaps.
func (p *planner) inHistory() (now, after int) {
	steps := slices.Concat(p.keeps, p.commits, p.inPlace, p.removals)
	does := func(v Verb, at Place) bool {
		return slices.ContainsFunc(steps, func(s Step) bool { return s.Verb == v && s.Place == at && !s.IfRefused })
	}
	has := func(at Place) bool {
		it, _ := p.in.Contents.At(at)
		return it.Certificate != nil
	}
	will := func(at Place) bool {
		return does(WriteCertificate, at) || has(at) && !does(RemoveCertificate, at)
	}
	places := p.in.Contents.Abilities.History
	for now < len(places) && has(places[now]) {
		now++
	}
	for after < len(places) && will(places[after]) {
		after++
	}
	return now, after
}
