package engine

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// TakeTask takes the task of a card that lies at an agent, and returns it with the
// actor by whom it is done: the card's holder. Of two agents one gets it. ok is
// false when there is nothing to do for the card now. agent is who StartAgent
// returned.
func (d *Desk) TakeTask(ctx context.Context, agent Actor, card CardID) (t Task, holder Actor, ok bool, err error) {
	if err := d.may(ctx, agent, RunAgent, matter{}); err != nil {
		return Task{}, Actor{}, false, err
	}
	t, ok, err = d.offered(ctx, agent, card)
	if err != nil || !ok {
		return Task{}, Actor{}, false, err
	}
	if err := d.mayTake(ctx, agent, t); err != nil {
		d.witness(ctx, t.audit(agent, takeTask, d.Now()), err)
		return Task{}, Actor{}, false, err
	}
	t.At, t.Until, t.NotBefore = agent.Station, d.Now().Add(taskLease), time.Time{}
	t.Tries++
	t, err = d.changeTask(ctx, agent, t, TaskTaken, takeTask)
	if Is(err, TaskGone) || Is(err, TaskThere) {
		return Task{}, Actor{}, false, nil // another agent has it, or it is gone
	}
	return t, t.holder(agent.Station), err == nil, err
}

// What the audit calls the deeds of agents.
const (
	takeTask   = "take task"
	returnTask = "return task"
	finishTask = "finish task"
	failTask   = "fail task"
	endTask    = "end task" // what is refused to whoever is not at it
)

// holder is the actor by whom a task is done at a station.
func (t Task) holder(station string) Actor {
	return Actor{Who: t.User.Logon, Station: station, Mode: Agent, User: t.User.ID, How: ByHolding, Task: t.ID}
}

// offered is the task that a card has now: one that was left, or, where the policy
// lets agents do that by themselves, to write what a CA has approved.
func (d *Desk) offered(ctx context.Context, agent Actor, card CardID) (Task, bool, error) {
	t, open, err := d.Tasks.OpenTask(ctx, card)
	switch {
	case err != nil:
		return Task{}, false, err
	case open:
		return t.Standing(d.Now()), t.Offered(d.Now()), nil
	}
	return d.resumable(ctx, agent, card)
}

// resumable makes the task to write what a CA has approved, where nobody had to
// leave one. Who wants their card updated by it still types its PIN.
func (d *Desk) resumable(ctx context.Context, agent Actor, card CardID) (Task, bool, error) {
	record, known, err := d.Ledger.Card(ctx, card)
	if err != nil || !known || record.State != StatePending {
		return Task{}, false, err
	}
	run, open, err := d.openRun(ctx, card)
	if err != nil || !open {
		return Task{}, false, err
	}
	pending, err := d.pendingOf(ctx, run)
	if err != nil || pending == nil || !pending.Ready() {
		return Task{}, false, err
	}
	policy, err := d.policyOf(ctx, aboutRecord(record))
	if err != nil || !policy.Tasks.Resume {
		return Task{}, false, err
	}
	t := Task{
		Kind: TaskContinue, Card: record.Card, User: record.User, Policy: policy.Name, Created: d.Now(),
		LeftBy: Actor{Who: noPerson().Who, Station: agent.Station, Mode: Agent}, Run: run.ID,
	}
	if t.ID, err = d.newTaskID(); err != nil {
		return Task{}, false, err
	}
	t, err = d.changeTask(ctx, agent, t, TaskLeft, string(AssignTask))
	if Is(err, TaskThere) {
		return Task{}, false, nil
	}
	return t, err == nil, err
}

// mayTake checks at whose workstation this is, and that whoever left the task may
// still do what it asks for.
func (d *Desk) mayTake(ctx context.Context, agent Actor, t Task) error {
	if denial := d.stillLeft(ctx, t); denial != nil {
		return &Error{Op: takeTask, Kind: Forbidden, Subject: t.LeftBy.Who, Err: denial}
	}
	why, is := d.mismatch(t, agent.Station)
	if why == "" {
		return nil
	}
	err := &Error{Op: takeTask, Kind: Forbidden, Subject: is, Err: &Denial{Privilege: t.Kind.deed(), Why: why}}
	if d.Agent.Mismatch != MismatchLog {
		return err
	}
	row := t.audit(agent, takeTask, d.Now())
	row.Detail += "; done all the same: " + err.Error()
	d.witness(ctx, row, nil)
	return nil
}

// mismatch says why a task is not for this station, and what it is for.
func (d *Desk) mismatch(t Task, station string) (why DenialWhy, is string) {
	switch {
	case t.Station != "" && !strings.EqualFold(t.Station, station):
		return OtherStation, t.Station
	case t.Bound && !strings.EqualFold(t.User.Logon, d.Agent.User):
		return OtherUsers, t.User.Logon
	}
	return "", ""
}

// HoldTask tells that the agent is still at the task. Kind TaskGone when it was
// removed, or is another's.
func (d *Desk) HoldTask(ctx context.Context, actor Actor, t Task) error {
	if err := d.isAt(ctx, actor, t); err != nil {
		return err
	}
	return d.Tasks.HoldTask(ctx, t.ID, t.Version, d.Now().Add(taskLease))
}

// ReturnTask gives back a task that its holder does not want now: it is offered again
// after a while.
func (d *Desk) ReturnTask(ctx context.Context, actor Actor, t Task) (Task, error) {
	if err := d.isAt(ctx, actor, t); err != nil {
		return t, err
	}
	t.NotBefore, t.Until = d.Now().Add(d.Agent.RetryAfter), time.Time{}
	return d.changeTask(ctx, actor, t, TaskReturned, returnTask)
}

// isAt makes sure that a task is done by whoever ends it. That it is still theirs
// the store makes sure of.
func (d *Desk) isAt(ctx context.Context, actor Actor, t Task) error {
	if actor.Mode == Agent && actor.Task == t.ID && actor.Station == t.At {
		return nil
	}
	err := &Error{Op: endTask, Kind: Forbidden, Subject: actor.Who, Err: fmt.Errorf("task %s is at %s", t.ID, t.At)}
	d.witness(ctx, t.audit(actor, endTask, d.Now()), err)
	return err
}
