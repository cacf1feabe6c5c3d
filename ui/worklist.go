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
	"github.com/charmbracelet/x/ansi"

	"cardkiosk/engine"
	"cardkiosk/ui/widget"
)

// mostListed bounds what the work list holds: who has more than that to do
// types a name.
const mostListed = 5000

// workList lists the cards that are due, those first whose certificates end
// first. As on the find page, what one types is looked for, and further pages
// come when the cursor nears the end.
type workList struct {
	scene
	keys  keymap
	begin func(ctx context.Context, text string) (*engine.WorkList, error)
	field textinput.Model
	list  widget.List
	cards []engine.DueCard
	known engine.DuePage // how far it has come, and how old what is known is
	rows  int            // on screen at the last View
	from  int            // where the cursor was at the last visit, until it is there again

	turn    int                // counts the texts; answers to older ones are dropped
	shown   int                // the turn whose cards are on screen
	next    func() tea.Cmd     // asks for one more page
	cancel  context.CancelFunc // ends the list under way
	waiting bool               // a page is on its way
	more    bool               // there are further pages
	trouble error
}

// workPlace is where one was on the work list.
type workPlace struct {
	typed  string
	cursor int
}

type (
	// dueChosen is the answer: whose card it is, and which.
	dueChosen struct {
		user engine.User
		card engine.CardID
	}

	listed struct {
		turn int
		page engine.DuePage
		err  error
	}
)

func newWorkList(s scene, k keymap, at workPlace, begin func(context.Context, string) (*engine.WorkList, error)) *workList {
	return &workList{scene: s, keys: k, begin: begin, field: widget.NewField(at.typed), from: at.cursor, cancel: func() {}}
}

func (l *workList) place() workPlace { return workPlace{l.field.Value(), l.list.Cursor} }

func (l *workList) Init() tea.Cmd { return tea.Batch(l.field.Focus(), l.ask()) }

func (l *workList) Keys() []key.Binding {
	return []key.Binding{l.keys.choose, l.keys.open, l.keys.renew, l.keys.back, l.keys.help}
}

func (l *workList) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case rested:
		if msg.turn == l.turn {
			return l.ask()
		}
	case listed:
		return l.show(msg)
	case tea.KeyPressMsg:
		return l.press(msg)
	case tea.PasteMsg:
		return l.edit(msg)
	}
	return nil
}

func (l *workList) press(msg tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(msg, l.keys.open):
		return l.open()
	case key.Matches(msg, l.keys.renew):
		l.turn++
		return l.ask()
	case msg.String() != "home" && msg.String() != "end" && moves(&l.list, msg, max(l.rows, 1)):
		l.from = 0
		return l.furtherIfNear()
	}
	return l.edit(msg)
}

// open answers with the card under the cursor, if it is one of the text that
// stands in the field.
func (l *workList) open() tea.Cmd {
	if l.shown != l.turn || l.list.Cursor >= len(l.cards) {
		return l.say(l.looking())
	}
	c := l.cards[l.list.Cursor]
	return l.answer(dueChosen{c.User, c.Card.ID})
}

// edit gives a key to the field and, when the text changed, starts to wait for
// the keys to rest.
func (l *workList) edit(msg tea.Msg) tea.Cmd {
	before := l.field.Value()
	var cmd tea.Cmd
	l.field, cmd = l.field.Update(msg)
	if l.field.Value() == before {
		return cmd
	}
	l.cancel()
	l.turn++
	turn := l.turn
	return tea.Batch(cmd, tea.Tick(pause, func(time.Time) tea.Msg { return rested{turn} }))
}

// ask begins a list. It lives until the text changes, it is asked for anew, or
// the page is left.
func (l *workList) ask() tea.Cmd {
	l.cancel()
	l.more, l.waiting = false, false
	ctx, cancel := context.WithCancel(l.ctx)
	l.cancel = cancel
	list, err := l.begin(ctx, l.field.Value())
	if err != nil {
		l.trouble = err
		return nil
	}
	context.AfterFunc(ctx, list.Close)
	l.next = func() tea.Cmd {
		turn := l.turn
		l.waiting = true
		return func() tea.Msg {
			page, err := list.Next()
			return listed{turn, page, err}
		}
	}
	return l.next()
}

func (l *workList) show(msg listed) tea.Cmd {
	if msg.turn != l.turn {
		return nil
	}
	l.waiting = false
	if l.shown != l.turn {
		l.cards, l.trouble, l.shown = nil, nil, l.turn
		l.list.Reset(0)
	}
	l.known = msg.page
	room := mostListed - len(l.cards)
	l.cards = append(l.cards, msg.page.Cards[:min(room, len(msg.page.Cards))]...)
	l.list.Set(len(l.cards))
	if l.from > 0 {
		l.list.Cursor = min(l.from, max(len(l.cards)-1, 0))
	}
	l.more = msg.err == nil && len(l.cards) < mostListed
	if !l.more {
		l.cancel()
		if msg.err != nil && !errors.Is(msg.err, io.EOF) {
			l.trouble = msg.err
		}
	}
	return l.furtherIfNear()
}

// furtherIfNear asks for the next page before the cursor gets there.
func (l *workList) furtherIfNear() tea.Cmd {
	if !l.more || l.waiting || !l.list.Near(3*max(l.rows, 1)) {
		return nil
	}
	return l.next()
}

func (l *workList) View(w, h int) string {
	t := l.text.Due
	var b strings.Builder
	l.field.SetWidth(max(w-widget.Width(t.Ask)-7, 1)) // what is longer is scrolled
	fmt.Fprintf(&b, " %s\n\n   %s  %s\n\n", l.look.title.Render(t.Title), t.Ask, l.field.View())
	room := max(h-5, 1) // between field and footer
	switch {
	case len(l.cards) > 0:
		b.WriteString(l.rowsAndDetail(w, room))
	case l.trouble != nil:
		b.WriteString(l.look.trouble(l.text, l.trouble, w))
	case l.waiting || l.shown != l.turn:
		b.WriteString("   " + l.looking())
	case strings.TrimSpace(l.field.Value()) == "":
		b.WriteString("   " + l.look.good.Render(l.look.glyph.good+" "+t.Nothing))
	default:
		b.WriteString("   " + t.Nobody)
	}
	return strings.Join(append(widget.Lines(b.String(), h-1), l.footer()), "\n")
}

func (l *workList) looking() string { return l.text.Due.Looking.Of(l.known.Looked) }

// footer says how many there are, and how old what is known of users is.
func (l *workList) footer() string {
	t := l.text.Due
	var parts []string
	switch {
	case len(l.cards) == 0:
	case len(l.cards) == mostListed:
		parts = append(parts, fmt.Sprintf(t.Most, mostListed))
	case l.waiting:
		parts = append(parts, fmt.Sprintf(t.More, len(l.cards)), l.looking())
	case l.more:
		parts = append(parts, fmt.Sprintf(t.More, len(l.cards)))
	default:
		parts = append(parts, l.text.Count.Due.Of(len(l.cards)))
	}
	if l.trouble != nil && len(l.cards) > 0 {
		parts = append(parts, l.text.TitleOf(l.trouble))
	}
	switch read := l.known.Snapshot.Refresh; {
	case l.known.Looked == 0:
	case read.IsZero():
		parts = append(parts, t.NoUsers)
	default:
		parts = append(parts, fmt.Sprintf(t.Snapshot, l.text.Ago(read, l.now())))
	}
	return "   " + l.look.faint.Render(strings.Join(parts, " "+l.look.glyph.between+" "))
}

// row draws one card: its holder, its number, and the first reason.
func (l *workList) row(c engine.DueCard, w int, focused bool) string {
	g := l.look.glyph
	why := ""
	switch {
	case len(c.Reasons) > 0:
		why = l.look.reason(c.Reasons[0], l.text.Reason(c.Reasons[0], l.now()))
	case c.Trouble != nil:
		why = l.look.bad.Render(g.bad + " " + l.text.TitleOf(c.Trouble))
	}
	if focused {
		why = ansi.Strip(why) // the row is reversed as a whole
	}
	const serial = 9
	name := max((w-serial)*3/10, 10)
	line := widget.Fit(c.User.Name, name, g.more) + " " + widget.Fit(l.text.Serial(c.Card), serial, g.more) + " " + widget.Fit(why, w-name-serial-2, g.more)
	return l.look.row(line, focused)
}

// detailLines is how many lines below the list describe the card in focus,
// where there is no room beside it.
const detailLines = 5

func (l *workList) rowsAndDetail(w, room int) string {
	listed := w - 4
	l.rows = max(room-detailLines-1, 1)
	if w >= wide {
		listed = w - detailWidth - 8
		l.rows = max(room-1, 1)
	}
	rows := strings.Split(l.list.View(l.rows, func(i int, focused bool) string {
		return l.row(l.cards[i], listed, focused)
	}), "\n")
	if w >= wide {
		return strings.Join(l.beside(rows, l.detail(detailWidth, room), listed+5), "\n")
	}
	rows = append(widget.Lines(strings.Join(rows, "\n"), l.rows), "")
	for _, line := range l.detail(w-6, detailLines) {
		rows = append(rows, "   "+line)
	}
	return strings.Join(rows, "\n")
}

// detail describes the card in focus in at most h lines: every reason as far as
// there is room, and then since when, and how old what is known of it is.
func (l *workList) detail(w, h int) []string {
	c := l.cards[l.list.Cursor]
	who := l.text.Holder(c)
	if c.Policy != "" {
		who += " " + l.look.glyph.between + " " + fmt.Sprintf(l.text.Due.Policy, engine.Clean(c.Policy))
	}
	lines := widget.Wrap(who, w)
	notes := widget.Wrap(strings.Join(l.text.DueNotes(c, l.now()), ", "), w)
	lines = append(append(lines, l.reasons(c, w, h-len(lines)-len(notes))...), notes...)
	return lines[:min(h, len(lines))]
}

// reasons are those of a card in at most h lines. Where there is room for whole
// sentences none is cut.
func (l *workList) reasons(c engine.DueCard, w, h int) []string {
	var lines []string
	for i, r := range c.Reasons {
		said := []string{widget.Fit(l.look.reason(r, l.text.Reason(r, l.now())), w, l.look.glyph.more)}
		if h > detailLines {
			said = widget.Wrap(l.look.reason(r, l.text.Reason(r, l.now())), w)
		}
		last := 1 // for those that are left out
		if i == len(c.Reasons)-1 {
			last = 0
		}
		if len(lines)+len(said)+last > h {
			return append(lines, l.look.faint.Render(l.text.Due.Others.Of(len(c.Reasons)-i)))
		}
		lines = append(lines, said...)
	}
	return lines
}
