package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// FinishTask reports what came of a task: its run has ended, or waits for a CA. A run
// that was taken back because a CA has refused it has failed.
func (d *Desk) FinishTask(ctx context.Context, actor Actor, t Task, r Result) (Task, error) {
	t.Run = r.Run
	switch {
	case r.End == "":
		t.Result = TaskPending
	case r.End == Partly:
		t.Result = TaskPartly
	case r.End == TakenBack && t.Kind != TaskCancel:
		return d.FailTask(ctx, actor, t, refusedBy(r))
	default:
		t.Result = TaskDone
	}
	return d.completed(ctx, actor, t, r.Notice)
}

// NothingToDo reports that the card is already as the task wants it.
func (d *Desk) NothingToDo(ctx context.Context, actor Actor, t Task) (Task, error) {
	t.Result = TaskNothing
	return d.completed(ctx, actor, t, Notice{User: t.User, Card: t.Card, Actor: actor})
}

func (d *Desk) completed(ctx context.Context, actor Actor, t Task, n Notice) (Task, error) {
	if err := d.isAt(ctx, actor, t); err != nil {
		return t, err
	}
	t.Until = time.Time{}
	return d.changeTask(ctx, actor, t, TaskFinished, finishTask, d.tellCompleted(ctx, t, n)...)
}

// tellCompleted are the letters to those whom the policy wants told that a task is
// completed. Of an update that a CA holds they are told otherwise, and of nothing
// there is nothing to tell.
func (d *Desk) tellCompleted(ctx context.Context, t Task, n Notice) []Letter {
	if t.Result == TaskPending || t.Result == TaskNothing {
		return nil
	}
	policy, err := d.policyOf(ctx, t.about())
	if err != nil {
		d.Log.Warn("nobody is told that a task is completed", "task", t.ID, "err", err)
		return nil
	}
	n.Event, n.Run, n.At, n.Cancels = TaskCompleted, t.Run, d.Now(), t.Kind == TaskCancel
	return lettersTo(policy.told(TaskCompleted), n, func(to string) string {
		sum := sha256.Sum256(fmt.Appendf(nil, "task %s %s %s", t.ID, TaskCompleted, to))
		return hex.EncodeToString(sum[:16])
	})
}

// refusedBy is the trouble of an update that a CA has refused.
func refusedBy(r Result) error {
	var words []string
	for _, no := range r.Refusals {
		words = append(words, no.Words)
	}
	return &Error{Op: "update card", Kind: CARefused, Subject: strings.Join(words, "; "), Run: r.Run}
}

// FailTask reports what kept a task from being done. It is in error until somebody
// retries or removes it.
func (d *Desk) FailTask(ctx context.Context, actor Actor, t Task, cause error) (Task, error) {
	if err := d.isAt(ctx, actor, t); err != nil {
		return t, err
	}
	if run := RunOf(cause); run != "" {
		t.Run = run
	}
	t.Trouble, t.Words, t.Until = KindOf(cause), "", time.Time{}
	var e *Error
	if errors.As(cause, &e) {
		t.Words = Clean(e.Subject)
	}
	return d.changeTask(ctx, actor, t, TaskFailed, failTask)
}

// Failure is the trouble that a task in error has, as a person is told of it.
func (t Task) Failure() error {
	if t.State != TaskError {
		return nil
	}
	return &Error{Op: string(t.Kind.deed()), Kind: t.Trouble, Subject: t.Words, Run: t.Run}
}
