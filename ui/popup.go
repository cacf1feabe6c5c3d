package ui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/ui/widget"
)

// popup is a page over the page: help, a question, trouble. It ends with
// popupClosed.
type popup interface {
	screen
	deaf() bool // ignores keys until they have rested
}

type (
	popupClosed struct{}
	// quitConfirmed ends the program.
	quitConfirmed struct{}
)

// helpPage lists what the keys of the page below do.
type helpPage struct {
	scene
	below []key.Binding
	hint  string
}

func (*helpPage) deaf() bool    { return false }
func (*helpPage) Init() tea.Cmd { return nil }
func (h *helpPage) Keys() []key.Binding {
	return []key.Binding{bind("Esc", h.text.Keys.Close, "esc")}
}

func (h *helpPage) Update(msg tea.Msg) tea.Cmd {
	if _, ok := msg.(tea.KeyPressMsg); ok {
		return h.answer(popupClosed{})
	}
	return nil
}

func (h *helpPage) View(w, _ int) string {
	lines := []string{" " + h.look.title.Render(h.text.Frame.Help), ""}
	lines = append(lines, h.look.KeyLines(h.below, h.text.Keys.Control)...)
	lines = append(lines, "")
	for _, l := range widget.Wrap(h.hint, w-6) {
		lines = append(lines, "   "+l)
	}
	return strings.Join(lines, "\n")
}

// question asks yes or no; "no" has the focus.
type question struct {
	scene
	keys  keymap
	yes   tea.Msg // the answer
	asked widget.Question
}

func newQuestion(s scene, k keymap, title, hint string, yes tea.Msg) *question {
	return &question{scene: s, keys: k, yes: yes, asked: widget.NewQuestion(title, hint, s.text.Frame.Yes, s.text.Frame.No)}
}

func (*question) deaf() bool    { return true }
func (*question) Init() tea.Cmd { return nil }
func (q *question) Keys() []key.Binding {
	return []key.Binding{q.keys.action, q.keys.forward, q.keys.back}
}

func (q *question) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	switch answered, yes := q.asked.Press(press.String()); {
	case yes:
		return q.answer(q.yes)
	case answered:
		return q.answer(popupClosed{})
	}
	return nil
}

func (q *question) View(w, h int) string { return q.asked.View(q.look.Look, w, h, q.moreLines) }

// troublePage says calmly what went wrong: what happened, what it means for the
// card, what to do, and the run's id for whoever reads the log.
type troublePage struct {
	scene
	err error
}

func (*troublePage) deaf() bool    { return true }
func (*troublePage) Init() tea.Cmd { return nil }
func (t *troublePage) Keys() []key.Binding {
	return []key.Binding{bind("Enter", t.text.Keys.Close, "enter", "esc")}
}

func (t *troublePage) Update(msg tea.Msg) tea.Cmd {
	if press, ok := msg.(tea.KeyPressMsg); ok && (press.String() == "enter" || press.String() == "esc") {
		return t.answer(popupClosed{})
	}
	return nil
}

func (t *troublePage) View(w, _ int) string {
	n := widget.Notice{
		Title: t.text.TitleOf(t.err),
		Told:  []string{t.text.EffectOf(t.err), t.text.HintOf(t.err)},
		Close: t.text.Frame.Close,
	}
	if run := engine.RunOf(t.err); run != "" {
		n.Small = t.text.Frame.Run + " " + string(run)
	}
	return n.View(t.look.Look, w)
}
