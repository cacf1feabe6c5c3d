package ui

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/ui/widget"
)

// assign asks whether a card is to be the user's.
type assign struct {
	scene
	keys    keymap
	user    engine.User
	card    engine.Identity
	blank   bool
	assign  func() (engine.Record, error)
	buttons widget.Buttons
	busy    bool
	trouble error // why nobody can say what of it is the user's
}

// assigned is the answer: the card's record now, or what kept it from being
// assigned; and whether it was taken over with what is on it.
type assigned struct {
	record engine.Record
	err    error
	over   bool
}

// wentBack is the answer of a page whose "back" was chosen by a button.
type wentBack struct{}

func newAssign(s scene, k keymap, user engine.User, c *engine.Connected, do func() (engine.Record, error)) *assign {
	return &assign{
		scene: s, keys: k, user: user, card: c.Contents.Identity, blank: c.Contents.Blank(), assign: do,
		buttons: widget.Buttons{Labels: []string{s.text.Assign.Yes, s.text.Assign.No}},
	}
}

func (a *assign) Init() tea.Cmd { return nil }

// doubt says that nobody can tell what on the card is the user's: assigned now,
// it would be lost to them. The focus goes to the way back.
func (a *assign) doubt(why error) {
	if a.trouble = why; why != nil {
		a.buttons.Focus = 1
	}
}

// stays implements staying: what was asked for is being recorded.
func (a *assign) stays() bool { return a.busy }

func (a *assign) Keys() []key.Binding {
	return []key.Binding{a.keys.action, a.keys.forward, a.keys.back, a.keys.help, a.keys.quit}
}

func (a *assign) Update(msg tea.Msg) tea.Cmd {
	if done, ok := msg.(assigned); ok {
		a.busy = false
		return a.answer(done)
	}
	press, ok := msg.(tea.KeyPressMsg)
	if !ok || a.busy {
		return nil
	}
	switch press.String() {
	case "left", "shift+tab":
		a.buttons.Move(-1)
	case "right", "tab":
		a.buttons.Move(+1)
	case "enter":
		if a.buttons.Focus == 1 {
			return a.answer(wentBack{})
		}
		a.busy = true
		do := a.assign
		return func() tea.Msg {
			record, err := do()
			return assigned{record, err, false}
		}
	}
	return nil
}

func (a *assign) View(w, _ int) string {
	t := a.text.Assign
	what := t.NotBlank
	if a.blank {
		what = t.Blank
	}
	lines := []string{" " + a.look.title.Render(t.Title), ""}
	for _, p := range []string{fmt.Sprintf(t.Question, a.text.Serial(a.card), a.card.Model, a.user.Name), what, t.Nothing} {
		for _, l := range widget.Wrap(p, w-6) {
			lines = append(lines, "   "+l)
		}
		lines = append(lines, "")
	}
	if a.trouble != nil {
		lines = append(lines, a.look.trouble(a.text, a.trouble, w), "")
		lines = append(lines, append(hang("   ", t.Doubt, w), "")...)
	}
	return strings.Join(append(lines, "   "+a.buttons.View(3, a.look.button)), "\n")
}
