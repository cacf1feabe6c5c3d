package engine

import (
	"context"
	"fmt"
)

// open writes the run to the journal. From then on nobody changes the card's state
// but by ending the run.
func (r *runner) open(ctx context.Context) (err error) {
	if r.run.Fence, err = r.desk.Journal.Begin(ctx, r.run, r.desk.lease(r.run.Actor, 0)); err != nil {
		return err
	}
	return r.sameState(ctx)
}

// sameState closes a run of which nothing was begun when the card's state has
// changed between the plan and the journal: somebody has reported the card lost
// while a person read the plan.
func (r *runner) sameState(ctx context.Context) error {
	if len(r.run.Notes) > 0 {
		return nil
	}
	record, _, err := r.desk.Ledger.Card(ctx, r.run.Plan.Card.ID)
	if err != nil {
		return r.stop(ctx, err)
	}
	if is, was := record.State, r.run.from(); is != was {
		return r.stop(ctx, &Error{Op: "begin run", Kind: PlanOutdated, Subject: string(is), Err: fmt.Errorf("the card was %s when the plan was made, and is %s", was.name(), is.name())})
	}
	return nil
}
