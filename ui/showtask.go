package ui

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
	"cardkiosk/ui/widget"
)

// awaitCard waits, at an agent, for a card with a task. It has nothing to choose.
type awaitCard struct {
	scene
	keys    keymap
	readers []engine.ReaderView
	seen    bool
	trouble error
	refused map[string]error // by reader: why the task of the card there is not done here
}

func newAwaitCard(s scene, k keymap, refused map[string]error) *awaitCard {
	return &awaitCard{scene: s, keys: k, refused: refused}
}

func (*awaitCard) Init() tea.Cmd { return nil }

func (c *awaitCard) Keys() []key.Binding { return []key.Binding{c.keys.help, c.keys.quit} }

func (c *awaitCard) Update(msg tea.Msg) tea.Cmd {
	if msg, ok := msg.(readersSeen); ok {
		c.readers, c.seen, c.trouble = msg.views, true, msg.trouble
	}
	return nil
}

func (c *awaitCard) View(w, h int) string {
	t := c.text.Tasks
	lines := []string{"", "", "   " + c.look.title.Render(t.Wait), ""}
	lines = append(lines, hang("   ", t.WaitHint, w)...)
	lines = append(lines, "", "")
	switch {
	case c.trouble != nil:
		lines = append(lines, c.look.trouble(c.text, c.trouble, w))
	case !c.seen:
		lines = append(lines, "   "+c.text.Frame.Working)
	case len(c.readers) == 0:
		lines = append(lines, hang("   ", c.text.Connect.NoReaders, w)...)
	}
	for _, v := range c.readers {
		lines = append(lines, c.reader(v, w)...)
	}
	return strings.Join(lines[:min(len(lines), h)], "\n")
}

// reader says of a reader why nothing is done there.
func (c *awaitCard) reader(v engine.ReaderView, w int) []string {
	name := engine.Clean(v.Reader.Name)
	switch err := c.refused[v.Reader.Name]; {
	case !v.Reader.Card:
		return hang("   ", name+": "+c.text.Connect.Empty, w)
	case err != nil:
		why := c.text.Denied(err)
		if why == "" {
			why = c.text.TitleOf(err)
		}
		return hang("   "+c.look.bad.Render(c.look.glyph.bad)+" ", name+": "+why, w)
	case v.Reader.Mute || v.Err != nil:
		return hang("   "+c.look.bad.Render(c.look.glyph.bad)+" ", name+": "+c.text.InReader(v, c.look.glyph.between), w)
	}
	return hang("   ", name+": "+c.text.Tasks.Looking, w)
}

// showTask says to a card's holder what was left to be done with it, by whom, and
// what will happen. Nothing is done before they begin.
type showTask struct {
	scene
	keys     keymap
	task     engine.Task
	proposal *engine.Proposal // of an update
	buttons  widget.Buttons
	pager    widget.Pager
}

// notNow is the answer: not now.
type notNow struct{}

func newShowTask(s scene, k keymap, t engine.Task, p *engine.Proposal) *showTask {
	page := &showTask{scene: s, keys: k, task: t, proposal: p}
	page.buttons.Labels = []string{s.text.Tasks.Begin, s.text.Tasks.NotNow}
	return page
}

func (*showTask) Init() tea.Cmd { return nil }

func (t *showTask) Keys() []key.Binding {
	keys := []key.Binding{t.keys.action, t.keys.forward}
	if t.pager.Hides() {
		keys = append(keys, t.keys.scroll)
	}
	return append(keys, bind("Esc", t.text.Tasks.NotNow, "esc"), t.keys.help)
}

func (t *showTask) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	switch press.String() {
	case "left", "shift+tab":
		t.buttons.Move(-1)
	case "right", "tab":
		t.buttons.Move(+1)
	case "enter":
		if t.buttons.Focus == 1 {
			return t.answer(notNow{})
		}
		return t.answer(confirmed{})
	default:
		t.pager.Press(press.String())
	}
	return nil
}

func (t *showTask) View(w, h int) string {
	words := t.text.Tasks
	head := []string{" " + t.look.title.Render(fmt.Sprintf(words.Greet, t.task.User.Name)), ""}
	var body []string
	add := func(s string) { body = append(body, hang("   ", s, w)...) }
	add(words.What[t.task.Kind])
	add(t.text.LeftBy(t.task))
	if t.task.Comment != "" {
		add(fmt.Sprintf(words.Comment, t.task.Comment))
	}
	body = append(body, "")
	if t.proposal != nil {
		body = append(body, " "+t.look.title.Render(words.Will))
		for _, l := range t.text.PlanLines(t.proposal.Plan) {
			body = append(body, t.look.planLine(l, w)...)
		}
		body = append(body, "")
	}
	add(words.NeedsPIN)
	foot := []string{"", "   " + t.buttons.View(3, t.look.button)}
	return t.pager.View(head, body, foot, h, t.moreLines)
}

// buildShowTask makes the page of the task that was taken.
func (a *App) buildShowTask(s scene) screen {
	d := &a.draft
	if d.Action == walk.ContinueUpdate || d.Action == walk.CancelUpdate {
		return newShowTask(s, a.keys, *d.Task, nil)
	}
	return newShowTask(s, a.keys, *d.Task, d.Proposal)
}
