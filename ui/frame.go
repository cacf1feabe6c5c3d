package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine/walk"
	"cardkiosk/ui/widget"
)

// View implements tea.Model: header, trail, page, status and help line.
func (a *App) View() tea.View {
	v := tea.NewView(a.frame())
	v.AltScreen = true
	v.DisableBracketedPasteMode = a.selfService()
	v.WindowTitle = a.needs.Text.Product
	return v
}

func (a *App) frame() string {
	if a.hosts() && !a.closed() {
		return a.popup.View(a.width, a.height)
	}
	if a.lobby.over {
		return ""
	}
	if a.bare() { // these have words for the smallest terminal too
		draw := func() string { return a.bareView(a.width, a.height) }
		return widget.Shown(widget.LeastWidth, widget.LeastHeight, a.needs.ASCII, draw, "")
	}
	instead := a.needs.Text.TooSmall(a.width, a.height, widget.LeastWidth, widget.LeastHeight)
	return widget.Shown(a.width, a.height, a.needs.ASCII, a.whole, instead)
}

func (a *App) whole() string {
	front := a.front()
	w, h := a.width, a.height
	page := front.View(w, h-widget.FrameLines)
	help := a.look.Help(front.Keys(), w) // after View: it decides whether there is something to scroll
	return a.look.Frame(w, h, a.header(w), a.trail(w), page, a.statusLine(w), help)
}

func (a *App) header(w int) string {
	t := a.needs.Text
	if a.selfService() {
		return a.ownHeader(w)
	}
	left := " " + a.look.title.Render(t.Product)
	if a.needs.Demo != nil {
		left += "  " + a.look.accent.Render(t.Demo.Banner)
	}
	return widget.Right(left, a.whoIs()+"   "+a.store()+" ", w, a.look.glyph.more)
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
		if s == walk.PutIn {
			continue
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
	if a.closed() || a.page == nil || a.draft.Action == "" && a.atHome() || a.stage == walk.TaskList || a.stage == walk.PutIn {
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
	case a.closed(): // nothing of the walk
	case a.countdown() != "":
		right = a.look.warn.Render(a.look.glyph.soon + " " + a.countdown())
	case a.readers.trouble != nil:
		right = a.look.warn.Render(a.look.glyph.bad + " " + a.needs.Text.TitleOf(a.readers.trouble))
	case c != nil && !a.selfService():
		right = a.needs.Text.Held(c.Contents.Identity, c.Reader)
	case a.readers.reading != "":
		right = a.needs.Text.Connect.Reading
	}
	return a.look.Status(a.happened(), right, w)
}

// happened is what just happened, or else why what has the focus may not be done.
func (a *App) happened() string {
	if p, ok := a.front().(explaining); ok && a.status == "" {
		return a.needs.Text.Denied(p.explains())
	}
	return a.status
}
