package widget

import (
	"strings"
	"time"
)

// Quiet is how long the keys must rest before a pop-up takes one: what was
// typed for the page before must not answer a question nobody has read.
const Quiet = 300 * time.Millisecond

// Question asks yes or no; "no" has the focus.
type Question struct {
	Title, Hint string
	buttons     Buttons
}

// NewQuestion makes a question.
func NewQuestion(title, hint, yes, no string) Question {
	return Question{title, hint, Buttons{Labels: []string{yes, no}, Focus: 1}}
}

// Press takes a key. When it answers, answered is true, and yes the answer.
func (q *Question) Press(key string) (answered, yes bool) {
	switch key {
	case "left", "right", "tab", "shift+tab":
		q.buttons.Move(+1)
	case "esc":
		return true, false
	case "enter":
		return true, q.buttons.Focus == 0
	}
	return false, false
}

// View draws the question.
func (q *Question) View(l Look, w int) string {
	lines := []string{"", "   " + l.Title.Render(q.Title), ""}
	for _, line := range Wrap(q.Hint, w-6) {
		lines = append(lines, "   "+line)
	}
	return strings.Join(append(lines, "", "   "+q.buttons.View(3, l.Button)), "\n")
}

// Notice says calmly what went wrong: what happened, what it means, what to do,
// and what is only for whoever looks for the cause.
type Notice struct {
	Title string
	Told  []string
	Small string
	Close string // the button
}

// View draws the notice.
func (n Notice) View(l Look, w int) string {
	lines, mark := []string{""}, l.Bad.Render(l.Glyph.Bad)
	for _, line := range Wrap(n.Title, w-8) { // a server's own words may be long
		lines, mark = append(lines, "   "+mark+" "+l.Title.Render(line)), " "
	}
	lines = append(lines, "")
	for _, p := range n.Told {
		for _, line := range Wrap(p, w-8) {
			lines = append(lines, "     "+line)
		}
		lines = append(lines, "")
	}
	if n.Small != "" {
		lines = append(lines, "     "+l.Faint.Render(n.Small), "")
	}
	return strings.Join(append(lines, "     "+l.Button(n.Close, true)), "\n")
}
