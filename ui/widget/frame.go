package widget

import (
	"strings"

	"charm.land/bubbles/v2/key"
)

// The smallest terminal in which every page can be used.
const (
	LeastWidth  = 72
	LeastHeight = 20
)

// FrameLines is how many lines of the screen a frame takes.
const FrameLines = 6

// Frame is a whole screen of w×h: a header with a rule under it, a line that
// says where one is, the page, a status line, and the help line under a rule.
func (l Look) Frame(w, h int, header, under, page, status, help string) string {
	rule := l.Faint.Render(strings.Repeat(l.Glyph.Rule, w))
	lines := []string{header, rule, under}
	for _, line := range Lines(page, h-FrameLines) {
		lines = append(lines, Fit(line, w, l.Glyph.More))
	}
	return strings.Join(append(lines, status, rule, help), "\n")
}

// Status is the status line: what just happened comes first, and what is at its
// right gives way to it.
func (l Look) Status(happened, right string, w int) string {
	left := " " + l.Accent.Render(happened)
	if happened != "" && Width(left)+Width(right)+3 > w {
		right = ""
	}
	return Right(left, right+" ", w, l.Glyph.More)
}

// Help is the help line, made from the keys that work now. The last ones give
// way when there is no room.
func (l Look) Help(keys []key.Binding, w int) string {
	line := ""
	for _, b := range keys {
		if !b.Enabled() {
			continue
		}
		more := " " + l.Key.Render(b.Help().Key) + " " + b.Help().Desc + " "
		if Width(line)+Width(more) > w {
			break
		}
		line += more
	}
	return Fit(line, w, l.Glyph.More)
}

// TooSmall reports whether a terminal has no room for a frame: nothing is drawn
// then that a key could be meant for.
func TooSmall(w, h int) bool { return w < LeastWidth || h < LeastHeight }

// Shown is what goes to a terminal: a frame, or what is said instead where there
// is no room for it; in ASCII where it knows nothing else.
func Shown(w, h int, ascii bool, frame func() string, instead string) string {
	var shown string
	if TooSmall(w, h) {
		lines := Wrap(instead, w)
		shown = strings.Join(lines[:min(len(lines), max(h, 1))], "\n")
	} else {
		shown = frame()
	}
	if ascii {
		shown = asciiLines(shown)
	}
	return shown
}
