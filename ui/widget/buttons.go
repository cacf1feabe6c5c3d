package widget

import "strings"

// Buttons is a row of buttons with one in focus.
type Buttons struct {
	Labels []string
	Focus  int
}

// Move moves the focus by one, and around at the ends.
func (b *Buttons) Move(by int) {
	if n := len(b.Labels); n > 0 {
		b.Focus = (b.Focus + by + n) % n
	}
}

// Rows draws the buttons in as few rows of w cells as they need.
func (b *Buttons) Rows(w int, draw func(label string, focused bool) string) []string {
	if one := b.View(2, draw); Width(one) <= w {
		return []string{one}
	}
	var rows []string
	for i, l := range b.Labels {
		one := draw(l, i == b.Focus)
		if last := len(rows) - 1; i > 0 && Width(rows[last])+1+Width(one) <= w {
			rows[last] += " " + one
		} else {
			rows = append(rows, one)
		}
	}
	return rows
}

// View draws the row; draw draws one button.
func (b *Buttons) View(gap int, draw func(label string, focused bool) string) string {
	parts := make([]string, len(b.Labels))
	for i, l := range b.Labels {
		parts[i] = draw(l, i == b.Focus)
	}
	return strings.Join(parts, strings.Repeat(" ", gap))
}
