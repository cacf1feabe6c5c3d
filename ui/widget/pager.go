package widget

import "strings"

// Pager shows a text between a head and a foot that stay; what does not fit is
// scrolled.
type Pager struct {
	top, below int
}

// Press moves the text if the key is one of scrolling.
func (p *Pager) Press(key string) bool {
	by, ok := map[string]int{"up": -1, "down": 1, "pgup": -8, "pgdown": 8}[key]
	if ok {
		p.top = max(0, min(p.top+by, p.top+p.below))
	}
	return ok
}

// Top goes back to the first line.
func (p *Pager) Top() { p.top = 0 }

// Hides reports whether lines were out of sight at the last View.
func (p *Pager) Hides() bool { return p.top > 0 || p.below > 0 }

// View draws exactly h lines. Where lines are hidden below, the last one in
// sight is more's, which is told their number.
func (p *Pager) View(head, body, foot []string, h int, more func(n int) string) string {
	room := max(h-len(head)-len(foot), 1)
	p.top = max(0, min(p.top, len(body)-room))
	p.below = max(len(body)-room-p.top, 0)
	seen := append([]string(nil), body[p.top:min(p.top+room, len(body))]...)
	if p.below > 0 {
		seen[len(seen)-1] = more(p.below + 1)
	}
	lines := append(append([]string(nil), head...), Lines(strings.Join(seen, "\n"), room)...)
	return strings.Join(append(lines, foot...), "\n")
}
