package words

import (
	"fmt"
	"time"

	"cardkiosk/engine"
)

// TaskWords are the words of tasks for agents.
type TaskWords struct {
	Kinds   map[engine.TaskKind]string
	States  map[engine.TaskState]string
	Results map[engine.TaskResult]string
	Late    string
	Waits   string // of one that is not offered yet

	// What the profile and the list say of one.
	Open     string // kind, state
	LeftBy   string // name, station, date and time
	ByItself string // date and time
	Comment  string // text
	ForPlace string // station
	ForOwn   string // logon name
	At       string // station, date and time
	Silent   string // station
	Offered  string // date and time
	Tries    Plural
	InError  string // what happened

	// The page on which a task is left.
	LeaveUpdate, LeaveCancel string // serial, name
	LeaveHint                string
	AskComment, AskStation   string
	Leave, Back, Left        string
	WantsStation             string

	// The list.
	Title, None, AskRemove, RemoveHint, Removed, Retried string
	Retry, Remove                                        string // keys
	Running                                              string // why one cannot be removed

	// The agent.
	Wait, WaitHint, Looking string
	Greet                   string // name
	What                    map[engine.TaskKind]string
	Will, NeedsPIN          string
	Begin, NotNow           string
	GivenBack               string // date and time
	Nothing                 string // name
	Pulled, Over            string
	AgentAt                 string // station

	// Plain lines.
	AskBegin, AskWhich, AskWhat, AskLeave string
	ListKey                               string
}

// TaskState says how a task stands.
func (t *Text) TaskState(task engine.Task, now time.Time) string {
	switch task = task.Standing(now); {
	case task.Late(now):
		return t.Tasks.Late
	case task.State == engine.TaskIdle && now.Before(task.NotBefore):
		return t.Tasks.Waits
	}
	return t.Tasks.States[task.State]
}

// TaskTitle says what a task asks for, and how it stands.
func (t *Text) TaskTitle(task engine.Task, now time.Time) string {
	return fmt.Sprintf(t.Tasks.Open, t.Tasks.Kinds[task.Kind], t.TaskState(task, now))
}

// LeftBy says who left a task, where and when.
func (t *Text) LeftBy(task engine.Task) string {
	if task.Kind == engine.TaskContinue {
		return fmt.Sprintf(t.Tasks.ByItself, t.When(task.Created))
	}
	return fmt.Sprintf(t.Tasks.LeftBy, engine.Clean(task.LeftBy.Who), engine.Clean(task.LeftBy.Station), t.When(task.Created))
}

// TaskLines say all that is known of a task.
func (t *Text) TaskLines(task engine.Task, now time.Time) []string {
	task = task.Standing(now)
	lines := []string{t.LeftBy(task)}
	add := func(is bool, format string, args ...any) {
		if is {
			lines = append(lines, fmt.Sprintf(format, args...))
		}
	}
	w := t.Tasks
	add(task.Comment != "", w.Comment, task.Comment)
	add(task.Station != "", w.ForPlace, task.Station)
	add(task.Bound, w.ForOwn, task.User.Logon)
	add(task.State == engine.TaskRunning, w.At, task.At, t.When(task.Since))
	add(task.Silent(), w.Silent, task.At)
	add(task.State == engine.TaskIdle && now.Before(task.NotBefore), w.Offered, t.When(task.NotBefore))
	if err := task.Failure(); err != nil {
		add(true, w.InError, t.TitleOf(err))
	}
	add(task.State == engine.TaskEnded, "%s", w.Results[task.Result])
	if task.Tries > 1 {
		lines = append(lines, w.Tries.Of(task.Tries))
	}
	return lines
}
