package widget

import (
	"strings"
	"time"
)

// Quiet is how long the keys must rest before a pop-up takes one: what was
// typed for the page before must not answer a question nobody has read.
const Quiet = 300 * time.Millisecond

// Question asks yes or no; "no" has the focus. A hint that there is no room for
// is scrolled: the buttons stay in sight.
type Question struct {
	Title, Hint string
	buttons     Buttons
	pager       Pager
}

// NewQuestion makes a question.
func NewQuestion(title, hint, yes, no string) Question {
	return Question{Title: title, Hint: hint, buttons: Buttons{Labels: []string{yes, no}, Focus: 1}}
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
	default:
		q.pager.Press(key)
	}
	return false, false
}

// Hides reports whether lines of the hint were out of sight at the last View.
func (q *Question) Hides() bool { return q.pager.Hides() }

// View draws the question in at most h lines.
func (q *Question) View(l Look, w, h int, more func(n int) string) string {
	head := []string{"", "   " + l.Title.Render(q.Title), ""}
	foot := []string{"", "   " + q.buttons.View(3, l.Button)}
	var body []string
	for _, line := range Wrap(q.Hint, w-6) {
		body = append(body, "   "+line)
	}
	return q.pager.View(head, body, foot, min(h, len(head)+len(body)+len(foot)), more)
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
