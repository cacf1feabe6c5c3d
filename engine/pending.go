package engine

import (
	"context"
	"time"
)

// Pending is what an update waits for whose requests a CA holds, or held.
type Pending struct {
	Run      RunID
	Since    time.Time
	By       Actor
	Requests []Request // in the order of the plan
	Works    bool      // whatever the card could do before it still can
	Cancel   bool      // the policy allows it to be cancelled
}

// Count counts the requests in a state.
func (p Pending) Count(state RequestState) int {
	n := 0
	for _, q := range p.Requests {
		if q.State == state {
			n++
		}
	}
	return n
}

// Ready reports whether there is something to be written: Continue is offered.
func (p Pending) Ready() bool { return p.Count(RequestApproved) > 0 }

// Ends reports whether nothing waits any more and nothing was approved: only
// cancelling, or another update, is left.
func (p Pending) Ends() bool { return p.Count(RequestPending)+p.Count(RequestApproved) == 0 }

// Rejected reports whether a CA has said no, and nothing waits any more.
func (p Pending) Rejected() bool {
	return p.Count(RequestPending) == 0 && p.Count(RequestRejected)+p.Count(RequestWithdrawn) > 0
}

// pendingOf is what the update of a card waits for; nil when it waits for nothing.
func (d *Desk) pendingOf(ctx context.Context, run Run) (*Pending, error) {
	if !run.rested() || run.recorded() || run.End != "" {
		return nil, nil
	}
	all, err := d.Requests.RequestsOf(ctx, run.Plan.Card.ID)
	if err != nil {
		return nil, err
	}
	p := &Pending{Run: run.ID, By: run.Actor, Works: run.worksMeanwhile()}
	for _, q := range all {
		if q.Run != run.ID {
			continue
		}
		p.Requests = append(p.Requests, q)
		if p.Since.IsZero() || q.Asked.Before(p.Since) {
			p.Since = q.Asked
		}
	}
	policy, err := d.planned(ctx, run)
	p.Cancel = policy.Cancel && run.cancellable()
	return p, err
}
