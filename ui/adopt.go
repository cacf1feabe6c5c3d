package ui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/ui/widget"
)

// adopt offers to take over a card that is not empty, with what of it is the
// user's. Where nothing is, or nobody can say, it asks as assign does.
type adopt struct {
	scene
	keys    keymap
	can     adoptNeeds
	assign  *assign // what is asked else
	found   engine.Adoption
	loaded  bool
	trouble error
	buttons widget.Buttons
	pager   widget.Pager
	busy    bool
}

// adoptNeeds is what the page is given. Proposing asks CAs.
type adoptNeeds struct {
	propose func() (engine.Adoption, error)
	adopt   func(engine.Adoption) (engine.Record, error)
	assign  func() (engine.Record, error)
}

// proposed is what would be taken over.
type proposed struct {
	adoption engine.Adoption
	err      error
}

func newAdopt(s scene, k keymap, user engine.User, c *engine.Connected, can adoptNeeds) *adopt {
	t := s.text.Adopt
	return &adopt{
		scene: s, keys: k, can: can, assign: newAssign(s, k, user, c, can.assign),
		buttons: widget.Buttons{Labels: []string{t.Yes, t.AssignOnly, t.No}},
	}
}

func (a *adopt) Init() tea.Cmd {
	propose := a.can.propose
	return func() tea.Msg {
		adoption, err := propose()
		return proposed{adoption, err}
	}
}

// stays implements staying: what was asked for is being recorded.
func (a *adopt) stays() bool { return a.busy || a.assign.busy }

// offers reports whether there is something to take over.
func (a *adopt) offers() bool { return a.loaded && a.trouble == nil && a.found.Ours() }

func (a *adopt) Keys() []key.Binding {
	keys := []key.Binding{a.keys.action, a.keys.forward}
	if a.trouble != nil {
		keys = append(keys, a.keys.again)
	}
	if a.pager.Hides() {
		keys = append(keys, a.keys.scroll)
	}
	return append(keys, a.keys.back, a.keys.help, a.keys.quit)
}

func (a *adopt) Update(msg tea.Msg) tea.Cmd {
	press, pressed := msg.(tea.KeyPressMsg)
	switch found, ok := msg.(proposed); {
	case ok:
		a.loaded, a.found, a.trouble = true, found.adoption, found.err
		a.assign.doubt(found.err)
	case pressed && !a.loaded:
	case pressed && a.trouble != nil && key.Matches(press, a.keys.again) && !a.assign.busy:
		a.loaded = false
		return a.Init()
	case !a.offers():
		return a.assign.Update(msg)
	case pressed:
		return a.press(press)
	default:
		return a.done(msg)
	}
	return nil
}

func (a *adopt) done(msg tea.Msg) tea.Cmd {
	done, ok := msg.(assigned)
	if !ok {
		return nil
	}
	a.busy = false
	return a.answer(done)
}

func (a *adopt) press(msg tea.KeyPressMsg) tea.Cmd {
	if a.busy {
		return nil
	}
	switch msg.String() {
	case "left", "shift+tab":
		a.buttons.Move(-1)
	case "right", "tab":
		a.buttons.Move(+1)
	case "enter":
		return a.choose()
	default:
		a.pager.Press(msg.String())
	}
	return nil
}

func (a *adopt) choose() tea.Cmd {
	if a.buttons.Focus == 2 {
		return a.answer(wentBack{})
	}
	a.busy = true
	take, assign, found, over := a.can.adopt, a.can.assign, a.found, a.buttons.Focus == 0
	return func() tea.Msg {
		do := assign
		if over {
			do = func() (engine.Record, error) { return take(found) }
		}
		record, err := do()
		return assigned{record, err, over}
	}
}

func (a *adopt) View(w, h int) string {
	switch {
	case !a.loaded:
		return "\n   " + a.text.Frame.Working
	case !a.offers():
		return a.assign.View(w, h)
	}
	head := []string{" " + a.look.title.Render(a.text.Adopt.Title), ""}
	body := hang("   ", a.text.AdoptionTitle(a.assign.card, a.assign.user), w)
	body = append(body, "")
	for _, l := range a.text.AdoptionLines(a.found, a.now()) {
		body = append(body, a.look.planLine(l, w)...)
	}
	foot := []string{"", "   " + a.buttons.View(3, a.look.button)}
	return a.pager.View(head, body, foot, h, a.moreLines)
}
