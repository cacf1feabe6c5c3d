package ui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

// confirm shows the whole plan before anything is written, losses first. When
// something goes away, the focus is on "Back".
type confirm struct {
	scene
	keys    keymap
	plan    engine.Plan
	buttons widget.Buttons
	pager   widget.Pager
}

// confirmed is the answer: carry it out.
type confirmed struct{}

func newConfirm(s scene, k keymap, plan engine.Plan) *confirm {
	c := &confirm{scene: s, keys: k, plan: plan}
	c.buttons.Labels = []string{s.text.PlanGo(plan), s.text.Confirm.Back}
	c.buttons.Focus = 1 // a key held down, or one too many, must not carry anything out
	return c
}

// forbidden says why the plan cannot be carried out.
func (c *confirm) forbidden() string {
	switch {
	case len(c.plan.Obstacles) > 0:
		return c.text.Confirm.Cannot
	case !c.plan.Changes():
		return c.text.Confirm.Nothing
	}
	return ""
}

func (c *confirm) Init() tea.Cmd { return nil }

func (c *confirm) Keys() []key.Binding {
	keys := []key.Binding{c.keys.action, c.keys.forward}
	if c.pager.Hides() {
		keys = append(keys, c.keys.scroll)
	}
	return append(keys, c.keys.back, c.keys.help, c.keys.quit)
}

func (c *confirm) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	switch press.String() {
	case "left", "shift+tab":
		c.buttons.Move(-1)
	case "right", "tab":
		c.buttons.Move(+1)
	case "enter":
		return c.choose()
	default:
		c.pager.Press(press.String())
	}
	return nil
}

func (c *confirm) choose() tea.Cmd {
	if c.buttons.Focus == 1 {
		return c.answer(wentBack{})
	}
	if why := c.forbidden(); why != "" {
		return c.say(why)
	}
	return c.answer(confirmed{})
}

func (c *confirm) View(w, h int) string {
	head := []string{" " + c.look.title.Render(c.text.PlanTitle(c.plan)), ""}
	foot := []string{"", "   " + c.buttons.View(3, c.look.button)}
	return c.pager.View(head, c.body(w), foot, h, c.moreLines)
}

func (c *confirm) body(w int) []string {
	lines := c.look.obstacles(c.text, c.plan.Obstacles, w)
	for _, l := range c.text.PlanLines(c.plan) {
		lines = append(lines, c.look.planLine(l, w)...)
	}
	return lines
}

// planLine draws one line of a plan's text.
func (l look) planLine(p words.PlanLine, w int) []string {
	switch p.Mark {
	case words.MarkHead:
		return []string{"   " + l.title.Render(p.Text)}
	case words.MarkGoes:
		return hang("     "+l.bad.Render(l.glyph.minus)+" ", p.Text, w)
	case words.MarkComes:
		return hang("     "+l.good.Render(l.glyph.plus)+" ", p.Text, w)
	case words.MarkWaits:
		return hang("     "+l.warn.Render(l.glyph.wait)+" ", p.Text, w)
	case words.MarkStays, words.MarkNote:
		return hang("       ", p.Text, w)
	case words.MarkFoot:
		return append([]string{""}, hang("   ", p.Text, w)...)
	}
	return nil
}

func hang(lead, text string, w int) []string { return widget.Hang(lead, text, w) }
