package ui

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/ui/widget"
)

// reason asks why a card is revoked, and whether its user keeps the certificates
// where that may be.
type reason struct {
	scene
	keys keymap
	card string // serial number
	list widget.List
	keep bool
}

// reasonGiven is the answer.
type reasonGiven struct {
	why  engine.CardRevokeReason
	keep bool
}

func newReason(s scene, k keymap, card string, before engine.Wish) *reason {
	r := &reason{scene: s, keys: k, card: card, keep: before.Keep}
	r.list.Reset(len(engine.CardRevokeReasons()))
	for i, why := range engine.CardRevokeReasons() {
		if why == before.Reason {
			r.list.Cursor = i
		}
	}
	return r
}

func (*reason) Init() tea.Cmd { return nil }

func (r *reason) Keys() []key.Binding {
	keys := []key.Binding{r.keys.choose}
	if !r.why().AlwaysRevokes() {
		keys = append(keys, r.keys.tick)
	}
	return append(keys, r.keys.forward, r.keys.back, r.keys.help, r.keys.quit)
}

func (r *reason) why() engine.CardRevokeReason { return engine.CardRevokeReasons()[r.list.Cursor] }

func (r *reason) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	switch {
	case !ok || moves(&r.list, press, 8):
	case press.String() == "space" && r.why().AlwaysRevokes():
		return r.say(r.text.Life.Always)
	case press.String() == "space":
		r.keep = !r.keep
	case press.String() == "enter":
		return r.answer(reasonGiven{r.why(), r.keep && !r.why().AlwaysRevokes()})
	}
	return nil
}

func (r *reason) View(w, h int) string {
	t, g := r.text.Life, r.look.glyph
	lines := []string{" " + r.look.title.Render(fmt.Sprintf(t.Why, r.card)), ""}
	all := engine.CardRevokeReasons()
	lines = append(lines, r.list.View(h-4, func(i int, focused bool) string {
		return r.look.row(widget.Fit(t.Reasons[all[i]], w-4, g.more), focused)
	}), "")
	box := g.off
	switch {
	case r.why().AlwaysRevokes():
		return strings.Join(append(lines, hang("   ", t.Always, w)...), "\n")
	case r.keep:
		box = g.on
	}
	return strings.Join(append(lines, hang("   "+box+" ", t.Keep, w)...), "\n")
}
