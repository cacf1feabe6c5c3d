package ui

import (
	"strings"

	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

// trouble draws what went wrong inside a page: what, and what to do.
func (l look) trouble(t *words.Text, err error, w int) string {
	lines, mark := []string(nil), l.glyph.bad
	for _, line := range widget.Wrap(t.TitleOf(err), w-6) {
		lines = append(lines, "   "+l.bad.Render(mark+" "+line))
		mark = strings.Repeat(" ", widget.Width(mark))
	}
	for _, line := range widget.Wrap(t.HintOf(err), w-8) {
		lines = append(lines, "     "+line)
	}
	return strings.Join(lines, "\n")
}
