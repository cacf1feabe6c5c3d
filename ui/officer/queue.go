package officer

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

// mostListed bounds what the list shows: who has more than that filters.
const mostListed = 5000

// piles are the lists one can turn to.
var piles = []engine.RequestState{engine.RequestPending, engine.RequestApproved, engine.RequestRejected}

// queue lists the requests of one pile: those that wait, oldest first, or those
// that are decided, newest first.
type queue struct {
	look  widget.Look
	text  *words.Text
	now   func() time.Time
	piled int // which of piles

	all     []Application
	seen    []Application // those that the filter lets through
	known   bool          // a list has come
	trouble error
	list    widget.List
	rows    int // on screen at the last view

	field  textinput.Model // the filter
	typing bool            // letters belong to it
}

func newQueue(l widget.Look, t *words.Text, now func() time.Time) queue {
	return queue{look: l, text: t, now: now, field: widget.NewField("")}
}

func (q *queue) pile() engine.RequestState { return piles[q.piled] }

// turnPile turns to another pile, which is not known yet.
func (q *queue) turnPile(forward bool) {
	by := 1
	if !forward {
		by = len(piles) - 1
	}
	q.piled = (q.piled + by) % len(piles)
	q.all, q.seen, q.known, q.trouble = nil, nil, false, nil
	q.list.Reset(0)
}

// set takes a new list. The focus stays on its request, or where that was.
func (q *queue) set(all []Application) {
	q.all, q.known, q.trouble = slices.Clone(all), true, nil
	slices.SortStableFunc(q.all, q.before)
	q.sift()
}

func (q *queue) before(a, b Application) int {
	if q.pile() == engine.RequestPending {
		return a.Since.Compare(b.Since)
	}
	return b.Decided.Compare(a.Decided)
}

// sift lets through what the filter wants.
func (q *queue) sift() {
	focused, had := q.focused()
	text := strings.ToLower(strings.TrimSpace(q.field.Value()))
	q.seen = nil
	for _, app := range q.all {
		if len(q.seen) < mostListed && app.contains(text) {
			q.seen = append(q.seen, app)
		}
	}
	q.list.Set(len(q.seen))
	if at := slices.IndexFunc(q.seen, func(app Application) bool { return app.ID == focused.ID }); had && at >= 0 {
		q.list.Cursor = at
	}
}

// drop takes a request out that is decided.
func (q *queue) drop(id string) {
	q.all = slices.DeleteFunc(q.all, func(app Application) bool { return app.ID == id && app.waits() })
	q.sift()
}

func (q *queue) focused() (Application, bool) {
	if q.list.Cursor >= len(q.seen) {
		return Application{}, false
	}
	return q.seen[q.list.Cursor], true
}

func (q *queue) move(key string) bool { return q.list.Press(key, max(q.rows, 1)) }

func (q *queue) filtered() bool { return q.field.Value() != "" }

func (q *queue) startTyping() tea.Cmd {
	q.typing = true
	return q.field.Focus()
}

func (q *queue) stopTyping() {
	q.typing = false
	q.field.Blur()
}

func (q *queue) clearFilter() {
	q.stopTyping()
	q.field.SetValue("")
	q.sift()
}

// edit gives what was typed to the filter. Enter keeps it, Esc takes it away.
func (q *queue) edit(msg tea.Msg) (cmd tea.Cmd) {
	if press, ok := msg.(tea.KeyPressMsg); ok {
		switch k := press.String(); {
		case k == "enter":
			q.stopTyping()
			return nil
		case k == "esc":
			q.clearFilter()
			return nil
		case k != "home" && k != "end" && q.move(k):
			return nil
		}
	}
	q.field, cmd = q.field.Update(msg)
	q.sift()
	return cmd
}

// From this width on the request in focus is described beside the list.
const (
	wide        = 110
	detailWidth = 40
	detailLines = 4 // that describe it below the list, where it is not
)

func (q *queue) view(w, h int) string {
	lines := []string{" " + q.look.Title.Render(q.text.Officer.Piles[q.pile()]), q.filterLine(w)}
	room := max(h-len(lines)-1, 1)
	switch {
	case len(q.seen) > 0:
		lines = append(lines, q.rowsAndDetail(w, room)...)
	case q.trouble != nil:
		title, hint := q.text.OfficerTrouble(q.trouble)
		lines = append(lines, "   "+q.look.Bad.Render(q.look.Glyph.Bad+" "+title))
		lines = append(lines, widget.Hang("     ", hint, w)...)
	case !q.known:
		lines = append(lines, "   "+q.text.Officer.Looking)
	case len(q.all) > 0:
		lines = append(lines, "   "+q.text.Officer.NoneLike)
	default:
		lines = append(lines, "   "+q.look.Good.Render(q.look.Glyph.Good+" "+q.text.Officer.None[q.pile()]))
	}
	lines = widget.Lines(strings.Join(lines, "\n"), h-1)
	return strings.Join(append(lines, q.footer()), "\n")
}

func (q *queue) filterLine(w int) string {
	if !q.typing && !q.filtered() {
		return ""
	}
	ask := q.text.Officer.Filter
	q.field.SetWidth(max(w-widget.Width(ask)-7, 1)) // what is longer is scrolled
	return "   " + ask + "  " + q.field.View()
}

// footer says how many there are, and how many of them renew what ends soon.
func (q *queue) footer() string {
	t := q.text.Officer
	if len(q.seen) == 0 {
		return ""
	}
	count := t.Counts[q.pile()].Of(len(q.seen))
	if len(q.seen) == mostListed {
		count = fmt.Sprintf(t.Most, mostListed)
	}
	parts := []string{q.look.Faint.Render(count)}
	if n := q.soon(); n > 0 {
		parts = append(parts, q.look.Warn.Render(q.look.Glyph.Soon+" "+t.Soon.Of(n)))
	}
	if q.trouble != nil {
		title, _ := q.text.OfficerTrouble(q.trouble)
		parts = append(parts, q.look.Bad.Render(q.look.Glyph.Bad+" "+title))
	}
	return "   " + strings.Join(parts, " "+q.look.Glyph.Between+" ")
}

func (q *queue) soon() int {
	n := 0
	for _, app := range q.seen {
		if app.endsSoon(q.now()) {
			n++
		}
	}
	return n
}

func (q *queue) rowsAndDetail(w, room int) []string {
	listed := w - 4
	q.rows = max(room-detailLines-3, 1)
	if w >= wide {
		listed = w - detailWidth - 8
		q.rows = max(room-1, 1)
	}
	lines := []string{q.look.Faint.Render("   " + q.heads().line(listed, q.look))}
	lines = append(lines, strings.Split(q.list.View(q.rows, func(i int, focused bool) string {
		return q.row(q.seen[i], listed, focused)
	}), "\n")...)
	app, _ := q.focused()
	if w >= wide {
		return widget.Beside(lines, app.brief(q.look, q.text, q.now(), detailWidth), listed+5, q.look.Glyph.More)
	}
	lines = append(widget.Lines(strings.Join(lines, "\n"), q.rows+1), "")
	for _, l := range app.brief(q.look, q.text, q.now(), w-6) {
		lines = append(lines, "   "+l)
	}
	return lines
}

// columns are the cells of one row.
type columns struct{ mark, since, whose, template, what string }

// line shares the width: what the request is, is never cut.
func (c columns) line(w int, l widget.Look) string {
	const since = 14
	mark, what := widget.Width(l.Glyph.Soon), widget.Width(l.Glyph.Good)+28
	rest := max(w-mark-since-what-4, 12)
	whose := rest / 2
	more := l.Glyph.More
	return widget.Fit(c.mark, mark, more) + " " + widget.Fit(c.since, since, more) + " " + widget.Fit(c.whose, whose, more) + " " +
		widget.Fit(c.template, rest-whose, more) + " " + widget.Fit(c.what, what, more)
}

func (q *queue) heads() columns {
	t := q.text.Officer
	since := t.Since
	if q.pile() != engine.RequestPending {
		since = t.DecidedAt
	}
	return columns{"", since, t.Whose, t.Template, t.What}
}

// row draws one request.
func (q *queue) row(app Application, w int, focused bool) string {
	at := app.Since
	if !app.waits() {
		at = app.Decided
	}
	c := columns{"", q.text.Ago(at, q.now()), app.whose(), app.Template, app.what(q.look, q.text)}
	if app.endsSoon(q.now()) {
		c.mark = q.look.Warn.Render(q.look.Glyph.Soon)
	}
	line := c.line(w, q.look)
	if focused {
		line = ansi.Strip(line) // the row is reversed as a whole
	}
	return q.look.Row(line, focused)
}
