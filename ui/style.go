package ui

import (
	"charm.land/lipgloss/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// look is how things are drawn: styles of the sixteen colours, and glyphs. A
// state always has a glyph and a word, never a colour alone.
type look struct {
	glyph glyphs

	title, accent, key, good, warn, bad, faint, focus lipgloss.Style
}

// glyphs are the signs beside words. All of one set take the cells they take.
type glyphs struct {
	good, soon, bad, wait     string
	done                      string // a stage of the walk
	on, off, locked           string
	point, plus, minus, arrow string
	dot, full, empty, rule    string
	more, between, cursor     string
}

var unicodeGlyphs = glyphs{
	good: "✓", soon: "◷", bad: "✗", wait: "…", done: "✓",
	on: "[x]", off: "[ ]", locked: "[■]",
	point: "▸", plus: "+", minus: "−", arrow: "›",
	dot: "•", full: "█", empty: "░", rule: "─",
	more: "…", between: "·", cursor: "▏",
}

var asciiGlyphs = glyphs{
	good: "[ok]", soon: "[!]", bad: "[x]", wait: "[..]", done: "+",
	on: "[x]", off: "[ ]", locked: "[#]",
	point: ">", plus: "+", minus: "-", arrow: ">",
	dot: "*", full: "#", empty: ".", rule: "-",
	more: ".", between: "-", cursor: "_",
}

// newLook draws with the sixteen colours that every terminal has; the renderer
// takes them away where the terminal, or NO_COLOR, wants none.
func newLook(fewSigns bool) look {
	l := look{
		glyph:  unicodeGlyphs,
		title:  lipgloss.NewStyle().Bold(true),
		accent: lipgloss.NewStyle().Foreground(lipgloss.Cyan),
		key:    lipgloss.NewStyle().Foreground(lipgloss.Cyan).Bold(true),
		good:   lipgloss.NewStyle().Foreground(lipgloss.Green),
		warn:   lipgloss.NewStyle().Foreground(lipgloss.Yellow),
		bad:    lipgloss.NewStyle().Foreground(lipgloss.Red),
		faint:  lipgloss.NewStyle().Faint(true),
		focus:  lipgloss.NewStyle().Reverse(true),
	}
	if fewSigns {
		l.glyph = asciiGlyphs
	}
	return l
}

// life draws where a certificate is in its life, with its words.
func (l look) life(life engine.Life, words string) string {
	switch life {
	case engine.Valid:
		return l.good.Render(l.glyph.good + " " + words)
	case engine.Expiring:
		return l.warn.Render(l.glyph.soon + " " + words)
	case engine.Expired:
		return l.bad.Render(l.glyph.bad + " " + words)
	case engine.NotYet:
		return l.warn.Render(l.glyph.soon + " " + words)
	}
	return words
}

// request is the glyph and the colour of where a request stands.
func (l look) request(line words.RequestLine) (glyph string, style lipgloss.Style) {
	if line.Error {
		return l.glyph.soon, l.warn
	}
	switch line.State {
	case engine.RequestApproved, engine.RequestIssued:
		return l.glyph.good, l.good
	case engine.RequestRejected, engine.RequestWithdrawn:
		return l.glyph.bad, l.bad
	case engine.RequestPending:
	}
	return l.glyph.wait, l.warn
}

// button draws one button; the one in focus shows without colour too.
func (l look) button(label string, focused bool) string {
	if focused {
		return l.glyph.point + " " + l.focus.Render(" "+label+" ")
	}
	return "   " + label + " "
}

// row draws a list row: the one in focus is reversed over its whole width.
func (l look) row(s string, focused bool) string {
	if focused {
		return " " + l.glyph.point + " " + l.focus.Render(s)
	}
	return "   " + s
}
