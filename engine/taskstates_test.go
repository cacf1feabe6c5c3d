package engine

import "testing"

// lifeOfTasks is what may become of a task, row by row. "" is no task.
var lifeOfTasks = map[TaskState]map[TaskEvent]TaskState{
	"":          {"left": "idle"},
	"idle":      {"taken": "running", "retried": "idle", "removed": ""},
	"running":   {"held": "running", "lapsed": "idle", "returned": "idle", "finished": "completed", "failed": "error", "given up": ""},
	"error":     {"retried": "idle", "removed": ""},
	"completed": {"removed": ""},
}

// Every state with every event becomes what the table says, and is refused, with
// nothing changed, where it says nothing.
func TestTaskStates(t *testing.T) {
	combinations := 0
	for _, from := range TaskStates() {
		for _, e := range TaskEvents() {
			combinations++
			task := Task{ID: "t", State: from, Since: modelNow}
			before := task
			err := task.become(e, modelNow.Add(1))
			to, allowed := lifeOfTasks[from][e]
			switch {
			case allowed && (err != nil || task.State != to):
				t.Errorf("%q, %s: %q, %v; want %q", from, e, task.State, err, to)
			case allowed && task.Since.Equal(modelNow) != (from == to):
				t.Errorf("%q, %s: is so since %v", from, e, task.Since)
			case !allowed && (!Is(err, WrongState) || task != before):
				t.Errorf("%q, %s: %+v, %v; want it refused", from, e, task, err)
			}
		}
	}
	if combinations != 50 {
		t.Errorf("%d combinations", combinations)
	}
}
