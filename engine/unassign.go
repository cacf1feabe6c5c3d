package engine

import (
	"context"
	"errors"
	"slices"
)

// Unassign takes a card that was never issued from its user, and returns its
// record as it is then. It need not be there; a first update that was begun ends,
// and what a CA has granted it is revoked. A card that is issued has to be emptied:
// see UnassignIssued.
func (d *Desk) Unassign(ctx context.Context, actor Actor, card CardID) (Record, error) {
	return d.turn(ctx, actor, card, Wish{Event: CardUnassigned})
}

func (t *turning) unassign() error {
	if t.Record.State != StateAssigned {
		return &Error{Op: "unassign card", Kind: WrongState, Subject: t.Record.User.Name, Err: errors.New("the card is " + string(t.Record.State) + ": it has to lie in a reader, to be emptied")}
	}
	for _, m := range t.Record.Managed { // what it kept when it was unassigned before
		t.Lots = append(t.Lots, lotOf(m, false))
	}
	t.endUpdate(CessationOfOperation)
	t.after = t.Record.nobodys(func(Managed) bool { return true })
	return nil
}

// nobodys is a record without everything of its user. The card's own PUK stays,
// and so do the certificates that it keeps.
func (r Record) nobodys(keeps func(Managed) bool) Record {
	left := Record{Card: r.Card, State: StateClean, PUK: r.PUK, Version: r.Version}
	for _, m := range r.Managed {
		if keeps(m) {
			left.Managed = append(left.Managed, m)
		}
	}
	for _, m := range r.Former {
		if keeps(m) {
			left.Former = append(left.Former, m)
		}
	}
	return left
}

// ProposeUnassign plans how a connected card that is issued is emptied for
// somebody else: ours goes, but for what the policy keeps; what others wrote is
// not touched. Nothing is written.
func (d *Desk) ProposeUnassign(ctx context.Context, actor Actor, c *Connected) (Plan, error) {
	if err := d.may(ctx, actor, UnassignCard, aboutCard(c)); err != nil {
		return Plan{}, err
	}
	if err := d.unassignable(ctx, c); err != nil {
		return Plan{}, err
	}
	policies, err := d.policiesOf(ctx, c.Record)
	if err != nil {
		return Plan{}, err
	}
	return planUnassign(c.Record, c.Contents, policies), nil
}

// unassignable finds what forbids to empty a card.
func (d *Desk) unassignable(ctx context.Context, c *Connected) error {
	if _, err := c.Record.become("unassign card", CardUnassigned); err != nil {
		return err
	}
	if c.Record.State == StateAssigned {
		return &Error{Op: "unassign card", Kind: WrongState, Subject: c.Record.User.Name, Err: errors.New("nothing was written to the card yet")}
	}
	open, unfinished, err := d.openRun(ctx, c.Record.Card.ID)
	if err == nil && unfinished {
		err = &Error{Op: "unassign card", Kind: Unfinished, Effect: CanContinue, Subject: open.Actor.Station, Run: open.ID}
	}
	return err
}

// UnassignIssued carries out what ProposeUnassign planned. It is journalled like
// an update: after a power cut it is continued with Resume. pin is the card's.
func (d *Desk) UnassignIssued(ctx context.Context, actor Actor, c *Connected, plan Plan, pin PIN, watch func(Event)) (Result, error) {
	run, err := d.newRun(actor, plan)
	if err != nil {
		return Result{}, err
	}
	result, err := d.empty(ctx, actor, c, run, pin, watch)
	if err != nil {
		d.Log.Error("unassigning stopped", "run", run.ID, "card", plan.Card.ID, "err", err)
		d.witness(ctx, AuditRow{Actor: actor, Act: string(UnassignCard), Card: plan.Card.ID, User: plan.User.ID, Run: run.ID}, err)
	}
	return result, err
}

func (d *Desk) empty(ctx context.Context, actor Actor, c *Connected, run Run, pin PIN, watch func(Event)) (Result, error) {
	if err := d.may(ctx, actor, UnassignCard, aboutCard(c)); err != nil {
		return Result{}, err
	}
	if err := d.unassignable(ctx, c); err != nil {
		return Result{}, err
	}
	switch {
	case run.Plan.Event != CardUnassigned:
		return Result{}, &Error{Op: "unassign card", Kind: BadInput, Err: errors.New("the plan is for something else")}
	case len(run.Plan.Obstacles) > 0:
		return Result{}, &Error{Op: "unassign card", Kind: CannotPlan}
	}
	if now, err := d.recorded(ctx, run.Plan.Card.ID); err != nil || now.Version != c.Record.Version {
		return Result{}, errors.Join(err, &Error{Op: "unassign card", Kind: PlanOutdated})
	}
	card, err := c.unlock(ctx, run.Plan, pin)
	if err != nil {
		return Result{}, err
	}
	r := d.runner(run, card, pin, watch)
	defer r.lock()
	if err := r.asPlanned(ctx); err != nil {
		return Result{}, err
	}
	if err := r.open(ctx); err != nil {
		return Result{}, err
	}
	d.Log.Info("run begun", "run", run.ID, "card", run.Plan.Card.ID, "steps", len(run.Plan.Steps))
	return r.carry(ctx)
}

// planUnassign plans it. It is pure. The order is that of an update: the card is
// proven, then things are removed, and at last the record is written.
func planUnassign(record Record, contents Contents, policies []Policy) Plan {
	p := &planner{in: Planning{Record: record, Contents: contents}, plan: Plan{
		Format: PlanFormat, Event: CardUnassigned, Card: contents.Identity, User: record.User, From: record.State, Policy: record.Policy, Under: record.Under,
	}}
	if len(policies) > 0 {
		p.in.Policy = policies[0]
	}
	if len(policies) > 1 {
		p.in.Before = &policies[1]
	}
	p.plan.Told = p.in.Policy.tells([]NoticeEvent{NoticeUnassigned})
	p.checkCard()
	p.proveCard()
	for _, m := range slices.Concat(record.Managed, record.Former) {
		p.discard(m, templateOf(policies, m.Template).KeepUnassigned)
	}
	for _, f := range FindThirdParty(record, contents) {
		p.plan.Stays = append(p.plan.Stays, Stay{f.Place, f.title(), GroupThirdParty})
	}
	if record.Access {
		p.plan.Access = AccessRemove
	}
	return p.assemble()
}

func (f ThirdParty) title() string {
	if f.Unreadable != "" {
		return f.Unreadable
	}
	return f.Certificate.Subject
}

// checkCard finds what of the card forbids to write to it.
func (p *planner) checkCard() {
	c := p.in.Contents
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

// discard plans what becomes of one of ours. What stays on the card is its own,
// and not the user's: it is not revoked, but their entry shows it no more. Where
// something else lies by now, that is somebody's, and is left alone.
func (p *planner) discard(m Managed, keep bool) {
	it, _ := p.in.Contents.At(m.Place)
	o := outgoing(m, it.Certificate, m.Template, p.in.Before, p.in.Policy)
	o.Revoke, o.GraceDays, o.Reason = !m.Common && !keep, 0, CessationOfOperation
	p.plan.Outgoing = append(p.plan.Outgoing, o)
	if keep && m.lies(it) {
		p.plan.Stays = append(p.plan.Stays, Stay{m.Place, m.Template, groupOf(m)})
		return
	}
	if it.Certificate == nil || Fingerprint(it.Certificate) != m.Fingerprint {
		return
	}
	deletes := p.in.Contents.Abilities.DeleteKeys && (it.Key == nil || it.Key.Unreadable == "")
	p.expect(m.Place)
	add(&p.removals, Step{Verb: RemoveCertificate, Place: m.Place, Template: m.Template})
	if deletes {
		add(&p.removals, Step{Verb: RemoveKey, Place: m.Place, Template: m.Template, Public: publicOf(it.Key)})
	}
	p.lose(Loss{Place: m.Place, Title: m.Template, Why: LostUnassigned, KeyToo: deletes, History: p.opensMail(m, it.Certificate)})
}

// LostUnassigned is why something goes away from a card that is taken from its
// user.
const LostUnassigned LossWhy = "unassigned"

// unassigned is the record after a run that emptied the card: that of nobody,
// with what was kept.
func (r Run) unassigned(before Record) Record {
	return before.nobodys(func(m Managed) bool {
		return slices.ContainsFunc(r.Plan.Stays, func(s Stay) bool { return s.Place == m.Place && s.Group != GroupThirdParty })
	})
}

// deed is what carrying a plan out is called in the audit.
func (p Plan) deed() Privilege {
	if p.Event == "" {
		return UpdateCard
	}
	return p.Event.privilege()
}

// reason is why an outgoing certificate is revoked.
func (o Outgoing) reason() RevokeReason {
	if o.Reason == "" {
		return Superseded
	}
	return o.Reason
}
