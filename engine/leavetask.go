package engine

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"
)

// TaskWish is a task as somebody leaves it.
type TaskWish struct {
	Kind    TaskKind // TaskUpdate or TaskCancel
	Comment string   // what the holder reads
	Station string   // the workstation that is to do it, where the policy binds tasks to one
}

// mostComment bounds what is written beside a task, in characters.
const mostComment = 200

// LeaveTask leaves an update, or the cancelling of one, to the agent at the
// workstation where the card will be. Whoever leaves it must be allowed to do it
// themselves, and the card must be as for that.
func (d *Desk) LeaveTask(ctx context.Context, actor Actor, card CardID, w TaskWish) (Task, error) {
	t, err := d.leaveTask(ctx, actor, card, w)
	if err != nil {
		d.witness(ctx, AuditRow{Actor: actor, Act: string(AssignTask), Card: card, User: t.User.ID}, err)
	}
	return t, err
}

func (d *Desk) leaveTask(ctx context.Context, actor Actor, card CardID, w TaskWish) (Task, error) {
	record, err := d.recorded(ctx, card)
	if err != nil {
		return Task{}, err
	}
	for _, p := range []Privilege{AssignTask, w.Kind.deed()} {
		if err := d.may(ctx, actor, p, aboutRecord(record)); err != nil {
			return Task{}, err
		}
	}
	t := Task{
		Kind: w.Kind, Card: record.Card, User: record.User, Policy: record.Policy, LeftBy: actor, Created: d.Now(),
		Comment: Clean(w.Comment), Station: Clean(w.Station),
	}
	if err := d.canBeLeft(ctx, record, &t); err != nil {
		return t, err
	}
	if t.ID, err = d.newTaskID(); err != nil {
		return t, err
	}
	return d.putInPlace(ctx, actor, t)
}

// putInPlace leaves a task, in the place of one that the agent had made by itself and
// that nobody is at.
func (d *Desk) putInPlace(ctx context.Context, actor Actor, t Task) (Task, error) {
	was, open, err := d.Tasks.OpenTask(ctx, t.Card.ID)
	if err != nil {
		return t, err
	}
	if now := was.Standing(d.Now()); open && now.Kind == TaskContinue && now.State == TaskIdle {
		if _, err := d.changeTask(ctx, actor, now, TaskRemoved, string(RemoveTask)); err != nil {
			return t, err
		}
	}
	return d.changeTask(ctx, actor, t, TaskLeft, string(AssignTask))
}

// canBeLeft looks whether the card is as the deed wants it, and binds the task as its
// user's policy says.
func (d *Desk) canBeLeft(ctx context.Context, record Record, t *Task) error {
	open, unfinished, err := d.openRun(ctx, record.Card.ID)
	if err != nil {
		return err
	}
	policy, err := d.policyOf(ctx, aboutRecord(record))
	if err != nil {
		return err
	}
	t.Policy, t.Bound = policy.Name, policy.Tasks.User
	switch {
	case len([]rune(t.Comment)) > mostComment:
		return badTask("comment", fmt.Errorf("the comment is longer than %d characters", mostComment))
	case policy.Tasks.Station && t.Station == "":
		return badTask("workstation", fmt.Errorf("policy %q wants a workstation to be named: bind_station", policy.Name))
	case !policy.Tasks.Station && t.Station != "":
		return badTask("workstation", fmt.Errorf("policy %q does not bind tasks to workstations: bind_station", policy.Name))
	}
	return d.fits(ctx, record, t.Kind, open, unfinished)
}

func badTask(what string, err error) error {
	return &Error{Op: string(AssignTask), Kind: BadInput, Subject: what, Err: err}
}

// fits checks the card's state as the deed would.
func (d *Desk) fits(ctx context.Context, record Record, k TaskKind, open Run, unfinished bool) error {
	wrong := func(why string) error {
		return &Error{Op: string(AssignTask), Kind: WrongState, Subject: record.User.Name, Err: errors.New(why)}
	}
	switch k {
	case TaskUpdate:
		waits := unfinished && open.rests()
		switch {
		case unfinished && open.Plan.Event != "":
			return wrong("the card is being emptied")
		case waits:
			return wrong("an update of the card waits for a CA: it can be cancelled, and an approved one is written by itself")
		case unfinished:
			return nil // it is gone on with
		case record.State != StateAssigned && record.State != StateIssued:
			return wrong("a card that is " + record.State.name() + " cannot be updated")
		}
		return d.stillActive(ctx, record)
	case TaskCancel:
		if !unfinished || !open.rested() || open.recorded() || !open.cancellable() {
			return wrong("no update of this card waits for a CA, or it has gone too far")
		}
		return d.mayCancel(ctx, Actor{Mode: Agent}, open)
	case TaskContinue:
	}
	return badTask(string(k), errors.New("only an update, or cancelling one, can be left to an agent"))
}

// stillActive asks whether the card's user may have certificates.
func (d *Desk) stillActive(ctx context.Context, record Record) error {
	user, err := d.user(ctx, record.User.ID)
	if err == nil && user.Disabled {
		err = &Error{Op: string(AssignTask), Kind: WrongState, Subject: Clean(user.Name), Err: errors.New("the account is disabled")}
	}
	return err
}

func (d *Desk) newTaskID() (TaskID, error) {
	id := make([]byte, 16)
	if _, err := io.ReadFull(d.Random, id); err != nil {
		return "", fmt.Errorf("draw task id: %w", err)
	}
	return TaskID(hex.EncodeToString(id)), nil
}

// changeTask brings an event about, with its row in the audit and what letters
// there are. act is what the audit calls it.
func (d *Desk) changeTask(ctx context.Context, actor Actor, t Task, e TaskEvent, act string, letters ...Letter) (Task, error) {
	now := d.Now()
	if err := t.become(e, now); err != nil {
		return t, err
	}
	row := t.audit(actor, act, now)
	if e == TaskFailed {
		row.Result = "failed"
	}
	return d.Tasks.ChangeTask(context.WithoutCancel(ctx), TaskChange{Task: t, Audit: &row, Letters: letters})
}

func (t Task) audit(actor Actor, act string, at time.Time) AuditRow {
	return AuditRow{
		At: at, Actor: actor, Act: act, Card: t.Card.ID, User: t.User.ID, Run: t.Run, Result: "done",
		Detail: Clean(fmt.Sprintf("task %s: %s, left by %s%s", t.ID, t.Kind, t.LeftBy.Who, t.said())),
	}
}

// said is what a task has to say of how it stands.
func (t Task) said() string {
	switch t.State {
	case TaskError:
		return "; " + t.Words
	case TaskEnded:
		return "; " + string(t.Result)
	case TaskIdle, TaskRunning:
	}
	return ""
}
