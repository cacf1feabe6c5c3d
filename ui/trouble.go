package ui

import (
	"strings"

	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

// trouble draws what went wrong inside a page: what, and what to do.
func (l look) trouble(t *words.Text, err error, w int) string {
	lines := []string{"   " + l.bad.Render(l.glyph.bad+" "+t.TitleOf(err))}
	for _, line := range widget.Wrap(t.HintOf(err), w-8) {
		lines = append(lines, "     "+line)
	}
	return strings.Join(lines, "\n")
}
