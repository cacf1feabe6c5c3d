package ui

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
	"cardkiosk/ui/widget"
)

// lifeMenu lists what can become of a card beside the update. It ends with
// actionChosen.
type lifeMenu struct {
	scene
	keys    keymap
	card    engine.Identity
	actions []walk.Action
	may     permits
	list    widget.List
}

// lifeWanted asks for the menu.
type lifeWanted struct {
	card engine.CardView
	may  permits
}

func newLifeMenu(s scene, k keymap, card engine.CardView, may permits) *lifeMenu {
	m := &lifeMenu{scene: s, keys: k, card: card.Record.Card, actions: walk.LifeActions(card), may: may}
	m.list.Reset(len(m.actions))
	return m
}

func (*lifeMenu) deaf() bool    { return false }
func (*lifeMenu) Init() tea.Cmd { return nil }
func (m *lifeMenu) Keys() []key.Binding {
	return []key.Binding{m.keys.choose, m.keys.forward, m.keys.back}
}

func (m *lifeMenu) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	switch {
	case !ok || moves(&m.list, press, 8):
	case press.String() == "esc":
		return m.answer(popupClosed{})
	case press.String() == "enter" && m.explains() != nil:
		return m.answer(refused{m.explains()})
	case press.String() == "enter":
		_ = m.answer(popupClosed{})
		return m.answer(actionChosen{action: m.actions[m.list.Cursor], card: m.card.ID})
	}
	return nil
}

// explains implements explaining.
func (m *lifeMenu) explains() error { return m.denied(m.actions[m.list.Cursor]) }

func (m *lifeMenu) denied(a walk.Action) error { return m.may.denied(m.card.ID, a) }

func (m *lifeMenu) View(w, h int) string {
	lines := []string{" " + m.look.title.Render(fmt.Sprintf(m.text.Life.Choose, m.text.Serial(m.card))), ""}
	names := 0
	for _, a := range m.actions {
		names = max(names, widget.Width(m.look.marked(m.denied(a), m.text.Actions[string(a)])))
	}
	rows := m.list.View(h-len(lines), func(i int, focused bool) string {
		a := string(m.actions[i])
		row := widget.Fit(m.look.marked(m.denied(m.actions[i]), m.text.Actions[a]), max(names+2, 16), "") + m.text.Life.Hints[a]
		row = widget.Fit(row, w-4, m.look.glyph.more)
		if !focused {
			row = m.look.dimmed(m.denied(m.actions[i]), row)
		}
		return m.look.row(row, focused)
	})
	return strings.Join(append(lines, rows), "\n")
}
