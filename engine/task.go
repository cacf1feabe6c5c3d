package engine

import (
	"errors"
	"time"
)

// Task is an update, or the cancelling of one, that is left for an agent: the kiosk
// at a workstation where the card will be.
type Task struct {
	ID      TaskID
	Kind    TaskKind
	Card    Identity
	User    UserRef
	Policy  string // recorded with the card: as in a matter
	LeftBy  Actor  // Actor.User is kept too: the roles of whoever left it are asked again
	Comment string
	Created time.Time

	Station string // the workstation that is to do it; "" for any
	Bound   bool   // only an agent whose workstation is the user's own may

	State     TaskState
	At        string    // the station that does it, or did it last
	Since     time.Time // since when it is in its state
	Until     time.Time // the lease of who does it
	NotBefore time.Time // it is not offered before
	Tries     int       // how often it was taken

	Run     RunID
	Result  TaskResult // of a completed one
	Trouble Kind       // of one in error …
	Words   string     // … with what was said
	Version int64      // grows with each change; the store's
}

// TaskID names a task: 32 hex digits, drawn when it is left.
type TaskID string

// TaskKind is what a task asks for.
type TaskKind string

// The kinds. Nobody leaves TaskContinue: see Resumable.
const (
	TaskUpdate   TaskKind = "update"
	TaskCancel   TaskKind = "cancel update"
	TaskContinue TaskKind = "continue update" // write what a CA has approved
)

// TaskKinds returns all kinds, for tables that must not lack one.
func TaskKinds() []TaskKind { return []TaskKind{TaskUpdate, TaskCancel, TaskContinue} }

// deed is what whoever leaves a task must be allowed to do themselves.
func (k TaskKind) deed() Privilege {
	switch k {
	case TaskUpdate:
		return UpdateCard
	case TaskCancel:
		return CancelUpdate
	case TaskContinue:
		return ContinueUpdate
	}
	return ""
}

// lets reports whether a task asks for what a privilege allows. An update that was
// interrupted is gone on with, also where a CA has held it meanwhile.
func (k TaskKind) lets(p Privilege) bool {
	return p == ViewCard || p == k.deed() || k == TaskUpdate && p == ContinueUpdate
}

// TaskResult is what a completed task came to.
type TaskResult string

// The results.
const (
	TaskDone    TaskResult = "done"
	TaskPending TaskResult = "pending" // a CA holds the update
	TaskPartly  TaskResult = "partly"  // a CA has refused something
	TaskNothing TaskResult = "nothing" // there was nothing to do any more
)

// TaskResults returns all results.
func TaskResults() []TaskResult { return []TaskResult{TaskDone, TaskPending, TaskPartly, TaskNothing} }

const (
	// taskLease is how long an agent that has gone silent keeps its task. Nothing is
	// written under it: a run has a lease of its own.
	taskLease = time.Minute
	// taskLate is how long a task may run before it is late.
	taskLate = 10 * time.Minute
)

// Standing is the task as it stands at a moment: one whose agent has gone silent is
// idle again, whoever looks.
func (t Task) Standing(now time.Time) Task {
	if t.State == TaskRunning && !now.Before(t.Until) {
		_ = t.become(TaskLapsed, t.Until) // what runs may lapse
	}
	return t
}

// Late reports whether a task runs for so long that somebody should look.
func (t Task) Late(now time.Time) bool {
	t = t.Standing(now)
	return t.State == TaskRunning && now.Sub(t.Since) >= taskLate
}

// Silent reports whether the agent that did a task has gone silent. It was begun, so
// that the next agent finds an update to be continued, or not.
func (t Task) Silent() bool { return t.State == TaskIdle && !t.Until.IsZero() }

// Offered reports whether an agent may take the task now.
func (t Task) Offered(now time.Time) bool {
	t = t.Standing(now)
	return t.State == TaskIdle && !now.Before(t.NotBefore)
}

// become takes a task to the state it has after an event. Kind WrongState when the
// table has no such transition, and nothing is changed then.
func (t *Task) become(e TaskEvent, at time.Time) error {
	to, ok := taskTransitions[t.State][e]
	if !ok {
		return &Error{Op: "change task", Kind: WrongState, Subject: t.Card.Label(), Err: errors.New("a task that is " + t.State.name() + " cannot be " + string(e))}
	}
	if to != t.State {
		t.Since = at
	}
	t.State = to
	return nil
}
