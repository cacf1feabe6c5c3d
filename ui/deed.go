package ui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

// deed shows all that will happen to a card beside the update, losses first, and
// asks. The focus is on "Back".
type deed struct {
	scene
	keys    keymap
	foresee func() (foreseen, error)
	sight   foreseen
	said    saying
	loaded  bool
	trouble error
	busy    bool
	buttons widget.Buttons
	pager   widget.Pager
}

// foreseen is what a deed comes to.
type foreseen struct {
	say       func(t *words.Text) saying
	obstacles []engine.Obstacle
	plan      *engine.Plan                     // how a card is emptied
	do        func() (engine.CardEvent, error) // nil where it takes the card's PIN, which comes next
}

// saying is what a deed comes to in words, and what doing it is called.
type saying struct {
	title, verb string
	lines       []words.PlanLine
}

type (
	foresaw struct {
		sight foreseen
		err   error
	}
	// deedPlanned is the answer: carry it out, with the PIN.
	deedPlanned struct{ plan *engine.Plan }
	// deedDone is the answer: it was done, or what kept it from being done.
	deedDone struct {
		event engine.CardEvent
		err   error
	}
)

func newDeed(s scene, k keymap, foresee func() (foreseen, error)) *deed {
	return &deed{scene: s, keys: k, foresee: foresee}
}

func (d *deed) Init() tea.Cmd {
	foresee := d.foresee
	return func() tea.Msg {
		sight, err := foresee()
		return foresaw{sight, err}
	}
}

// stays implements staying: what was asked for is being done.
func (d *deed) stays() bool { return d.busy }

func (d *deed) Keys() []key.Binding {
	var keys []key.Binding
	switch {
	case d.trouble != nil:
		keys = append(keys, d.keys.again)
	case d.loaded:
		keys = append(keys, d.keys.action, d.keys.forward)
	}
	if d.pager.Hides() {
		keys = append(keys, d.keys.scroll)
	}
	return append(keys, d.keys.back, d.keys.help, d.keys.quit)
}

func (d *deed) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case foresaw:
		d.show(msg)
	case deedDone:
		d.busy = false
		return d.answer(msg)
	case tea.KeyPressMsg:
		return d.press(msg)
	}
	return nil
}

func (d *deed) show(msg foresaw) {
	d.loaded, d.sight, d.trouble = true, msg.sight, msg.err
	if msg.err != nil {
		return
	}
	d.said = msg.sight.say(d.text)
	d.buttons = widget.Buttons{Labels: []string{d.said.verb, d.text.Confirm.Back}, Focus: 1}
}

func (d *deed) press(msg tea.KeyPressMsg) tea.Cmd {
	switch {
	case d.busy || !d.loaded:
		return nil
	case d.trouble != nil:
		if key.Matches(msg, d.keys.again) {
			d.loaded, d.trouble = false, nil
			return d.Init()
		}
		return nil
	}
	switch msg.String() {
	case "left", "shift+tab":
		d.buttons.Move(-1)
	case "right", "tab":
		d.buttons.Move(+1)
	case "enter":
		return d.choose()
	default:
		d.pager.Press(msg.String())
	}
	return nil
}

func (d *deed) choose() tea.Cmd {
	switch {
	case d.buttons.Focus == 1:
		return d.answer(wentBack{})
	case len(d.sight.obstacles) > 0:
		return d.say(d.text.Confirm.Cannot)
	case d.sight.do == nil:
		return d.answer(deedPlanned{d.sight.plan})
	}
	d.busy = true
	do := d.sight.do
	return func() tea.Msg {
		event, err := do()
		return deedDone{event, err}
	}
}

func (d *deed) View(w, h int) string {
	switch {
	case d.trouble != nil:
		return "\n" + d.look.trouble(d.text, d.trouble, w)
	case !d.loaded:
		return "\n   " + d.text.Frame.Working
	}
	head := append(hang(" ", d.look.title.Render(d.said.title), w), "")
	foot := []string{"", "   " + d.buttons.View(3, d.look.button)}
	if d.busy {
		foot[1] = "   " + d.text.Frame.Working
	}
	body := d.look.obstacles(d.text, d.sight.obstacles, w)
	for _, l := range d.said.lines {
		body = append(body, d.look.planLine(l, w)...)
	}
	return d.pager.View(head, body, foot, h, d.moreLines)
}
