package engine

import (
	"context"
	"time"
)

// Tasks keeps what is left for agents. A card has one task at most that is not
// completed.
type Tasks interface {
	// Task returns a task; ok is false when there is none.
	Task(ctx context.Context, id TaskID) (t Task, ok bool, err error)
	// OpenTask returns the task of a card that is not completed.
	OpenTask(ctx context.Context, card CardID) (t Task, ok bool, err error)
	// AllTasks returns every task: those that are not completed as they were left, then
	// the completed, the latest first and so many at most.
	AllTasks(ctx context.Context, completed int) ([]Task, error)
	// ChangeTask writes a task that is new (its Version is 0) or whose Version is the
	// stored one, with all that goes with it, and returns it with its new Version. One
	// that has become no task any more goes. Kind TaskGone when somebody was faster,
	// TaskThere when the card has another task.
	ChangeTask(ctx context.Context, c TaskChange) (Task, error)
	// HoldTask keeps a running task with whoever took it as this version until the time
	// given. Kind TaskGone when it is that no more.
	HoldTask(ctx context.Context, id TaskID, version int64, until time.Time) error
}

// TaskChange is a task as it is to be, and what goes with that, in one transaction.
type TaskChange struct {
	Task    Task
	Audit   *AuditRow
	Letters []Letter
}
