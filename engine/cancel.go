package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// CancelUpdate gives an update up that waits for a CA: its requests are withdrawn
// where the CA lets them be, and watched where it does not; the keys it made are
// removed, and the card is in the state before the update. What was granted and
// written stays. An update whose cancelling was cut off is cancelled to its end.
//
// The policy has to allow it, for a card's own holder twice.
func (d *Desk) CancelUpdate(ctx context.Context, actor Actor, c *Connected, pin PIN, watch func(Event)) (Result, error) {
	return d.cancelling(ctx, actor, c, pin, watch, CancelUpdate, d.mayCancel)
}

// EndRejected ends an update of which a CA has refused a certificate, once
// nothing of it waits any more, so that another can be made: what was approved is
// written; when nothing was, the card is as it was before.
func (d *Desk) EndRejected(ctx context.Context, actor Actor, c *Connected, pin PIN, watch func(Event)) (Result, error) {
	if err := d.may(ctx, actor, ContinueUpdate, aboutCard(c)); err != nil {
		return Result{}, err
	}
	requests, err := d.Requests.RequestsOf(ctx, c.Contents.Identity.ID)
	if err != nil {
		return Result{}, err
	}
	run, _, err := d.openRun(ctx, c.Contents.Identity.ID)
	if err != nil {
		return Result{}, err
	}
	approved := slices.ContainsFunc(requests, func(q Request) bool { return q.State == RequestApproved && !q.Watched })
	if approved || run.rested() && !run.cancellable() {
		return d.Resume(ctx, actor, c, pin, watch)
	}
	return d.cancelling(ctx, actor, c, pin, watch, ContinueUpdate, func(context.Context, Actor, Run) error {
		waits := slices.ContainsFunc(requests, func(q Request) bool { return q.State == RequestPending && !q.Watched })
		if waits || len(requests) == 0 {
			return &Error{Op: "end update", Kind: WrongState, Err: errors.New("a request of the update still waits: it can be cancelled")}
		}
		return nil
	})
}

func (d *Desk) cancelling(ctx context.Context, actor Actor, c *Connected, pin PIN, watch func(Event), p Privilege, allowed func(context.Context, Actor, Run) error) (Result, error) {
	row := AuditRow{Actor: actor, Act: string(p), Card: c.Contents.Identity.ID, User: c.Record.User.ID}
	run, err := d.waitingRun(ctx, actor, c, p)
	if row.Run = run.ID; err == nil && !run.goesBack() {
		err = allowed(ctx, actor, run)
	}
	if err != nil {
		d.witness(ctx, row, err)
		return Result{}, err
	}
	result, err := d.resume(ctx, actor, c, run, pin, watch, true)
	if err != nil {
		d.Log.Error("update was not cancelled to its end", "run", run.ID, "card", row.Card, "err", err)
		d.witness(ctx, row, err)
	}
	return result, err
}

// waitingRun is the run of a card that was put down to wait for a CA.
func (d *Desk) waitingRun(ctx context.Context, actor Actor, c *Connected, p Privilege) (Run, error) {
	if err := d.may(ctx, actor, p, aboutCard(c)); err != nil {
		return Run{}, err
	}
	run, ok, err := d.openRun(ctx, c.Contents.Identity.ID)
	switch {
	case err != nil:
	case !ok || !run.rested() || run.recorded():
		err = &Error{Op: string(p), Kind: WrongState, Err: errors.New("no update of this card waits for a CA")}
	case !run.cancellable():
		err = &Error{Op: string(p), Kind: WrongState, Run: run.ID, Effect: CanContinue, Err: errors.New("the update has gone too far: it can only be continued")}
	}
	return run, err
}

// mayCancel asks the policy, as it is now, under which the update was planned; of
// one that is gone, as it was.
func (d *Desk) mayCancel(ctx context.Context, actor Actor, run Run) error {
	policy, err := d.planned(ctx, run)
	if err != nil {
		return err
	}
	if !policy.Cancel || actor.Mode == SelfService && !policy.Users.CancelUpdate {
		return &Error{
			Op: string(CancelUpdate), Kind: Forbidden, Subject: actor.Who, Run: run.ID,
			Err: fmt.Errorf("policy %q does not allow it: cancel_update", policy.Name),
		}
	}
	return nil
}

func (d *Desk) planned(ctx context.Context, run Run) (Policy, error) {
	for _, p := range d.Policies {
		if p.Name == run.Plan.Policy {
			return p, nil
		}
	}
	text, ok, err := d.Texts.PolicyText(ctx, run.Plan.Under)
	if err != nil || !ok {
		return Policy{}, err
	}
	return ParsePolicy(text)
}

// finishTorn carries out the steps of templates whose old key has left its place
// already: their certificates are in the journal, and what was begun there cannot
// be taken back. Nothing else goes forward.
func (r *runner) finishTorn(ctx context.Context) error {
	r.tell(Event{Kind: EventSteps, Steps: r.run.Plan.Steps})
	r.tellSettled()
	if full, ok := r.run.rollingBack(); ok {
		if err := r.endPutBack(ctx, full); err != nil {
			return err
		}
	}
	if err := r.spareUntouched(ctx); err != nil {
		return err
	}
	for n := range r.run.Plan.Steps {
		if !r.run.torn(n) {
			continue
		}
		if err := r.begin(ctx, n); err != nil {
			return err
		}
		r.tell(Event{Kind: EventBegun, Step: n})
		kind, data, err := r.act(ctx, n)
		if err != nil {
			return err
		}
		note := Note{Step: n, Kind: kind, At: r.desk.Now(), Data: data}
		if err := r.note(ctx, []Note{note}, ""); err != nil {
			return err
		}
		r.settled(note)
	}
	return nil
}

// torn reports whether a step has to be carried out before the run can be
// cancelled: one of its template's moves or writes beyond Decided was begun, and
// its certificate is granted.
func (r Run) torn(step int) bool {
	s := r.Plan.Steps[step]
	if step < r.Plan.Decided || step > r.recordStep() || s.Template == "" || s.IfRefused || r.has(step, Done) || r.granted(s.Template) == nil {
		return false
	}
	switch s.Verb {
	case MoveKey, WriteCertificate, Check:
	case ProveCard, MakeKey, ImportKey, AskCA, AskApproval, SetPIN, SetPUK, BlockPUK, SetAdminKey, WriteCHUID, WriteCapabilities,
		WriteHistory, RemoveCertificate, RemoveKey, WriteRecord, GiveBack:
		return false
	}
	for i := r.Plan.Decided; i < r.recordStep(); i++ {
		if r.Plan.Steps[i].Template == s.Template && r.has(i, Begun) {
			return true
		}
	}
	return false
}

// recordCancelled writes what is left of a cancelled run, and ends it. One that was
// taken back before it was ever put down has changed nothing but the requests that
// are watched now.
func (r *runner) recordCancelled(ctx context.Context, n int) error {
	now := r.desk.Now()
	before, _, err := r.desk.Ledger.Card(context.WithoutCancel(ctx), r.run.Plan.Card.ID)
	if err != nil {
		return err
	}
	requests, err := r.requests(ctx, now)
	if err != nil {
		return err
	}
	r.ended = r.run.given(requests, now)
	after, letters := before, []Letter(nil)
	if r.run.rested() {
		if after, err = r.run.outcome(before, now, r.run.dropped()); err != nil {
			return err
		}
		letters = r.run.letters(r.run.cancelNotice(now, r.ended))
	}
	done := Note{Undo: true, Step: n, Kind: Done, At: now}
	o := Outcome{
		Record: after, Letters: letters, Requests: r.ended,
		Notes: []Note{done}, End: TakenBack, Audit: r.audit("cancelled"),
	}
	if r.run.changedCard() {
		o.Errands = r.run.errands(after, now)
	}
	r.tellRefused(&o, now)
	o.Audit.Act = string(CancelUpdate)
	lease := r.desk.lease(r.run.by(), r.run.Fence)
	if err := r.desk.Journal.Record(context.WithoutCancel(ctx), r.run.ID, lease, o); err != nil {
		return err
	}
	r.run.Notes = append(r.run.Notes, done)
	r.run.End = TakenBack
	r.settled(done)
	return nil
}

// dropped is what cancelling means for the card: a first update of which
// something was written leaves certificates that can be lost, and revoked.
func (r Run) dropped() CardEvent {
	if r.from() == StateAssigned && r.wroteAny() {
		return PartStays
	}
	return UpdateDropped
}

// given is what has become of the requests of a run that was cancelled.
func (r Run) given(requests []Request, now time.Time) []Request {
	watched := r.watched()
	for i, q := range requests {
		switch {
		case q.State == RequestIssued || q.State == RequestRejected || q.State == RequestWithdrawn:
			continue
		case watched[q.ID]:
			requests[i].Watched, requests[i].Next = true, now
			continue
		}
		requests[i].State, requests[i].Decided, requests[i].Next = RequestWithdrawn, now, time.Time{}
	}
	return requests
}

// unneeded withdraws what was approved and did not come about, when the run ends:
// another request was refused before its key was touched.
func unneeded(requests []Request, now time.Time) []Request {
	for i, q := range requests {
		if q.State == RequestApproved {
			requests[i].Watched, requests[i].Next = true, now
		}
	}
	return requests
}

// watched are the requests, by id, that a CA did not let be withdrawn.
func (r Run) watched() map[string]bool {
	watched := map[string]bool{}
	for i, s := range r.undoSteps() {
		if n, ok := r.find(Note{Undo: true, Step: i, Kind: Done}); ok && s.Verb == GiveBack && n.Data.Watch {
			watched[s.Request] = true
		}
	}
	return watched
}
