package ui

import (
	"context"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

// Demo is what the demo world adds: a look into its mailbox, a tray from which
// cards are put into readers, the chair of the CA's officer, and PINs that are
// given away.
type Demo struct {
	PINHint func(t *words.Text, id engine.CardID) string
	Mail    func() []Mail
	Tray    func(*words.Text) []TrayCard
	Move    func(i int) error // puts the tray's i-th card in, or takes it out
	Officer func(ctx context.Context, c Chair) tea.Model
}

// Chair is where the officer's screen is shown.
type Chair struct {
	Leave           tea.Cmd // what comes when it is left
	ASCII, FewSigns bool    // as in Needs
}

// Mail is one message of the demo's mailbox.
type Mail struct {
	To, Subject, Text string
	At                time.Time
}

// TrayCard is a card that can be put into a reader.
type TrayCard struct {
	Label  string // "0071 2233 Ada's card"
	Reader string // where it would lie
	In     bool
}

func (a *App) demoKeys() []key.Binding {
	if a.needs.Demo == nil {
		return nil
	}
	return []key.Binding{a.keys.mailbox, a.keys.tray, a.keys.officer}
}

func (a *App) demoKey(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	switch {
	case key.Matches(msg, a.keys.mailbox):
		return a.open(func(s scene) popup { return newMailbox(s, a.keys, a.needs.Demo.Mail()) }), true
	case key.Matches(msg, a.keys.tray):
		return a.open(func(s scene) popup {
			cards := func() []TrayCard { return a.needs.Demo.Tray(s.text) }
			return newTray(s, a.keys, cards, a.needs.Demo.Move)
		}), true
	case key.Matches(msg, a.keys.officer):
		chair := Chair{leaveGuest, a.needs.ASCII, a.needs.FewSigns}
		return a.invite(func(s scene) tea.Model { return a.needs.Demo.Officer(s.ctx, chair) }), true
	}
	return nil, false
}

// mailbox shows the messages that have come, the latest in front.
type mailbox struct {
	scene
	keys  keymap
	mail  []Mail
	list  widget.List
	open  bool
	pager widget.Pager
}

func newMailbox(s scene, k keymap, mail []Mail) *mailbox {
	m := &mailbox{scene: s, keys: k, mail: mail}
	m.list.Reset(len(mail))
	return m
}

func (*mailbox) deaf() bool    { return false }
func (*mailbox) Init() tea.Cmd { return nil }
func (m *mailbox) Keys() []key.Binding {
	if m.open {
		return []key.Binding{m.keys.scroll, m.keys.back}
	}
	return []key.Binding{m.keys.choose, m.keys.open, m.keys.back}
}

func (m *mailbox) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	switch {
	case !ok:
	case press.String() == "esc" && m.open:
		m.open = false
	case press.String() == "esc":
		return m.answer(popupClosed{})
	case m.open:
		m.pager.Press(press.String())
	case moves(&m.list, press, 8):
	case press.String() == "enter" && len(m.mail) > 0:
		m.open = true
		m.pager.Top()
	}
	return nil
}

func (m *mailbox) View(w, h int) string {
	t, g := m.text.Demo, m.look.glyph
	head := []string{" " + m.look.title.Render(t.Mailbox), ""}
	if len(m.mail) == 0 {
		return m.pager.View(head, []string{"   " + t.MailboxEmpty}, nil, h, m.moreLines)
	}
	if m.open {
		one := m.mail[m.list.Cursor]
		head = append(head, "   "+one.To+"  "+g.between+"  "+m.look.title.Render(one.Subject), "")
		var body []string
		for _, l := range widget.Wrap(one.Text, w-6) {
			body = append(body, "   "+l)
		}
		return m.pager.View(head, body, nil, h, m.moreLines)
	}
	return m.pager.View(head, []string{m.list.View(h-2, func(i int, focused bool) string {
		one := m.mail[i]
		return m.look.row(widget.Fit(m.text.When(one.At)+"  "+widget.Fit(one.To, 26, g.more)+" "+one.Subject, w-4, g.more), focused)
	})}, nil, h, m.moreLines)
}

// tray puts the demo's cards into readers and takes them out.
type tray struct {
	scene
	keys  keymap
	cards func() []TrayCard
	move  func(int) error
	list  widget.List
	err   error
	busy  bool
}

type trayMoved struct{ err error }

func newTray(s scene, k keymap, cards func() []TrayCard, move func(int) error) *tray {
	t := &tray{scene: s, keys: k, cards: cards, move: move}
	t.list.Reset(len(cards()))
	return t
}

func (*tray) deaf() bool    { return false }
func (*tray) Init() tea.Cmd { return nil }
func (y *tray) Keys() []key.Binding {
	return []key.Binding{y.keys.choose, bind("Enter", y.text.Keys.Card, "enter"), y.keys.back}
}

func (y *tray) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case trayMoved:
		y.err, y.busy = msg.err, false
	case tea.KeyPressMsg:
		switch {
		case moves(&y.list, msg, 8):
		case msg.String() == "esc":
			return y.answer(popupClosed{})
		case msg.String() == "enter" && !y.busy:
			y.busy = true
			i, move := y.list.Cursor, y.move
			return func() tea.Msg { return trayMoved{move(i)} }
		}
	}
	return nil
}

func (y *tray) View(w, h int) string {
	t, g := y.text.Demo, y.look.glyph
	head := []string{" " + y.look.title.Render(t.Tray), " " + y.look.faint.Render(t.TrayHint), ""}
	cards := y.cards()
	y.list.Set(len(cards))
	label, reader := 0, 0
	for _, c := range cards {
		label, reader = max(label, widget.Width(c.Label)), max(reader, widget.Width(c.Reader))
	}
	label = min(label, w/2+2)
	body := y.list.View(h-5, func(i int, focused bool) string {
		c, where := cards[i], t.Out
		if c.In {
			where = t.In
		}
		return y.look.row(widget.Fit(widget.Fit(c.Label, label, g.more)+" "+widget.Fit(c.Reader, reader, g.more)+" "+where, w-4, g.more), focused)
	})
	lines := append(head, body)
	if y.err != nil {
		lines = append(lines, "", y.look.trouble(y.text, y.err, w))
	}
	return strings.Join(lines, "\n")
}
