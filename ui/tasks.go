package ui

import (
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"cardkiosk/engine"
	"cardkiosk/ui/widget"
)

// taskList lists what is left for agents, with what is known of the one in focus,
// and lets one be offered again or removed. It looks again by itself: agents are at
// work elsewhere.
type taskList struct {
	scene
	keys    keymap
	needs   taskNeeds
	list    widget.List
	tasks   []engine.Task
	loaded  bool
	busy    bool
	trouble error
}

// taskNeeds is what the list is given.
type taskNeeds struct {
	load   func() ([]engine.Task, error)
	retry  func(engine.TaskID) error
	remove func(engine.TaskID) error
	after  func(time.Duration) <-chan time.Time // nil: it is looked at again when somebody asks
}

// tasksEvery is how often the list looks again.
const tasksEvery = 5 * time.Second

type (
	// tasksWanted asks for the list.
	tasksWanted struct{}
	// removeTask asks the app to ask before a task is removed.
	removeTask struct{ id engine.TaskID }
	// removeConfirmed is the answer to that.
	removeConfirmed struct{ id engine.TaskID }

	tasksLoaded struct {
		tasks []engine.Task
		err   error
	}
	tasksDue    struct{}
	taskChanged struct {
		said string
		err  error
	}
)

func newTaskList(s scene, k keymap, n taskNeeds) *taskList {
	return &taskList{scene: s, keys: k, needs: n}
}

func (l *taskList) Init() tea.Cmd { return tea.Batch(l.load(), l.later()) }

func (l *taskList) load() tea.Cmd {
	load := l.needs.load
	return func() tea.Msg {
		tasks, err := load()
		return tasksLoaded{tasks, err}
	}
}

func (l *taskList) later() tea.Cmd {
	if l.needs.after == nil {
		return nil
	}
	ctx, after := l.ctx, l.needs.after(tasksEvery)
	return func() tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case <-after:
			return tasksDue{}
		}
	}
}

// stays implements staying.
func (l *taskList) stays() bool { return l.busy }

func (l *taskList) Keys() []key.Binding {
	keys := []key.Binding{l.keys.choose}
	if t, ok := l.focused(); ok {
		if t.State == engine.TaskError || t.State == engine.TaskIdle {
			keys = append(keys, bind("r", l.text.Tasks.Retry, "r"))
		}
		keys = append(keys, bind("d", l.text.Tasks.Remove, "d", "delete"))
	}
	return append(keys, l.keys.renew, l.keys.back, l.keys.help, l.keys.quit)
}

func (l *taskList) focused() (engine.Task, bool) {
	if l.list.Cursor >= len(l.tasks) {
		return engine.Task{}, false
	}
	return l.tasks[l.list.Cursor].Standing(l.now()), true
}

func (l *taskList) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tasksLoaded:
		l.show(msg)
	case tasksDue:
		return l.Init()
	case removeConfirmed:
		return l.remove(msg.id)
	case taskChanged:
		l.busy = false
		said := msg.said
		if msg.err != nil {
			said = l.text.TitleOf(msg.err)
		}
		return tea.Batch(l.say(said), l.load())
	case tea.KeyPressMsg:
		return l.press(msg)
	}
	return nil
}

// show keeps the cursor on its task, wherever that stands now.
func (l *taskList) show(msg tasksLoaded) {
	l.loaded, l.trouble = true, msg.err
	if msg.err != nil {
		return
	}
	was, _ := l.focused()
	l.tasks = msg.tasks
	l.list.Set(len(l.tasks))
	for i, t := range l.tasks {
		if t.ID == was.ID {
			l.list.Cursor = i
		}
	}
}

func (l *taskList) press(msg tea.KeyPressMsg) tea.Cmd {
	if moves(&l.list, msg, 8) || l.busy {
		return nil
	}
	t, some := l.focused()
	switch {
	case key.Matches(msg, l.keys.renew):
		return l.load()
	case !some:
	case msg.String() == "r":
		return l.retry(t)
	case msg.String() == "d" || msg.String() == "delete":
		if t.State == engine.TaskRunning && !t.Late(l.now()) {
			return l.say(l.text.Tasks.Running)
		}
		return l.answer(removeTask{t.ID})
	}
	return nil
}

func (l *taskList) retry(t engine.Task) tea.Cmd {
	l.busy = true
	retry, said := l.needs.retry, l.text.Tasks.Retried
	return func() tea.Msg { return taskChanged{said, retry(t.ID)} }
}

func (l *taskList) remove(id engine.TaskID) tea.Cmd {
	l.busy = true
	remove, said := l.needs.remove, l.text.Tasks.Removed
	return func() tea.Msg { return taskChanged{said, remove(id)} }
}

func (l *taskList) View(w, h int) string {
	lines := []string{" " + l.look.title.Render(l.text.Tasks.Title), ""}
	switch {
	case l.trouble != nil:
		return strings.Join(append(lines, l.look.trouble(l.text, l.trouble, w)), "\n")
	case !l.loaded:
		return strings.Join(append(lines, "   "+l.text.Frame.Working), "\n")
	case len(l.tasks) == 0:
		return strings.Join(append(lines, "   "+l.text.Tasks.None), "\n")
	}
	about := l.about(w)
	rows := l.list.View(max(h-len(lines)-len(about)-1, 3), func(i int, focused bool) string {
		return l.row(l.tasks[i], w-4, focused)
	})
	lines = append(lines, widget.Lines(rows, max(h-len(lines)-len(about)-1, 3))...)
	return strings.Join(append(append(lines, ""), about...), "\n")
}

// row draws one task: how it stands, whose card, and what is to be done.
func (l *taskList) row(t engine.Task, w int, focused bool) string {
	g := l.look.glyph
	state := l.state(t)
	if focused {
		state = ansi.Strip(state) // the row is reversed as a whole
	}
	const states, serial, what = 13, 10, 21
	name := max(w-states-serial-what-3, 8)
	line := widget.Fit(state, states, g.more) + " " + widget.Fit(t.User.Name, name, g.more) + " " +
		widget.Fit(l.text.Serial(t.Card), serial, g.more) + " " + widget.Fit(l.text.Tasks.Kinds[t.Kind], what, g.more)
	return l.look.row(line, focused)
}

// state puts a glyph before how a task stands.
func (l *taskList) state(t engine.Task) string {
	return l.look.task(t, l.text.TaskState(t, l.now()), l.now())
}

func (l look) task(t engine.Task, words string, now time.Time) string {
	switch t = t.Standing(now); {
	case t.State == engine.TaskError:
		return l.bad.Render(l.glyph.bad + " " + words)
	case t.Late(now):
		return l.warn.Render(l.glyph.soon + " " + words)
	case t.State == engine.TaskEnded:
		return l.good.Render(l.glyph.good + " " + words)
	case t.State == engine.TaskRunning:
		return l.accent.Render(l.glyph.wait + " " + words)
	}
	return l.glyph.between + " " + words
}

// about says all that is known of the task in focus.
func (l *taskList) about(w int) []string {
	t, ok := l.focused()
	if !ok {
		return nil
	}
	var lines []string
	for _, said := range l.text.TaskLines(t, l.now()) {
		lines = append(lines, hang("   ", said, w)...)
	}
	return lines
}

// buildTasks makes the list.
func (a *App) buildTasks(s scene) screen {
	desk, actor := a.needs.Desk, a.needs.Actor
	return newTaskList(s, a.keys, taskNeeds{
		load: func() ([]engine.Task, error) { return desk.TaskList(s.ctx, actor) },
		retry: func(id engine.TaskID) error {
			_, err := desk.RetryTask(s.ctx, actor, id)
			return err
		},
		remove: func(id engine.TaskID) error { return desk.RemoveTask(s.ctx, actor, id) },
		after:  a.needs.After,
	})
}

// task says on the profile what was left for an agent.
func (p *profile) task(t engine.Task, w int) []string {
	var lines []string
	for _, l := range widget.Wrap(p.text.TaskTitle(t, p.now()), w-4) {
		lines = append(lines, " "+p.look.task(t, l, p.now()))
	}
	for _, said := range p.text.TaskLines(t, p.now()) {
		lines = append(lines, hang("   ", said, w)...)
	}
	return append(lines, "")
}
