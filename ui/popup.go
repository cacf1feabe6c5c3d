package ui

import (
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/ui/widget"
)

// quiet is how long the keys must rest before a pop-up takes one: what was
// typed for the page before must not answer a question nobody has read.
const quiet = 300 * time.Millisecond

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
	for _, b := range h.below {
		if !b.Enabled() {
			continue
		}
		all := b.Help().Key
		if also := alsoKeys(b); also != "" {
			all += "  (" + also + ")"
		}
		lines = append(lines, "   "+widget.Fit(all, 30, h.look.glyph.more)+" "+b.Help().Desc)
	}
	lines = append(lines, "")
	for _, l := range widget.Wrap(h.text.Frame.HelpHint, w-6) {
		lines = append(lines, "   "+l)
	}
	return strings.Join(lines, "\n")
}

// alsoKeys names the keys of a binding that the help line has no room for.
func alsoKeys(b key.Binding) string {
	var more []string
	for _, k := range b.Keys() {
		if strings.HasPrefix(k, "ctrl+") || strings.HasPrefix(k, "f") && len(k) == 2 && !strings.EqualFold(k, b.Help().Key) {
			more = append(more, k)
		}
	}
	return strings.Join(more, ", ")
}

// question asks yes or no; "no" has the focus.
type question struct {
	scene
	keys    keymap
	title   string
	hint    string
	yes     tea.Msg // the answer
	buttons widget.Buttons
}

func newQuestion(s scene, k keymap, title, hint string, yes tea.Msg) *question {
	return &question{
		scene: s, keys: k, title: title, hint: hint, yes: yes,
		buttons: widget.Buttons{Labels: []string{s.text.Frame.Yes, s.text.Frame.No}, Focus: 1},
	}
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
	switch press.String() {
	case "left", "right", "tab", "shift+tab":
		q.buttons.Move(+1)
	case "esc":
		return q.answer(popupClosed{})
	case "enter":
		if q.buttons.Focus == 0 {
			return q.answer(q.yes)
		}
		return q.answer(popupClosed{})
	}
	return nil
}

func (q *question) View(w, _ int) string {
	lines := []string{"", "   " + q.look.title.Render(q.title), ""}
	for _, l := range widget.Wrap(q.hint, w-6) {
		lines = append(lines, "   "+l)
	}
	return strings.Join(append(lines, "", "   "+q.buttons.View(3, q.look.button)), "\n")
}

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
	lines, mark := []string{""}, t.look.bad.Render(t.look.glyph.bad)
	for _, l := range widget.Wrap(t.text.TitleOf(t.err), w-8) { // a server's own words may be long
		lines, mark = append(lines, "   "+mark+" "+t.look.title.Render(l)), " "
	}
	lines = append(lines, "")
	for _, p := range []string{t.text.EffectOf(t.err), t.text.HintOf(t.err)} {
		for _, l := range widget.Wrap(p, w-8) {
			lines = append(lines, "     "+l)
		}
		lines = append(lines, "")
	}
	if run := engine.RunOf(t.err); run != "" {
		lines = append(lines, "     "+t.look.faint.Render(t.text.Frame.Run+" "+string(run)), "")
	}
	return strings.Join(append(lines, "     "+t.look.button(t.text.Frame.Close, true)), "\n")
}
