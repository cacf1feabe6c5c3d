package engine

// TaskState is where a task is.
type TaskState string

// The states. One that runs too long is late: see Late.
const (
	TaskIdle    TaskState = "idle"
	TaskRunning TaskState = "running"
	TaskEnded   TaskState = "completed"
	TaskError   TaskState = "error"
)

// TaskEvent is what happens to a task.
type TaskEvent string

// The events.
const (
	TaskLeft     TaskEvent = "left"
	TaskTaken    TaskEvent = "taken"
	TaskHeld     TaskEvent = "held"   // its agent is still at it
	TaskLapsed   TaskEvent = "lapsed" // its agent has gone silent
	TaskFinished TaskEvent = "finished"
	TaskFailed   TaskEvent = "failed"
	TaskReturned TaskEvent = "returned" // the holder has said: not now
	TaskRetried  TaskEvent = "retried"
	TaskRemoved  TaskEvent = "removed"
	TaskGivenUp  TaskEvent = "given up" // removed although an agent is at it: only one that is late
)

// taskTransitions is the one table of what may become of a task. What it does not
// list is refused, and changes nothing. "" is no task: not yet, or no more.
var taskTransitions = map[TaskState]map[TaskEvent]TaskState{
	"":       {TaskLeft: TaskIdle},
	TaskIdle: {TaskTaken: TaskRunning, TaskRetried: TaskIdle, TaskRemoved: ""},
	TaskRunning: {
		TaskHeld: TaskRunning, TaskLapsed: TaskIdle, TaskReturned: TaskIdle,
		TaskFinished: TaskEnded, TaskFailed: TaskError, TaskGivenUp: "",
	},
	TaskError: {TaskRetried: TaskIdle, TaskRemoved: ""},
	TaskEnded: {TaskRemoved: ""},
}

func (s TaskState) name() string {
	if s == "" {
		return "gone"
	}
	return string(s)
}

// TaskStates and TaskEvents return all values, for tables that must not lack one.
func TaskStates() []TaskState {
	return []TaskState{"", TaskIdle, TaskRunning, TaskEnded, TaskError}
}

// TaskEvents is said at TaskStates.
func TaskEvents() []TaskEvent {
	return []TaskEvent{
		TaskLeft, TaskTaken, TaskHeld, TaskLapsed, TaskFinished, TaskFailed, TaskReturned, TaskRetried, TaskRemoved, TaskGivenUp,
	}
}
