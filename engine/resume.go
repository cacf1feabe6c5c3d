package engine

import (
	"context"
	"errors"
)

// Resume finishes the journalled plan of a card whose update was interrupted,
// or goes on taking it back. It makes no new plan: it may only refuse.
func (d *Desk) Resume(ctx context.Context, actor Actor, c *Connected, pin PIN, watch func(Event)) (Result, error) {
	return d.again(ctx, actor, c, pin, watch, false)
}

// TakeBack undoes an interrupted update, as long as nothing was lost by it:
// keys it made are removed, certificates it was given are revoked.
func (d *Desk) TakeBack(ctx context.Context, actor Actor, c *Connected, pin PIN, watch func(Event)) (Result, error) {
	return d.again(ctx, actor, c, pin, watch, true)
}

func (d *Desk) again(ctx context.Context, actor Actor, c *Connected, pin PIN, watch func(Event), back bool) (Result, error) {
	row := AuditRow{Actor: actor, Act: string(ContinueUpdate), Card: c.Contents.Identity.ID, User: c.Record.User.ID}
	run, err := d.mayContinue(ctx, actor, c, back)
	if err != nil {
		d.witness(ctx, row, err)
		return Result{}, err
	}
	row.Run = run.ID
	result, err := d.resume(ctx, actor, c, run, pin, watch, back)
	if err != nil {
		d.Log.Error("run stopped again", "run", run.ID, "card", row.Card, "err", err)
		d.witness(ctx, row, err)
	}
	return result, err
}

// mayContinue re-checks what may have changed since the run was begun.
func (d *Desk) mayContinue(ctx context.Context, actor Actor, c *Connected, back bool) (Run, error) {
	if err := d.may(ctx, actor, ContinueUpdate, aboutCard(c)); err != nil {
		return Run{}, err
	}
	run, ok, err := d.openRun(ctx, c.Contents.Identity.ID)
	switch {
	case err != nil:
		return Run{}, err
	case !ok:
		return Run{}, &Error{Op: "continue update", Kind: WrongState, Err: errors.New("no update of this card was interrupted")}
	}
	if err := d.mayFinish(ctx, actor, c, run); err != nil {
		return Run{}, err
	}
	switch {
	case back && run.rested():
		return Run{}, &Error{Op: "take update back", Kind: WrongState, Run: run.ID, Effect: CanContinue, Err: errors.New("the update waits for a CA: it can be cancelled")}
	case back && run.Committed():
		return Run{}, &Error{Op: "take update back", Kind: WrongState, Run: run.ID, Effect: CanContinue, Err: errors.New("the update has gone too far")}
	case back || run.Committed() && !run.rests() || run.goesBack() || run.Plan.Event != "":
		return run, nil
	}
	user, err := d.user(ctx, run.Plan.User.ID)
	if err != nil {
		return Run{}, during(err, run.ID)
	}
	if user.Disabled || c.Record.User.ID != user.ID {
		return Run{}, &Error{
			Op: "continue update", Kind: WrongState, Subject: Clean(user.Name), Run: run.ID, Effect: CanContinue,
			Err: errors.New("the account is disabled, or the card is another's"),
		}
	}
	return run, nil
}

// mayFinish asks also for what the run does, where that is no update: a card that is
// being emptied is nothing for those who may only continue updates, such as its holder.
func (d *Desk) mayFinish(ctx context.Context, actor Actor, c *Connected, run Run) error {
	if run.Plan.Event == "" {
		return nil
	}
	return d.may(ctx, actor, run.Plan.deed(), aboutCard(c))
}

func (d *Desk) resume(ctx context.Context, actor Actor, c *Connected, run Run, pin PIN, watch func(Event), back bool) (Result, error) {
	card, err := c.unlock(ctx, run.Plan, pin)
	if err != nil {
		return Result{}, during(err, run.ID)
	}
	r := d.runner(run, card, pin, watch)
	r.again = true
	defer r.lock()
	if err := r.sameCard(ctx); err != nil {
		return Result{}, during(err, run.ID)
	}
	if r.run, err = d.Journal.Take(ctx, run.ID, d.lease(actor, 0)); err != nil {
		return Result{}, during(err, run.ID)
	}
	r.run.at = &actor
	if err := r.sameState(ctx); err != nil {
		return Result{}, err
	}
	if !back && !r.run.goesBack() {
		if err := r.asPlanned(ctx); err != nil {
			return Result{}, during(err, run.ID)
		}
		if err := r.proveAgain(ctx); err != nil {
			return Result{}, during(err, run.ID)
		}
	}
	d.Log.Info("run continued", "run", run.ID, "notes", len(r.run.Notes), "back", back)
	r.back = back
	return r.carry(ctx)
}
