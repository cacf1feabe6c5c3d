package ui

import (
	"context"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine/words"
)

// screen is one page. View gets the room it has and returns at most h lines of
// at most w cells.
type screen interface {
	Init() tea.Cmd
	Update(msg tea.Msg) tea.Cmd
	View(w, h int) string
	Keys() []key.Binding
}

// scene is what every screen is given: how to look, what to say, what time it
// is, and a context that ends when the page is left.
type scene struct {
	ctx  context.Context //nolint:containedctx // the life of a page, not of a call
	look look
	text *words.Text
	now  func() time.Time
	said *[]tea.Msg // answers and notes the app has not heard yet
}

// staying is a page that cannot be left while something is being recorded, or
// the card checks a PIN.
type staying interface{ stays() bool }

// note is a message for the status line: why a key did nothing, what just
// happened.
type note string

// answer ends the page, or asks something of the app. The app hears it before
// the next key, so what is typed ahead reaches the page that it is for.
func (s scene) answer(msg tea.Msg) tea.Cmd {
	*s.said = append(*s.said, msg)
	return nil
}

func (s scene) say(text string) tea.Cmd { return s.answer(note(text)) }

// moreLines is the line that stands for n lines out of sight.
func (s scene) moreLines(n int) string {
	return "   " + s.look.faint.Render(s.look.glyph.wait+" "+s.text.Count.Lines.Of(n))
}
