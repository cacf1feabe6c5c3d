package engine

import (
	"bytes"
	"errors"
	"slices"
)

// Planning is everything a plan is made from. Nothing in it can write, and
// nothing in it is a clock: what time matters for is in Choices.
type Planning struct {
	Policy    Policy
	Record    Record
	User      User
	Contents  Contents
	Choices   []Choice
	Selection Selection
}

// MakePlan plans the update. It is pure: the same planning gives the same
// plan. When something forbids the update, the plan says so in Obstacles and
// is not to be carried out.
//
// The order of its steps keeps one rule: nothing that removes, overwrites,
// moves or re-keys stands before the last request that can be taken back.
func MakePlan(in Planning) Plan {
	p := &planner{in: in, plan: Plan{
		Format: PlanFormat,
		Card:   in.Contents.Identity,
		User:   in.User.Ref(),
		Policy: in.Policy.Name,
		First:  in.Record.Written.IsZero(),
	}}
	p.findRoom()
	p.checkWhoAndWhat()
	p.proveCard()
	for _, c := range in.Choices {
		p.template(c)
	}
	p.setup()
	p.thirdParty()
	return p.assemble()
}

// planner collects the parts of a plan; assemble puts them in order.
type planner struct {
	in   Planning
	plan Plan

	spare   []Place // empty, first choice first
	history []Place // empty, in the order they fill
	parked  bool    // a former encryption key goes to the history

	prove, makes, keeps, setups, commits, inPlace, removals, tidy []Step
}

// findRoom notes which places are free: no key and no certificate there, and no
// template's home.
func (p *planner) findRoom() {
	homes := map[Place]bool{}
	for _, t := range p.in.Policy.Templates {
		homes[t.Place], homes[p.home(t)] = true, true
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
		t, known := p.in.Policy.Template(m.Template)
		it, _ := p.in.Contents.At(m.Place)
		if !known || t.Encrypts() || !p.in.Record.manages(it) {
			continue
		}
		if it.Key != nil && !bytes.Equal(it.Key.Public, m.Public) {
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

func (k KeySpec) wantsFinger() bool { return k.Touch == TouchAlways || k.Touch == TouchCached }

func (p *planner) template(c Choice) {
	switch fate := c.Fate(p.in.Selection.ticked(c)); fate {
	case Stays:
		m, _ := onCard(c.Template, p.in.Record, &p.in.Contents)
		p.plan.Stays = append(p.plan.Stays, Stay{m.Place, c.Template.Name, GroupManaged})
	case Added, Renewed:
		p.obtain(c)
	case Removed:
		p.remove(c)
	case Absent:
	}
}

// obtain plans a new certificate: the way it comes about depends on what lies
// at home and on what the card can do.
func (p *planner) obtain(c Choice) {
	t := c.Template
	ask, err := askFor(t, p.in.User)
	if err != nil {
		p.hinder(lacking(t, err))
		return
	}
	if !p.possible(t) {
		return
	}
	home := p.home(t)
	it, _ := p.in.Contents.At(home)
	gain := Gain{Place: home, Template: t.Name, CA: t.CA, How: p.how(it)}
	if c.Reason != nil {
		gain.Replaces, gain.Expired = c.Reason.NotAfter, c.Reason.Life == Expired
	}
	p.expect(home)
	switch gain.How {
	case Fresh:
		p.make(t, home, ask, &p.makes)
		p.write(t, home, &p.commits)
	case Staged:
		if !p.stage(t, it, ask) {
			return
		}
	case InPlace:
		if t.Encrypts() && it.Certificate != nil {
			p.hinder(EncryptionInPlace{t.Name})
			return
		}
		p.make(t, home, ask, &p.inPlace)
		p.write(t, home, &p.inPlace)
		if it.Certificate != nil {
			add(&p.inPlace, Step{Verb: RemoveCertificate, Place: home, Template: t.Name, IfRefused: true}) // its key is gone
			p.lose(Loss{Place: home, Title: t.Name, Why: LostInPlace, KeyToo: true})
		}
	}
	if it.Key != nil && it.Certificate == nil && it.Unreadable == "" {
		p.lose(Loss{Place: home, Title: t.Name, Why: LostStrayKey, KeyToo: true})
	}
	p.plan.Comes = append(p.plan.Comes, gain)
}

// home is where the template's certificate is to lie: where the card has it
// now, else where the template says.
func (p *planner) home(t Template) Place {
	if m, ok := onCard(t, p.in.Record, &p.in.Contents); ok {
		return m.Place
	}
	return t.Place
}

// possible finds what the card or its contents forbid.
func (p *planner) possible(t Template) bool {
	can := p.in.Contents.Abilities
	elliptic := t.Key.Type != RSA2048
	switch {
	case !slices.Contains(can.KeyTypes, t.Key.Type):
		p.hinder(KeyTypeUnknown{t.Name, t.Key.Type})
		return false
	case t.Encrypts() && elliptic && !can.ProvesAnyKey:
		p.hinder(Unprovable{t.Name})
		return false
	}
	home := p.home(t)
	if fixed := can.Policies; fixed != nil && (fixed[home] != t.Key.PIN || t.Key.Touch != TouchNever) {
		p.hinder(PolicyFixed{t.Name, home, fixed[home]})
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

// takenByOther reports whether a certificate that is not this template's lies
// at an item's place, and which.
func (p *planner) takenByOther(t Template, it Item) (string, bool) {
	if it.Key != nil && it.Key.Unreadable != "" {
		return it.Key.Unreadable, true // nobody can say whose it is
	}
	if it.Certificate == nil && it.Unreadable == "" {
		return "", false
	}
	for _, m := range p.in.Record.Managed {
		if m.Place == it.Place && p.in.Record.manages(it) {
			return m.Subject, m.Template != t.Name
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
// certificate is there. The old key is parked: an encryption key for ever,
// with its certificate; any other until the record is written.
func (p *planner) stage(t Template, old Item, ask *Ask) bool {
	keep := t.Encrypts() && old.Certificate != nil
	aside, ok1 := p.take(&p.spare, &p.history)
	first, second := &p.spare, &p.history
	if keep {
		first, second = second, first
	}
	parking, ok2 := p.take(first, second)
	if !ok1 || !ok2 {
		p.hinder(NoSpare{t.Name})
		return false
	}
	p.expect(aside)
	p.expect(parking)
	home := old.Place
	p.make(t, aside, ask, &p.makes)
	if keep { // first of all: the card may be full, and nothing was touched yet
		add(&p.keeps, Step{Verb: WriteCertificate, Place: parking, Template: t.Name, Certificate: old.Certificate})
	}
	add(&p.commits, Step{Verb: MoveKey, From: home, Place: parking, Template: t.Name, Public: old.Key.Public})
	if keep {
		add(&p.commits, Step{Verb: Check, Place: parking, Template: t.Name, Certificate: old.Certificate, Encrypts: true, Touch: old.Key.wantsFinger()})
		p.parked = true
	} else {
		add(&p.tidy, Step{Verb: RemoveKey, Place: parking, Template: t.Name, Public: old.Key.Public})
	}
	add(&p.commits, Step{Verb: MoveKey, From: aside, Place: home, Template: t.Name})
	p.write(t, home, &p.commits)
	return true
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

func (p *planner) make(t Template, at Place, ask *Ask, to *[]Step) {
	add(to, Step{Verb: MakeKey, Place: at, Template: t.Name, Key: t.Key})
	add(to, Step{Verb: AskCA, Place: at, Template: t.Name, Ask: ask, Touch: t.Key.wantsFinger()})
}

func (p *planner) write(t Template, home Place, to *[]Step) {
	add(to, Step{Verb: WriteCertificate, Place: home, Template: t.Name})
	add(to, Step{Verb: Check, Place: home, Template: t.Name, Encrypts: t.Encrypts(), Touch: t.Key.wantsFinger()})
}

func (p *planner) remove(c Choice) {
	m, _ := onCard(c.Template, p.in.Record, &p.in.Contents)
	deletes := p.in.Contents.Abilities.DeleteKeys
	if it, _ := p.in.Contents.At(m.Place); it.Key != nil && it.Key.Unreadable != "" {
		deletes = false // nobody can say whose it is
	}
	p.expect(m.Place)
	add(&p.removals, Step{Verb: RemoveCertificate, Place: m.Place, Template: c.Template.Name})
	if deletes {
		add(&p.removals, Step{Verb: RemoveKey, Place: m.Place, Template: c.Template.Name})
	}
	p.lose(Loss{Place: m.Place, Title: c.Template.Name, Why: LostCleared, KeyToo: deletes, History: c.Template.Encrypts()})
}

func (p *planner) lose(l Loss) { p.plan.Goes = append(p.plan.Goes, l) }

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
		}
	}
	p.plan.Tracking = !slices.EqualFunc(p.plan.Tracks, p.in.Record.Tracked, func(a, b Tracked) bool {
		return a.Fingerprint == b.Fingerprint && a.Place == b.Place && a.Ignored == b.Ignored
	})
}

func trackedOf(f ThirdParty, follow bool) Tracked {
	c := f.Certificate
	return Tracked{
		Place: f.Place, Subject: c.Subject, Issuer: c.Issuer, Serial: c.Serial,
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, Fingerprint: c.Fingerprint,
		Ignored: !follow,
	}
}

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

// assemble puts the parts in the one order that loses nothing.
func (p *planner) assemble() Plan {
	if p.parked {
		add(&p.commits, Step{Verb: WriteHistory, Count: p.formerKeys()})
	}
	before := slices.Concat(p.prove, p.makes, p.keeps)
	p.plan.Decided = len(before)
	p.plan.Steps = slices.Concat(before, p.setups, p.commits, p.inPlace, p.removals,
		[]Step{{Verb: WriteRecord}}, p.tidy)
	p.plan.PINEntries = 1
	for _, s := range p.plan.Steps {
		if s.Touch {
			p.plan.Touches++
		}
	}
	return p.plan
}

// formerKeys counts the certificates in the history after this plan, up to the
// first gap: SP 800-73-4 part 1, 3.3.3 numbers them without gaps.
func (p *planner) formerKeys() int {
	n := 0
	for _, at := range p.in.Contents.Abilities.History {
		it, _ := p.in.Contents.At(at)
		written := slices.ContainsFunc(p.keeps, func(s Step) bool {
			return s.Verb == WriteCertificate && s.Place == at
		})
		removed := slices.ContainsFunc(p.removals, func(s Step) bool {
			return s.Verb == RemoveCertificate && s.Place == at
		})
		if it.Certificate == nil && !written || removed {
			break
		}
		n++
	}
	return n
}

func add(to *[]Step, s Step) { *to = append(*to, s) }

// askFor makes what the CA is asked for, of values that can be encoded. The
// error is an AttributeError.
func askFor(t Template, u User) (*Ask, error) {
	subject, err := t.Subject.Make(u)
	if err != nil {
		return nil, err
	}
	ask := &Ask{
		CA: t.CA, Profile: t.Profile, Subject: subject,
		Usage: t.Usage, Extended: t.Extended, ValidDays: t.ValidDays,
	}
	for _, r := range t.SAN {
		san, ok, err := r.Make(u)
		if err != nil {
			return nil, err
		}
		if ok {
			ask.SAN = append(ask.SAN, san)
		}
	}
	if t.Binding == BindExtension {
		ask.SID = u.SID
	}
	return ask, nil
}

func lacking(t Template, err error) Obstacle {
	var a *AttributeError
	if errors.As(err, &a) {
		return AttributeLacking{t.Name, a.Attribute, a.Err}
	}
	return AttributeLacking{Template: t.Name, Err: err}
}
