package ui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
	"cardkiosk/ui/widget"
)

// connect lists the readers by name, with what is in each. A card that is the
// one meant is taken by itself; otherwise a person chooses, never the program.
type connect struct {
	scene
	keys    keymap
	title   string
	fits    func(engine.ReaderView) walk.Unfit
	meant   engine.CardID // taken as soon as it is there; "" for none
	readers []engine.ReaderView
	list    widget.List
	seen    bool
	trouble error
	busy    string // name of the reader whose card is being read
}

type (
	// readerChosen is the answer: read the card in this reader.
	readerChosen struct{ name string }
	// readersSeen comes from the app whenever readers or cards change.
	readersSeen struct {
		views   []engine.ReaderView
		trouble error
	}
	// readFailed comes from the app when the chosen card could not be read.
	readFailed struct{ err error }
)

func newConnect(s scene, k keymap, title string, meant engine.CardID, fits func(engine.ReaderView) walk.Unfit) *connect {
	return &connect{scene: s, keys: k, title: title, meant: meant, fits: fits}
}

func (c *connect) Init() tea.Cmd { return nil }

func (c *connect) Keys() []key.Binding {
	return []key.Binding{c.keys.choose, c.keys.open, c.keys.back, c.keys.help, c.keys.quit}
}

func (c *connect) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case readersSeen:
		return c.show(msg)
	case readFailed:
		c.busy, c.trouble = "", msg.err
	case tea.KeyPressMsg:
		if moves(&c.list, msg, 8) {
			return nil
		}
		if key.Matches(msg, c.keys.open) {
			return c.choose()
		}
	}
	return nil
}

func (c *connect) show(msg readersSeen) tea.Cmd {
	c.readers, c.seen, c.trouble = msg.views, true, msg.trouble
	c.list.Set(len(c.readers))
	for i, v := range c.readers {
		if c.busy == "" && v.Card != nil && v.Card.ID == c.meant && c.meant != "" {
			c.list.Cursor = i
			return c.choose()
		}
	}
	return nil
}

func (c *connect) choose() tea.Cmd {
	if c.busy != "" || c.list.Cursor >= len(c.readers) {
		return nil
	}
	v := c.readers[c.list.Cursor]
	if why := c.fits(v); why != walk.Fit {
		return c.say(c.text.Unfits[string(why)])
	}
	c.busy, c.trouble = v.Reader.Name, nil
	return c.answer(readerChosen{v.Reader.Name})
}

func (c *connect) View(w, h int) string {
	lines := []string{" " + c.look.title.Render(c.title), ""}
	switch {
	case c.trouble != nil:
		lines = append(lines, c.look.trouble(c.text, c.trouble, w), "")
	case !c.seen:
		return strings.Join(append(lines, "   "+c.text.Frame.Working), "\n")
	}
	if c.seen && len(c.readers) == 0 && c.trouble == nil {
		for _, l := range widget.Wrap(c.text.Connect.NoReaders, w-6) {
			lines = append(lines, "   "+l)
		}
	}
	rows := c.list.View(max(h-len(lines)-2, 1), func(i int, focused bool) string {
		return c.look.row(c.row(c.readers[i], w-4), focused)
	})
	return strings.Join(append(lines, rows, "", "   "+c.look.faint.Render(c.text.Connect.PutIn)), "\n")
}

func (c *connect) row(v engine.ReaderView, w int) string {
	t, g := c.text.Connect, c.look.glyph
	what := c.text.InReader(v, g.between)
	switch {
	case c.busy == v.Reader.Name:
		what = t.Reading
	case v.Reader.Mute || v.Err != nil:
		what = g.bad + " " + what
	}
	name := w * 2 / 5
	return widget.Fit(engine.Clean(v.Reader.Name), name, g.more) + " " + widget.Fit(what, w-name-1, g.more)
}
