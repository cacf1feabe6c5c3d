package widget

import "strings"

// List is a list of rows with a cursor, of which only those on screen are ever
// drawn: fifty thousand cost what twenty do.
type List struct {
	Len    int
	Cursor int
	top    int
}

// Motion is a way to move in a list.
type Motion int

// The motions.
const (
	Up Motion = iota
	Down
	PageUp
	PageDown
	First
	Last
)

// Move moves the cursor; page is how many rows are on screen.
func (l *List) Move(m Motion, page int) {
	switch m {
	case Up:
		l.Cursor--
	case Down:
		l.Cursor++
	case PageUp:
		l.Cursor -= page
	case PageDown:
		l.Cursor += page
	case First:
		l.Cursor = 0
	case Last:
		l.Cursor = l.Len - 1
	}
	l.clamp()
}

// Set gives the list another length; the cursor stays where it can.
func (l *List) Set(n int) {
	l.Len = n
	l.clamp()
}

// Reset goes back to the top of a list of another length.
func (l *List) Reset(n int) { *l = List{Len: n} }

func (l *List) clamp() {
	l.Cursor = max(0, min(l.Cursor, l.Len-1))
}

// Near reports whether the cursor is within n rows of the end.
func (l *List) Near(n int) bool { return l.Cursor+n >= l.Len }

// View draws at most h rows around the cursor.
func (l *List) View(h int, row func(i int, focused bool) string) string {
	if h <= 0 {
		return ""
	}
	if l.Cursor < l.top {
		l.top = l.Cursor
	}
	if l.Cursor >= l.top+h {
		l.top = l.Cursor - h + 1
	}
	l.top = max(0, min(l.top, l.Len-h))
	var b strings.Builder
	for i := l.top; i < min(l.top+h, l.Len); i++ {
		if i > l.top {
			b.WriteByte('\n')
		}
		b.WriteString(row(i, i == l.Cursor))
	}
	return b.String()
}
