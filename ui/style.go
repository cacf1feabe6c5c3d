package ui

import (
	"charm.land/lipgloss/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

// look is the look of every screen, by short names.
type look struct {
	widget.Look
	glyph glyphs

	title, accent, key, good, warn, bad, faint, focus lipgloss.Style
}

type glyphs struct {
	good, soon, bad, wait     string
	done                      string // a stage of the walk
	on, off, locked           string
	point, plus, minus, arrow string
	dot, full, empty, rule    string
	more, between, cursor     string
}

func newLook(fewSigns bool) look {
	l := widget.NewLook(fewSigns)
	g := l.Glyph
	return look{
		Look: l,
		glyph: glyphs{
			good: g.Good, soon: g.Soon, bad: g.Bad, wait: g.Wait, done: g.Done,
			on: g.On, off: g.Off, locked: g.Locked,
			point: g.Point, plus: g.Plus, minus: g.Minus, arrow: g.Arrow,
			dot: g.Dot, full: g.Full, empty: g.Empty, rule: g.Rule,
			more: g.More, between: g.Between, cursor: g.Cursor,
		},
		title: l.Title, accent: l.Accent, key: l.Key, good: l.Good, warn: l.Warn, bad: l.Bad, faint: l.Faint, focus: l.Focus,
	}
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

func (l look) button(label string, focused bool) string { return l.Button(label, focused) }

func (l look) row(s string, focused bool) string { return l.Row(s, focused) }
