package ui

import (
	"fmt"
	"strings"

	"cardkiosk/engine"
	"cardkiosk/ui/widget"
)

func (g *gate) View(w, h int) string {
	t := g.text.Doors
	title := t.Title
	if g.needs.name != "" {
		title = fmt.Sprintf(t.Locked, g.needs.name)
	}
	lines := []string{" " + g.look.title.Render(title)}
	if g.needs.name != "" {
		lines = append(lines, hang(" ", g.lockedWhy(), w)...)
	}
	lines = append(lines, "")
	switch g.way { //nolint:exhaustive // by account and by holding nobody signs in on a screen
	case engine.ByCard:
		lines = append(lines, g.cardForm(w)...)
	case engine.ByPassword:
		lines = append(lines, g.passwordForm(w)...)
	}
	if g.busy {
		lines = append(lines, "", "   "+t.Checking)
	}
	if g.needs.Given.Logon != "" {
		lines = append(lines, "", "   "+g.look.accent.Render(fmt.Sprintf(t.DemoHint, g.needs.Given.Logon, g.needs.Given.Password)))
	}
	if g.trouble != nil {
		lines = append(lines, "", g.look.trouble(g.text, g.trouble, w))
	}
	if g.sure {
		lines = append(append(lines, ""), hang("   "+g.look.warn.Render(g.look.glyph.soon)+" ", t.LastAsk, w)...)
	}
	return strings.Join(lines[:min(len(lines), h)], "\n")
}

// lockedWhy says why the screen is locked, and who may open it.
func (g *gate) lockedWhy() string {
	t := g.text.Doors
	next := fmt.Sprintf(t.LockedHint, g.needs.name)
	switch {
	case g.way == "":
		next = t.NoUnlock
	case g.needs.runs:
		next = fmt.Sprintf(t.LockedRun, g.needs.name)
	}
	return strings.TrimSpace(g.needs.why + " " + next)
}

func (g *gate) passwordForm(w int) []string {
	t := g.text.Doors
	g.logon.SetWidth(max(w-fieldAt-2, 1))
	shown := g.secret.View(g.look.glyph.dot)
	if g.onSecret && !g.busy {
		shown += g.look.glyph.cursor
	}
	return []string{g.field(!g.onSecret, t.Logon, g.logon.View()), g.field(g.onSecret, t.Password, widget.Fit(shown, w-fieldAt-2, g.look.glyph.more))}
}

// fieldAt is where fields begin: after the pointer and the label.
const fieldAt = 5 + 16

func (g *gate) field(focused bool, label, shown string) string {
	lead := "     "
	if focused && !g.busy {
		lead = "   " + g.look.glyph.point + " "
	}
	return lead + widget.Fit(label, fieldAt-5, "") + shown
}

func (g *gate) cardForm(w int) []string {
	t := g.text.Doors
	lines := []string{"   " + t.TitleCard, ""}
	switch {
	case !g.seen:
		return append(lines, "   "+g.text.Frame.Working)
	case len(g.readers) == 0:
		return append(lines, "   "+t.NoReader)
	}
	lines = append(lines, strings.Split(g.list.View(5, func(i int, focused bool) string {
		return g.look.row(widget.Fit(widget.Fit(engine.Clean(g.readers[i].Name), 40, g.look.glyph.more)+" "+g.inside(g.readers[i]), w-4, g.look.glyph.more), focused)
	}), "\n")...)
	shown := g.secret.View(g.look.glyph.dot)
	if !g.busy {
		shown += g.look.glyph.cursor
	}
	return append(lines, "", g.field(true, t.PIN, widget.Fit(shown, 34, g.look.glyph.more)), "     "+g.triesLeft())
}

func (g *gate) inside(r engine.Reader) string {
	switch t := g.text.Doors; {
	case r.Mute:
		return t.Mute
	case r.Card:
		return t.CardIn
	default:
		return t.Empty
	}
}

func (g *gate) triesLeft() string {
	r, ok := g.reader()
	switch {
	case !ok || !r.Card || r.Mute:
		return ""
	case !g.tries.known || g.tries.left < 0:
		return ""
	case g.tries.left == 1:
		return g.look.bad.Render(g.look.glyph.soon + " " + g.text.Tries(1) + " " + g.text.PIN.LastHint)
	}
	return g.text.Tries(g.tries.left)
}
