package ui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine/walk"
	"cardkiosk/ui/widget"
)

// The smallest terminal in which every page can be used.
const (
	leastWidth  = 72
	leastHeight = 20
)

// View implements tea.Model: header, trail, page, status and help line.
func (a *App) View() tea.View {
	v := tea.NewView(a.frame())
	v.AltScreen = true
	v.WindowTitle = a.needs.Text.Product
	return v
}

func (a *App) frame() string {
	var frame string
	if a.width < leastWidth || a.height < leastHeight {
		frame = a.tooSmall()
	} else {
		frame = a.whole()
	}
	if a.needs.ASCII {
		frame = widget.ASCII(frame)
	}
	return frame
}

func (a *App) tooSmall() string {
	said := widget.Wrap(a.needs.Text.TooSmall(a.width, a.height, leastWidth, leastHeight), a.width)
	return strings.Join(said[:min(len(said), max(a.height, 1))], "\n")
}

func (a *App) whole() string {
	front := a.page
	if a.popup != nil {
		front = a.popup
	}
	w := a.width
	rule := a.look.faint.Render(strings.Repeat(a.look.glyph.rule, w))
	room := a.height - 6
	lines := []string{a.header(w), rule, a.trail(w)}
	for _, l := range widget.Lines(front.View(w, room), room) {
		lines = append(lines, widget.Fit(l, w, a.look.glyph.more))
	}
	keys := front.Keys() // after View: it decides whether there is something to scroll
	return strings.Join(append(lines, a.statusLine(w), rule, a.helpLine(keys, w)), "\n")
}

func (a *App) header(w int) string {
	t, actor := a.needs.Text, a.needs.Actor
	left := " " + a.look.title.Render(t.Product)
	if a.needs.Demo != nil {
		left += "  " + a.look.accent.Render(t.Demo.Banner)
	}
	return widget.Right(left, t.Who(actor)+"   "+a.store()+" ", w, a.look.glyph.more)
}

// store says how the kiosk's own store does, and whether letters or errands wait
// or were given up.
func (a *App) store() string {
	g, t := a.look.glyph, a.needs.Text
	switch {
	case a.health.err != nil:
		return a.look.bad.Render(g.bad + " " + t.Frame.Store)
	case a.health.GivenUp > 0:
		return a.look.bad.Render(g.bad + " " + t.Count.GivenUp.Of(a.health.GivenUp))
	case a.health.NotDone > 0:
		return a.look.bad.Render(g.bad + " " + t.Count.NotDone.Of(a.health.NotDone))
	case a.health.Errands > 0:
		return a.look.warn.Render(g.wait + " " + t.Count.Errands.Of(a.health.Errands))
	case a.health.Letters > 0:
		return a.look.warn.Render(g.wait + " " + t.Count.Letters.Of(a.health.Letters))
	}
	return a.look.good.Render(g.good + " " + t.Frame.Store)
}

// trail says where in the walk one is: done stages ticked, those that fall
// away absent.
func (a *App) trail(w int) string {
	g, t := a.look.glyph, a.needs.Text
	var parts []string
	here, before := 0, true // where one is, among the parts
	for _, s := range a.draft.Stages() {
		if s == walk.Result { // it is no step of its own: then all are ticked
			break
		}
		name := t.Stages[string(s)]
		switch {
		case s == a.stage:
			here, before = len(parts), false
			name = a.look.title.Render(name)
		case before:
			name = a.look.good.Render(g.done) + " " + name
		default:
			name = a.look.faint.Render(name)
		}
		parts = append(parts, name)
	}
	if a.draft.Action == "" && a.stage == walk.FindUser {
		return ""
	}
	line := strings.Join(parts, " "+g.arrow+" ")
	for ; widget.Width(line) > w-1 && here > 0; here-- { // where one was gives way to where one is
		parts = parts[1:]
		line = strings.Join(append([]string{g.wait}, parts...), " "+g.arrow+" ")
	}
	return widget.Fit(" "+line, w, g.more)
}

// statusLine says what just happened, and which card is held.
func (a *App) statusLine(w int) string {
	right := ""
	switch c := a.draft.Connected; {
	case a.readers.trouble != nil:
		right = a.look.warn.Render(a.look.glyph.bad + " " + a.needs.Text.TitleOf(a.readers.trouble))
	case c != nil:
		right = a.needs.Text.Held(c.Contents.Identity, c.Reader)
	case a.readers.reading != "":
		right = a.needs.Text.Connect.Reading
	}
	left := " " + a.look.accent.Render(a.status)
	if a.status != "" && widget.Width(left)+widget.Width(right)+3 > w {
		right = "" // what just happened comes first
	}
	return widget.Right(left, right+" ", w, a.look.glyph.more)
}

// helpLine is made from the keys that work now. The last ones give way when
// there is no room.
func (a *App) helpLine(keys []key.Binding, w int) string {
	line := ""
	for _, b := range keys {
		if !b.Enabled() {
			continue
		}
		more := " " + a.look.key.Render(b.Help().Key) + " " + b.Help().Desc + " "
		if widget.Width(line)+widget.Width(more) > w {
			break
		}
		line += more
	}
	return widget.Fit(line, w, a.look.glyph.more)
}
