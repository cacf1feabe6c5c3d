package ui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/ui/widget"
)

// pause is how long the keys must rest before the directory is asked.
const pause = 120 * time.Millisecond

// find finds the user as one types. Each change of the text cancels what was
// asked for the text before; further pages come when the cursor nears the end.
type find struct {
	scene
	keys      keymap
	search    func(text string) (*engine.Search, error)
	field     textinput.Model
	directory string // its name
	list      widget.List
	found     foundUsers
	rows      int // on screen at the last View

	turn    int                // counts the texts asked for; answers to older ones are dropped
	shown   int                // the turn whose users are on screen: until new ones come, the old stay
	next    func() tea.Cmd     // asks for one more page of the search under way
	cancel  context.CancelFunc // ends it
	waiting bool               // a page is on its way
	more    bool               // there are further pages
	eager   bool               // Enter was pressed before the answer had come
	trouble error
	may     engine.Permissions
	demo    []key.Binding
}

type (
	// userChosen is the answer: whose card it is.
	userChosen struct{ user engine.User }
	// readCard asks for a card to be read to see whose it is.
	readCard struct{}
	// dueWanted asks for the work list.
	dueWanted struct{}

	rested struct{ turn int }
	found  struct {
		turn int
		page []engine.FoundUser
		err  error
	}
)

func newFind(s scene, k keymap, typed, directory string, search func(string) (*engine.Search, error), may engine.Permissions, demo []key.Binding) *find {
	return &find{scene: s, keys: k, search: search, field: widget.NewField(typed), directory: directory, cancel: func() {}, may: may, demo: demo}
}

func (f *find) Init() tea.Cmd { return tea.Batch(f.field.Focus(), f.ask()) }

func (f *find) Keys() []key.Binding {
	quit := bind("Esc", f.text.Keys.Quit, "esc")
	keys := append([]key.Binding{
		f.keys.choose, f.look.keyUnless(f.may.Denied(engine.ViewCard), f.keys.open), f.look.keyUnless(f.may.Denied(engine.ViewCard), f.keys.read),
		f.look.keyUnless(f.may.Denied(engine.SeeDue), f.keys.due), f.look.keyUnless(f.may.Denied(engine.SeeTasks), f.keys.tasks), f.keys.help,
	}, f.demo...)
	return append(keys, quit)
}

func (f *find) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case permitted:
		f.may = msg.may
	case rested:
		if msg.turn == f.turn {
			return f.ask()
		}
	case found:
		return f.show(msg)
	case tea.KeyPressMsg:
		return f.press(msg)
	case tea.PasteMsg:
		return f.edit(msg)
	}
	return nil
}

func (f *find) press(msg tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(msg, f.keys.open):
		return f.unless(f.may.Denied(engine.ViewCard), f.open)
	case key.Matches(msg, f.keys.read):
		return f.unless(f.may.Denied(engine.ViewCard), func() tea.Cmd { return f.answer(readCard{}) })
	case key.Matches(msg, f.keys.due):
		return f.unless(f.may.Denied(engine.SeeDue), func() tea.Cmd { return f.answer(dueWanted{}) })
	case key.Matches(msg, f.keys.tasks):
		return f.unless(f.may.Denied(engine.SeeTasks), func() tea.Cmd { return f.answer(tasksWanted{}) })
	case msg.String() != "home" && msg.String() != "end" && moves(&f.list, msg, max(f.rows, 1)):
		return f.furtherIfNear()
	}
	return f.edit(msg)
}

// open answers with the user under the cursor. When those on screen belong to
// an older text, it waits for the answer.
func (f *find) open() tea.Cmd {
	switch {
	case f.shown != f.turn, f.waiting && f.found.count() == 0:
		f.eager = true
		return f.say(f.text.Find.Searching)
	case f.list.Cursor < f.found.count():
		return f.answer(userChosen{f.found.at(f.list.Cursor).User})
	}
	return nil
}

// edit gives a key to the field and, when the text changed, starts to wait for
// the keys to rest.
func (f *find) edit(msg tea.Msg) tea.Cmd {
	before := f.field.Value()
	var cmd tea.Cmd
	f.field, cmd = f.field.Update(msg)
	if f.field.Value() == before {
		return cmd
	}
	f.cancel()
	f.turn++
	f.eager = false
	turn := f.turn
	return tea.Batch(cmd, tea.Tick(pause, func(time.Time) tea.Msg { return rested{turn} }))
}

// ask begins a search. It lives until the text changes or the page is left.
func (f *find) ask() tea.Cmd {
	f.more, f.waiting = false, false
	if strings.TrimSpace(f.field.Value()) == "" || f.may.Denied(engine.FindUsers) != nil {
		f.clear()
		return nil
	}
	hits, err := f.search(f.field.Value())
	if err != nil {
		f.trouble = err
		return nil
	}
	ctx, cancel := context.WithCancel(f.ctx)
	context.AfterFunc(ctx, hits.Close)
	f.cancel = cancel
	f.next = func() tea.Cmd {
		turn := f.turn
		f.waiting = true
		return func() tea.Msg {
			page, err := hits.Next(ctx)
			return found{turn, page, err}
		}
	}
	return f.next()
}

func (f *find) show(msg found) tea.Cmd {
	if msg.turn != f.turn {
		return nil
	}
	f.waiting = false
	if f.shown != f.turn {
		f.clear()
	}
	f.found.add(msg.page)
	f.list.Set(f.found.count())
	f.more = msg.err == nil
	if !f.more {
		f.cancel()
		if !errors.Is(msg.err, io.EOF) {
			f.trouble = msg.err
		}
	}
	return tea.Batch(f.furtherIfNear(), f.hurry())
}

// hurry carries out an Enter that came before the answer: it opens the only
// user there is. Of several nobody has been seen yet.
func (f *find) hurry() tea.Cmd {
	if !f.eager || f.more && f.found.count() < 2 {
		return nil
	}
	f.eager = false
	if f.found.count() == 1 && f.trouble == nil {
		return f.answer(userChosen{f.found.at(0).User})
	}
	return f.say("")
}

// clear takes the users of an older text off the screen.
func (f *find) clear() {
	f.found, f.trouble, f.shown = foundUsers{}, nil, f.turn
	f.list.Reset(0)
}

// furtherIfNear asks for the next page before the cursor gets there.
func (f *find) furtherIfNear() tea.Cmd {
	if !f.more || f.waiting || !f.list.Near(3*max(f.rows, 1)) {
		return nil
	}
	return f.next()
}

func (f *find) View(w, h int) string {
	var b strings.Builder
	f.field.SetWidth(max(w-widget.Width(f.text.Find.Ask)-7, 1)) // what is longer is scrolled
	fmt.Fprintf(&b, " %s\n\n   %s  %s\n\n", f.look.title.Render(f.text.Find.Title), f.text.Find.Ask, f.field.View())
	f.rows = max(h-6, 1)
	switch {
	case f.may.Denied(engine.FindUsers) != nil:
		b.WriteString(f.look.trouble(f.text, f.may.Denied(engine.FindUsers), w))
	case f.trouble != nil && f.found.count() == 0:
		b.WriteString(f.look.trouble(f.text, f.trouble, w))
	case f.found.count() > 0:
		b.WriteString(f.rowsAndDetail(w))
	case f.waiting:
		b.WriteString("   " + f.text.Find.Searching)
	case strings.TrimSpace(f.field.Value()) == "":
		b.WriteString("   " + f.look.faint.Render(f.text.Find.Hint))
	default:
		b.WriteString("   " + f.text.Find.Nobody)
	}
	return strings.Join(append(widget.Lines(b.String(), h-1), f.footer()), "\n")
}

func (f *find) footer() string {
	if f.found.count() == 0 {
		return ""
	}
	count := f.text.Count.Hits.Of(f.found.count())
	if f.more {
		count = fmt.Sprintf(f.text.Find.ShownMore, f.found.count())
	}
	if f.trouble != nil {
		count += " " + f.look.glyph.between + " " + f.text.TitleOf(f.trouble)
	}
	if f.directory != "" {
		count += " " + f.look.glyph.between + " " + fmt.Sprintf(f.text.Find.Directory, f.directory)
	}
	return "   " + f.look.faint.Render(count)
}

// row draws one user; the columns share what width there is.
func (f *find) row(u engine.FoundUser, w int, focused bool) string {
	g := f.look.glyph
	state := f.text.Find.NoCard
	if u.Cards > 0 {
		state = f.text.Count.Cards.Of(u.Cards)
	}
	mail := u.User.Mail
	if mail == "" {
		mail = "-"
	}
	mark := ""
	switch {
	case u.User.Disabled:
		mark = g.bad + " " + f.text.Find.Disabled
	case u.Due:
		mark = g.soon + " " + f.text.Find.Due
	case u.Waits:
		mark = g.wait + " " + f.text.Find.Waits
	case u.Cards > 0:
		mark = g.good
	}
	cards, marks := f.columns()
	rest := max(w-cards-marks-4, 12)
	name, logon := rest*3/8, rest/4
	line := widget.Fit(u.User.Name, name, g.more) + " " + widget.Fit(u.User.Logon, logon, g.more) + " " +
		widget.Fit(mail, rest-name-logon, g.more) + " " + widget.Fit(state, cards, g.more) + " " + widget.Fit(mark, marks, g.more)
	return f.look.row(line, focused)
}

// columns are how wide the numbers of cards and the marks behind them are.
func (f *find) columns() (cards, marks int) {
	t, g := f.text.Find, f.look.glyph
	for _, mark := range []string{g.bad + " " + t.Disabled, g.soon + " " + t.Due, g.wait + " " + t.Waits} {
		marks = max(marks, widget.Width(mark))
	}
	return max(widget.Width(t.NoCard), widget.Width(f.text.Count.Cards.Of(99)), 9), max(marks, 11)
}

// From this width on the user in focus is described beside the list.
const (
	wide        = 110
	detailWidth = 40
)

func (f *find) rowsAndDetail(w int) string {
	listed := w - 4
	if w >= wide {
		listed = w - detailWidth - 8
	}
	rows := strings.Split(f.list.View(f.rows, func(i int, focused bool) string {
		return f.row(f.found.at(i), listed, focused)
	}), "\n")
	if w >= wide {
		rows = f.beside(rows, f.detail(detailWidth), listed+5)
	}
	return strings.Join(rows, "\n")
}

// beside puts a pane of details beside rows that are w cells wide.
func (s scene) beside(rows, pane []string, w int) []string {
	return widget.Beside(rows, pane, w, s.look.glyph.more)
}

// detail describes the user in focus.
func (f *find) detail(w int) []string {
	u := f.found.at(f.list.Cursor).User
	lines := []string{f.look.title.Render(u.Name)}
	for _, d := range []struct{ format, value string }{
		{"%s", u.Logon}, {"%s", u.Mail}, {f.text.Find.UPN, u.UPN}, {f.text.Find.SID, u.SID}, {f.text.Find.DN, strings.ReplaceAll(u.DN, ",", ", ")}, // so that it breaks there
	} {
		if d.value != "" {
			lines = append(lines, widget.Wrap(fmt.Sprintf(d.format, d.value), w)...)
		}
	}
	return lines
}
