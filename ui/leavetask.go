package ui

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/ui/widget"
)

// leaveTask leaves an update, or cancelling one, to an agent: with a comment that the
// card's user reads, and, where the policy binds tasks, the workstation.
type leaveTask struct {
	scene
	keys    keymap
	title   string
	binds   bool // to a workstation
	fields  [2]textinput.Model
	at      int
	leave   func(comment, station string) error
	busy    bool
	trouble error
}

// taskLeft is the answer: it was left.
type taskLeft struct{ err error }

func newLeaveTask(s scene, k keymap, title string, binds bool, leave func(comment, station string) error) *leaveTask {
	l := &leaveTask{scene: s, keys: k, title: title, binds: binds, leave: leave}
	for i := range l.fields {
		l.fields[i] = widget.NewField("")
	}
	return l
}

func (l *leaveTask) Init() tea.Cmd { return l.fields[0].Focus() }

// stays implements staying.
func (l *leaveTask) stays() bool { return l.busy }

func (l *leaveTask) Keys() []key.Binding {
	keys := []key.Binding{l.keys.forward}
	if l.binds {
		keys = append(keys, l.keys.next)
	}
	return append(keys, l.keys.back, bind("F1", l.text.Keys.Help, "f1"))
}

func (l *leaveTask) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case taskLeft:
		l.busy, l.trouble = false, msg.err
		if msg.err == nil {
			return l.answer(msg)
		}
	case tea.KeyPressMsg:
		return l.press(msg)
	case tea.PasteMsg:
		return l.edit(msg)
	}
	return nil
}

func (l *leaveTask) press(msg tea.KeyPressMsg) tea.Cmd {
	switch msg.String() {
	case "tab", "shift+tab", "up", "down":
		if !l.binds {
			return nil
		}
		return l.move()
	case "enter":
		return l.enter()
	}
	return l.edit(msg)
}

func (l *leaveTask) move() tea.Cmd {
	l.fields[l.at].Blur()
	l.at = 1 - l.at
	return l.fields[l.at].Focus()
}

func (l *leaveTask) enter() tea.Cmd {
	comment, station := strings.TrimSpace(l.fields[0].Value()), strings.TrimSpace(l.fields[1].Value())
	switch {
	case l.busy:
		return nil
	case l.binds && station == "" && l.at == 0:
		return l.move()
	case l.binds && station == "":
		return l.say(l.text.Tasks.WantsStation)
	}
	l.busy, l.trouble = true, nil
	leave := l.leave
	return func() tea.Msg { return taskLeft{leave(comment, station)} }
}

func (l *leaveTask) edit(msg tea.Msg) tea.Cmd {
	if l.busy {
		return nil
	}
	var cmd tea.Cmd
	l.fields[l.at], cmd = l.fields[l.at].Update(msg)
	return cmd
}

func (l *leaveTask) View(w, _ int) string {
	t := l.text.Tasks
	lines := hang(" ", l.look.title.Render(l.title), w)
	lines = append(append(lines, ""), hang("   ", t.LeaveHint, w)...)
	lines = append(lines, "", l.field(0, t.AskComment, w))
	if l.binds {
		lines = append(lines, l.field(1, t.AskStation, w))
	}
	switch {
	case l.busy:
		lines = append(lines, "", "   "+l.text.Frame.Working)
	case l.trouble != nil:
		lines = append(lines, "", l.look.trouble(l.text, l.trouble, w))
	}
	return strings.Join(lines, "\n")
}

func (l *leaveTask) field(n int, label string, w int) string {
	lead := "     "
	if l.at == n {
		lead = "   " + l.look.glyph.point + " "
	}
	const names = 14
	l.fields[n].SetWidth(max(w-names-7, 1)) // what is longer is scrolled
	return lead + widget.Fit(label, names, l.look.glyph.more) + l.fields[n].View()
}

// buildLeave makes the page on which a task is left.
func (a *App) buildLeave(s scene) screen {
	desk, actor, d, t := a.needs.Desk, a.needs.Actor, &a.draft, a.needs.Text
	card, kind := d.Card, d.Action.TaskKind()
	title := t.Tasks.LeaveUpdate
	if kind == engine.TaskCancel {
		title = t.Tasks.LeaveCancel
	}
	return newLeaveTask(s, a.keys, fmt.Sprintf(title, t.SerialOf(card), d.User.Name), a.binds, func(comment, station string) error {
		_, err := desk.LeaveTask(s.ctx, actor, card, engine.TaskWish{Kind: kind, Comment: comment, Station: station})
		return err
	})
}
