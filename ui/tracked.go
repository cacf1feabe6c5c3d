package ui

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/ui/widget"
)

// tracked asks which third-party certificates are to be followed. They are
// never touched, whatever is chosen.
type tracked struct {
	scene
	keys   keymap
	all    []engine.ThirdParty
	follow map[string]bool // by fingerprint
	list   widget.List
}

// trackedChosen is the answer: fingerprint → follow it.
type trackedChosen struct{ track map[string]bool }

func newTracked(s scene, k keymap, all []engine.ThirdParty, before map[string]bool) *tracked {
	t := &tracked{scene: s, keys: k, all: all, follow: map[string]bool{}}
	for _, f := range all {
		if f.Unreadable == "" {
			t.follow[f.Certificate.Fingerprint] = f.Tracked
		}
	}
	for print, on := range before {
		t.follow[print] = on
	}
	t.list.Reset(len(all))
	return t
}

func (t *tracked) Init() tea.Cmd { return nil }

func (t *tracked) Keys() []key.Binding {
	return []key.Binding{t.keys.choose, t.keys.tick, t.keys.forward, t.keys.back, t.keys.help, t.keys.quit}
}

func (t *tracked) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	switch {
	case !ok || moves(&t.list, press, 4):
	case key.Matches(press, t.keys.tick):
		f := t.all[t.list.Cursor]
		if f.Unreadable != "" {
			return t.say(t.text.Tracked.Unreadable)
		}
		t.follow[f.Certificate.Fingerprint] = !t.follow[f.Certificate.Fingerprint]
	case key.Matches(press, t.keys.forward):
		return t.answer(trackedChosen{t.follow})
	}
	return nil
}

func (t *tracked) View(w, h int) string {
	lines := []string{" " + t.look.title.Render(t.text.Tracked.Title)}
	for _, l := range widget.Wrap(t.text.Tracked.Hint, w-2) {
		lines = append(lines, " "+t.look.faint.Render(l))
	}
	lines = append(lines, "")
	rows := max((h-len(lines))/3, 1)
	lines = append(lines, t.list.View(rows, func(i int, focused bool) string { return t.row(t.all[i], w-4, focused) }))
	return strings.Join(lines, "\n")
}

// row draws one certificate on three lines: whose, by whom, until when.
func (t *tracked) row(f engine.ThirdParty, w int, focused bool) string {
	g := t.look.glyph
	place := widget.Fit(t.text.Place(f.Place), 4, "")
	if f.Unreadable != "" {
		first := t.look.row(widget.Fit(g.off+" "+place+t.text.Profile.Unreadable, w, g.more), focused)
		return first + "\n" + "           " + widget.Fit(f.Unreadable, w-8, g.more) + "\n"
	}
	box := g.off
	if t.follow[f.Certificate.Fingerprint] {
		box = g.on
	}
	c := f.Certificate
	first := t.look.row(widget.Fit(box+" "+place+c.Subject, w, g.more), focused)
	second := fmt.Sprintf(t.text.Tracked.Issuer, c.Issuer) + "   " + t.text.Span(c.Life(t.now()), c.NotBefore, c.NotAfter)
	return first + "\n" + "           " + widget.Fit(second, w-8, g.more) + "\n"
}
