package officer

import (
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/ui/widget"
)

// popup is a page over the page.
type popup interface {
	// press takes a key; rested tells whether the keys had rested before it.
	press(msg tea.KeyPressMsg, rested bool) tea.Cmd
	paste(msg tea.PasteMsg) tea.Cmd
	view(w, h int) string
	keys() []key.Binding
	deaf() bool    // ignores keys until they have rested
	about() string // the request that it asks about; "" for none
}

// helpPage lists what the keys of the page below do.
type helpPage struct {
	app   *App
	below []key.Binding
}

func (*helpPage) deaf() bool                 { return false }
func (*helpPage) about() string              { return "" }
func (*helpPage) paste(tea.PasteMsg) tea.Cmd { return nil }

func (h *helpPage) keys() []key.Binding {
	return []key.Binding{widget.Bind("Esc", h.app.needs.Text.Keys.Close, "esc")}
}

func (h *helpPage) press(tea.KeyPressMsg, bool) tea.Cmd {
	h.app.shut()
	return nil
}

func (h *helpPage) view(w, _ int) string {
	t := h.app.needs.Text
	lines := append([]string{" " + h.app.look.Title.Render(t.Frame.Help), ""}, h.app.look.KeyLines(h.below, t.Keys.Control)...)
	return strings.Join(append(append(lines, ""), widget.Hang("   ", t.Officer.HelpHint, w)...), "\n")
}

// question asks yes or no about a request.
type question struct {
	app   *App
	id    string
	asked widget.Question
	yes   func() tea.Cmd
	no    func()
}

func (a *App) newQuestion(app Application, title, hint string, yes func() tea.Cmd, no func()) *question {
	t := a.needs.Text.Frame
	return &question{a, app.ID, widget.NewQuestion(title, hint, t.Yes, t.No), yes, no}
}

func (*question) deaf() bool                 { return true }
func (q *question) about() string            { return q.id }
func (*question) paste(tea.PasteMsg) tea.Cmd { return nil }
func (q *question) keys() []key.Binding {
	keys := []key.Binding{q.app.keys.action, q.app.keys.forward, q.app.keys.back}
	if q.asked.Hides() {
		keys = append(keys, q.app.keys.scroll)
	}
	return keys
}

// press answers. A yes is taken from a key that stands by itself only: one of a
// row that was pasted, or held down, is nobody's decision.
func (q *question) press(msg tea.KeyPressMsg, rested bool) tea.Cmd {
	switch answered, yes := q.asked.Press(msg.String()); {
	case yes && !rested:
		q.app.status = q.app.needs.Text.Officer.TooFast
	case yes:
		return q.yes()
	case answered:
		q.no()
	}
	return nil
}

func (q *question) view(w, h int) string { return q.asked.View(q.app.look, w, h, q.app.moreLines) }

// reason asks why a request is to be rejected.
type reason struct {
	app   *App
	of    Application
	field textinput.Model
}

// mostReason is how many characters a reason has at most: it goes into a letter.
const mostReason = 200

func newReason(a *App, of Application, typed string) *reason {
	r := &reason{a, of, widget.NewField("")}
	r.field.CharLimit = mostReason
	r.field.SetValue(typed)
	return r
}

func (*reason) deaf() bool      { return true }
func (r *reason) about() string { return r.of.ID }

func (r *reason) keys() []key.Binding { return []key.Binding{r.app.keys.forward, r.app.keys.back} }

func (r *reason) press(msg tea.KeyPressMsg, _ bool) tea.Cmd {
	switch msg.String() {
	case "esc":
		r.app.shut()
		return nil
	case "enter":
		return r.done()
	}
	return r.edit(msg)
}

func (r *reason) paste(msg tea.PasteMsg) tea.Cmd { return r.edit(msg) }

func (r *reason) edit(msg tea.Msg) (cmd tea.Cmd) {
	r.field, cmd = r.field.Update(msg)
	return cmd
}

func (r *reason) done() tea.Cmd {
	why := strings.TrimSpace(engine.Clean(r.field.Value()))
	if why == "" {
		r.app.status = r.app.needs.Text.Officer.ReasonNeeded
		return nil
	}
	return r.app.askReject(r.of, why)
}

func (r *reason) view(w, _ int) string {
	t := r.app.needs.Text.Officer
	about := widget.Hang("   ", r.app.about(r.of), w)
	lines := append([]string{"", "   " + r.app.look.Title.Render(t.ReasonTitle), ""}, about[:min(len(about), 4)]...)
	r.field.SetWidth(max(w-widget.Width(t.Reason)-9, 1)) // what is longer is scrolled
	lines = append(lines, "", "   "+t.Reason+"  "+r.field.View(), "")
	return strings.Join(append(lines, widget.Hang("   ", t.ReasonHint, w)...), "\n")
}

// notice says something calmly.
type notice struct {
	app  *App
	said widget.Notice
}

func (a *App) newNotice(title string, told ...string) *notice {
	return &notice{a, widget.Notice{Title: title, Told: told, Close: a.needs.Text.Frame.Close}}
}

func (*notice) deaf() bool                 { return true }
func (*notice) about() string              { return "" }
func (*notice) paste(tea.PasteMsg) tea.Cmd { return nil }
func (n *notice) keys() []key.Binding      { return []key.Binding{n.app.keys.done} }

func (n *notice) press(msg tea.KeyPressMsg, _ bool) tea.Cmd {
	if key.Matches(msg, n.app.keys.done) {
		n.app.shut()
	}
	return nil
}

func (n *notice) view(w, _ int) string { return n.said.View(n.app.look, w) }
