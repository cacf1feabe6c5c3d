package widget

import "charm.land/lipgloss/v2"

// Look is how things are drawn: styles of the sixteen colours, and glyphs. A
// state always has a glyph and a word, never a colour alone.
type Look struct {
	Glyph Glyphs

	Title, Accent, Key, Good, Warn, Bad, Faint, Focus lipgloss.Style
}

// Glyphs are the signs beside words. All of one set take the cells they take.
type Glyphs struct {
	Good, Soon, Bad, Wait     string
	Done                      string // a stage of the walk
	On, Off, Locked           string
	Point, Plus, Minus, Arrow string
	Dot, Full, Empty, Rule    string
	More, Between, Cursor     string
}

var unicodeGlyphs = Glyphs{
	Good: "✓", Soon: "◷", Bad: "✗", Wait: "…", Done: "✓",
	On: "[x]", Off: "[ ]", Locked: "[■]",
	Point: "▸", Plus: "+", Minus: "−", Arrow: "›",
	Dot: "•", Full: "█", Empty: "░", Rule: "─",
	More: "…", Between: "·", Cursor: "▏",
}

var asciiGlyphs = Glyphs{
	Good: "[ok]", Soon: "[!]", Bad: "[x]", Wait: "[..]", Done: "+",
	On: "[x]", Off: "[ ]", Locked: "[#]",
	Point: ">", Plus: "+", Minus: "-", Arrow: ">",
	Dot: "*", Full: "#", Empty: ".", Rule: "-",
	More: "~", Between: "-", Cursor: "_",
}

// NewLook draws with the sixteen colours that every terminal has; the renderer
// takes them away where the terminal, or NO_COLOR, wants none.
func NewLook(fewSigns bool) Look {
	l := Look{
		Glyph:  unicodeGlyphs,
		Title:  lipgloss.NewStyle().Bold(true),
		Accent: lipgloss.NewStyle().Foreground(lipgloss.Cyan),
		Key:    lipgloss.NewStyle().Foreground(lipgloss.Cyan).Bold(true),
		Good:   lipgloss.NewStyle().Foreground(lipgloss.Green),
		Warn:   lipgloss.NewStyle().Foreground(lipgloss.Yellow),
		Bad:    lipgloss.NewStyle().Foreground(lipgloss.Red),
		Faint:  lipgloss.NewStyle().Faint(true),
		Focus:  lipgloss.NewStyle().Reverse(true),
	}
	if fewSigns {
		l.Glyph = asciiGlyphs
	}
	return l
}

// Button draws one button; the one in focus shows without colour too.
func (l Look) Button(label string, focused bool) string {
	if focused {
		return l.Glyph.Point + " " + l.Focus.Render(" "+label+" ")
	}
	return "   " + label + " "
}

// Row draws a list row: the one in focus is reversed over its whole width.
func (l Look) Row(s string, focused bool) string {
	if focused {
		return " " + l.Glyph.Point + " " + l.Focus.Render(s)
	}
	return "   " + s
}
