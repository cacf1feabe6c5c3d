package engine

import (
	"context"
	"errors"
	"slices"
	"time"
)

// mostEnded is how many completed tasks are listed.
const mostEnded = 200

// TaskList lists the tasks for agents as they stand now: those that are not completed,
// the oldest first, then the completed, the latest first. Roles that are local to
// policies see those of their policies only.
func (d *Desk) TaskList(ctx context.Context, actor Actor) ([]Task, error) {
	if err := d.may(ctx, actor, SeeTasks, matter{}); err != nil {
		return nil, err
	}
	all, err := d.Tasks.AllTasks(ctx, mostEnded)
	if err != nil {
		return nil, err
	}
	only, now := d.localTo(ctx, actor, SeeTasks), d.Now()
	seen := []Task{}
	for _, t := range all {
		if only == nil || slices.Contains(only, t.Policy) {
			seen = append(seen, t.Standing(now))
		}
	}
	d.witness(ctx, AuditRow{Actor: actor, Act: string(SeeTasks)}, nil)
	return seen, nil
}

// RetryTask offers a task again that is in error, or that is not offered yet.
func (d *Desk) RetryTask(ctx context.Context, actor Actor, id TaskID) (Task, error) {
	t, err := d.taskFor(ctx, actor, id, RetryTask)
	if err == nil {
		t.Trouble, t.Words, t.NotBefore, t.Until = 0, "", time.Time{}, time.Time{}
		t, err = d.changeTask(ctx, actor, t, TaskRetried, string(RetryTask))
	}
	if err != nil {
		d.witness(ctx, AuditRow{Actor: actor, Act: string(RetryTask), Card: t.Card.ID, User: t.User.ID}, err)
	}
	return t, err
}

// RemoveTask removes a task. One that an agent is at only when it is late.
func (d *Desk) RemoveTask(ctx context.Context, actor Actor, id TaskID) error {
	t, err := d.taskFor(ctx, actor, id, RemoveTask)
	if err == nil {
		event := TaskRemoved
		if t.Late(d.Now()) {
			event = TaskGivenUp
		}
		_, err = d.changeTask(ctx, actor, t, event, string(RemoveTask))
	}
	if err != nil {
		d.witness(ctx, AuditRow{Actor: actor, Act: string(RemoveTask), Card: t.Card.ID, User: t.User.ID}, err)
	}
	return err
}

// taskFor reads a task for somebody who is to change it.
func (d *Desk) taskFor(ctx context.Context, actor Actor, id TaskID, p Privilege) (Task, error) {
	t, ok, err := d.Tasks.Task(ctx, id)
	if err != nil {
		return Task{}, err
	}
	if err := d.may(ctx, actor, p, t.about()); err != nil {
		return Task{}, err
	}
	if !ok {
		return Task{}, &Error{Op: string(p), Kind: BadInput, Subject: Clean(string(id)), Err: errors.New("there is no such task")}
	}
	return t.Standing(d.Now()), nil
}

// taskOf is the task of a card that is not completed; nil when it has none.
func (d *Desk) taskOf(ctx context.Context, card CardID) (*Task, error) {
	if d.Tasks == nil {
		return nil, nil
	}
	t, open, err := d.Tasks.OpenTask(ctx, card)
	if err != nil || !open {
		return nil, err
	}
	t = t.Standing(d.Now())
	return &t, nil
}
