package engine

import (
	"bytes"
	"slices"
)

// Planning is everything a plan is made from. Nothing in it can write, and
// nothing in it is a clock: what time matters for is in Choices.
type Planning struct {
	Policy    Policy
	Before    *Policy // as in Situation
	Record    Record
	User      User
	Contents  Contents
	Choices   []Choice
	Selection Selection
	Decides   map[string]bool // which CAs can decide before there is a key
	Mode      Mode
}

// MakePlan plans the update. It is pure: the same planning gives the same
// plan. When something forbids the update, the plan says so in Obstacles and
// is not to be carried out.
//
// The order of its steps keeps one rule: nothing that removes, overwrites,
// moves or re-keys stands before the last request that can be taken back.
func MakePlan(in Planning) Plan {
	p := &planner{in: in, plan: Plan{
		Format:  PlanFormat,
		Card:    in.Contents.Identity,
		User:    in.User.Ref(),
		Policy:  in.Policy.Name,
		From:    in.Record.State,
		First:   in.Record.Written.IsZero(),
		Renames: renames(in.Before, in.Policy, in.Record),
	}}
	p.plan.text, p.plan.Under = in.Policy.Text()
	p.plan.mode = in.Mode
	p.plan.Told = in.Policy.tells(ofUpdates())
	p.in.Record = in.Record.renamed(p.plan.Renames)
	if was := in.Record.Policy; was != in.Policy.Name {
		p.plan.Was = was
	}
	p.checkWhoAndWhat()
	p.proveCard()
	p.findMissing()
	p.findLeaving()
	p.findHomes()
	p.findRoom()
	for _, c := range in.Choices {
		p.template(c)
	}
	for _, m := range p.leaving {
		p.remove(m)
	}
	p.setup()
	p.thirdParty()
	p.around()
	return p.assemble()
}

// planner collects the parts of a plan; assemble puts them in order.
type planner struct {
	in   Planning
	plan Plan

	homes   map[string]Place // template that is to be on the card → where
	leaving []Managed        // what goes away, unless something else takes its place
	spare   []Place          // empty, first choice first
	history []Place          // empty, in the order they fill
	parked  bool             // a former encryption key goes to the history

	prove, makes, keeps, setups, commits, inPlace, removals, tidy []Step
}

func (p *planner) hinder(o Obstacle) { p.plan.Obstacles = append(p.plan.Obstacles, o) }

func (p *planner) checkWhoAndWhat() {
	c := p.in.Contents
	if s := p.in.Record.State; s != StateAssigned && s != StateIssued {
		p.hinder(StateForbids{s})
	}
	if p.in.User.Disabled {
		p.hinder(UserDisabled{})
	}
	if c.PIN.Left == 0 {
		p.hinder(NoTriesLeft{})
	}
	if c.Abilities.SetSecrets && !c.Admin.Factory && !c.Admin.Protected {
		p.hinder(AdminKeyUnknown{})
	}
	if c.Admin.Untold {
		p.hinder(AdminKeyUntold{})
	}
}

// proveCard lets the card sign with a key the record names, before anything
// is asked or written. Keys that want no finger are preferred.
func (p *planner) proveCard() {
	var best *Step
	for _, m := range p.in.Record.Managed {
		it, _ := p.in.Contents.At(m.Place)
		if m.Common || !m.lies(it) || p.opensMail(m, it.Certificate) {
			continue // what many cards hold proves none of them
		}
		if !p.holdsKey(it, m) {
			continue
		}
		touch := it.Key != nil && it.Key.wantsFinger()
		if best == nil || best.Touch && !touch {
			best = &Step{Verb: ProveCard, Place: m.Place, Template: m.Template, Public: m.Public, Touch: touch}
		}
	}
	if best != nil {
		p.prove = []Step{*best}
	}
}

// holdsKey reports whether a certificate's own key lies beside it, as far as the
// card tells: somebody may have made another there, or removed it.
func (p *planner) holdsKey(it Item, m Managed) bool {
	if !p.in.Contents.Abilities.ShowKeys {
		return it.Certificate != nil
	}
	return it.Key != nil && bytes.Equal(it.Key.Public, m.Public)
}

func (k KeySpec) wantsFinger() bool { return k.Touch == TouchAlways || k.Touch == TouchCached }

// assemble puts the parts in the one order that loses nothing.
func (p *planner) assemble() Plan {
	if now, after := p.inHistory(); p.parked || now != after {
		add(&p.commits, Step{Verb: WriteHistory, Count: after})
	}
	before := slices.Concat(p.prove, p.makes, p.keeps)
	p.plan.Decided = len(before)
	p.plan.Steps = slices.Concat(before, p.setups, p.commits, p.inPlace, p.removals,
		[]Step{{Verb: WriteRecord}}, p.tidy)
	p.plan.PINEntries = 1
	for _, s := range p.plan.Steps {
		p.plan.Touches += s.touches()
	}
	return p.plan
}

func add(to *[]Step, s Step) { *to = append(*to, s) }

func (p *planner) lose(l Loss) { p.plan.Goes = append(p.plan.Goes, l) }

// expect notes what lies at a place the plan will write to.
func (p *planner) expect(at Place) {
	e := Expect{Place: at}
	if it, ok := p.in.Contents.At(at); ok {
		e.Unreadable = it.Unreadable != ""
		if it.Certificate != nil {
			e.Certificate = Fingerprint(it.Certificate)
		}
		if it.Key != nil {
			e.Public = it.Key.Public
		}
	}
	p.plan.Expects = append(p.plan.Expects, e)
}
