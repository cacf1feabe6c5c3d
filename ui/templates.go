package ui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

// templates selects which certificates belong on the card. Each line says what
// its tick would do; what stands in the way of the plan is said at once.
type templates struct {
	scene
	keys     keymap
	propose  func(engine.Selection) (engine.Proposal, error)
	chosen   map[string]bool
	proposal engine.Proposal
	trouble  error
	list     widget.List
}

// selected is the answer: the ticks, and what they lead to.
type selected struct {
	selection engine.Selection
	proposal  engine.Proposal
}

func newTemplates(s scene, k keymap, before engine.Selection, propose func(engine.Selection) (engine.Proposal, error)) *templates {
	t := &templates{scene: s, keys: k, propose: propose, chosen: map[string]bool{}}
	for name, on := range before.Optional {
		t.chosen[name] = on
	}
	t.think()
	t.list.Reset(len(t.proposal.Choices))
	for i, c := range t.proposal.Choices { // the first line that can be changed
		if c.Template.Optional {
			t.list.Cursor = i
			break
		}
	}
	return t
}

// think plans anew; planning asks nobody.
func (t *templates) think() {
	t.proposal, t.trouble = t.propose(t.selection())
}

func (t *templates) selection() engine.Selection {
	return engine.Selection{Optional: t.chosen}
}

func (t *templates) Init() tea.Cmd { return nil }

func (t *templates) Keys() []key.Binding {
	return []key.Binding{t.keys.choose, t.keys.tick, t.keys.forward, t.keys.back, t.keys.help, t.keys.quit}
}

func (t *templates) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	switch {
	case !ok || moves(&t.list, press, 8):
	case key.Matches(press, t.keys.tick):
		return t.tick()
	case key.Matches(press, t.keys.forward):
		return t.forward()
	}
	return nil
}

func (t *templates) tick() tea.Cmd {
	if t.list.Cursor >= len(t.proposal.Choices) {
		return nil
	}
	c := t.proposal.Choices[t.list.Cursor]
	if c.Leaving {
		return t.say(t.text.Templates.Leaving)
	}
	if !c.Template.Optional {
		return t.say(t.text.Templates.Locked)
	}
	t.chosen[c.Template.Name] = !t.ticked(c)
	t.think()
	return nil
}

func (t *templates) ticked(c engine.Choice) bool {
	if on, ok := t.chosen[c.Template.Name]; ok && c.Template.Optional {
		return on
	}
	return c.Ticked
}

func (t *templates) forward() tea.Cmd {
	switch {
	case t.trouble != nil:
		return t.say(t.text.TitleOf(t.trouble))
	case len(t.proposal.Plan.Obstacles) > 0:
		return t.say(t.text.Confirm.Cannot)
	case walk.Idle(t.proposal):
		return t.say(t.text.Confirm.Nothing)
	}
	return t.answer(selected{t.selection(), t.proposal})
}

func (t *templates) View(w, h int) string {
	lines := []string{" " + t.look.title.Render(t.text.Templates.Title), ""}
	if t.trouble != nil {
		return strings.Join(append(lines, t.look.trouble(t.text, t.trouble, w)), "\n")
	}
	lines = append(lines, t.list.View(max(h-8, 3), func(i int, focused bool) string {
		return t.row(t.proposal.Choices[i], w-4, focused)
	}), "")
	return strings.Join(append(lines, t.verdict(w)...), "\n")
}

func (t *templates) row(c engine.Choice, w int, focused bool) string {
	g := t.look.glyph
	box, kind := g.off, t.text.Templates.Optional
	ticked := t.ticked(c)
	switch {
	case c.Leaving:
		kind = ""
	case !c.Template.Optional:
		box, kind = g.locked, t.text.Templates.Mandatory
	case ticked:
		box = g.on
	}
	name, kinds := t.columns(w)
	line := box + " " + widget.Fit(c.Template.Name, name, g.more) + " " + widget.Fit(kind, kinds, g.more) + " " + t.text.Choice(c, ticked, t.now())
	return t.look.row(widget.Fit(line, w, g.more), focused)
}

// columns are how wide names and kinds are. Names give way, as far as they can,
// where what would happen is long.
func (t *templates) columns(w int) (name, kind int) {
	kind = max(widget.Width(t.text.Templates.Mandatory), widget.Width(t.text.Templates.Optional), 10)
	least, long := 0, 0
	for _, c := range t.proposal.Choices {
		least = max(least, widget.Width(c.Template.Name))
		long = max(long, widget.Width(t.text.Choice(c, t.ticked(c), t.now())))
	}
	name = min(max(w/3, 16), 32)
	room := w - widget.Width(t.look.glyph.on) - kind - 3
	return max(min(name, room-long), min(name, least)), kind
}

// verdict says what stands in the way, or that there is nothing to be done.
func (t *templates) verdict(w int) []string {
	switch {
	case len(t.proposal.Plan.Obstacles) > 0:
		return t.look.obstacles(t.text, t.proposal.Plan.Obstacles, w)
	case walk.Idle(t.proposal):
		return []string{"   " + t.text.Confirm.Nothing}
	case !t.proposal.Plan.Changes():
		return []string{"   " + t.text.Templates.NothingYet}
	}
	return nil
}

// obstacles draws what stands in the way of a plan.
func (l look) obstacles(t *words.Text, obstacles []engine.Obstacle, w int) []string {
	if len(obstacles) == 0 {
		return nil
	}
	lines := []string{" " + l.bad.Render(l.glyph.bad+" "+t.Confirm.Cannot)}
	for _, o := range obstacles {
		for i, line := range widget.Wrap(t.Obstacle(o), w-8) {
			lead := "     "
			if i == 0 {
				lead = "   " + l.glyph.minus + " "
			}
			lines = append(lines, lead+line)
		}
	}
	return lines
}
