// Command emptytea is the least Bubble Tea program in which typed keys can be
// seen: what the kiosk is compared with on the same machine at the same time.
package main

import (
	"os"

	tea "charm.land/bubbletea/v2"
)

// model keeps the last keys.
type model struct{ typed string }

func (m model) Init() tea.Cmd { return nil }

func (m model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if key, ok := msg.(tea.KeyPressMsg); ok {
		m.typed += key.Text
		m.typed = m.typed[max(0, len(m.typed)-40):]
	}
	return m, nil
}

func (m model) View() tea.View {
	v := tea.NewView("Type: " + m.typed)
	v.AltScreen = true
	return v
}

func main() {
	if _, err := tea.NewProgram(model{}, tea.WithFPS(120)).Run(); err != nil { // as the kiosk
		os.Exit(1)
	}
}
