package widget

import (
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// Fit makes s exactly w cells wide: cut with more at its end, or filled with
// spaces. It counts cells, not bytes, and leaves styles whole.
func Fit(s string, w int, more string) string {
	if w <= 0 {
		return ""
	}
	have := ansi.StringWidth(s)
	if have > w {
		s = ansi.Truncate(s, w, more)
		have = ansi.StringWidth(s)
	}
	return s + strings.Repeat(" ", w-have)
}

// Width counts the cells of s.
func Width(s string) int { return ansi.StringWidth(s) }

// Right puts right at the end of a line of w cells that begins with left. When
// both do not fit, left is cut.
func Right(left, right string, w int, more string) string {
	room := w - Width(right)
	if room < 1 {
		return Fit(left, w, more)
	}
	return Fit(left, room, more) + right
}

// Wrap breaks s into lines of at most w cells, at spaces where it can. Each line
// has its styles to itself.
func Wrap(s string, w int) []string {
	return strings.Split(lipgloss.Wrap(s, max(w, 1), ""), "\n")
}

// Hang wraps a text behind a lead, its further lines under its first.
func Hang(lead, text string, w int) []string {
	pad := strings.Repeat(" ", Width(lead))
	var lines []string
	for i, l := range Wrap(text, w-len(pad)-1) {
		if i == 0 {
			lines = append(lines, lead+l)
		} else {
			lines = append(lines, pad+l)
		}
	}
	return lines
}

// Beside puts a pane of details beside rows that are w cells wide.
func Beside(rows, pane []string, w int, more string) []string {
	for i, line := range pane {
		if i == len(rows) {
			rows = append(rows, "")
		}
		rows[i] = Fit(rows[i], w, more) + line
	}
	return rows
}

// Lines makes body exactly h lines: cut, or filled with empty ones.
func Lines(body string, h int) []string {
	lines := strings.Split(body, "\n")
	if len(lines) > h {
		return lines[:h]
	}
	return append(lines, make([]string, h-len(lines))...)
}
