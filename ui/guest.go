package ui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// guest is a screen of somebody else's over the whole of ours: the officer's, in
// the demo. It has every key to itself, and ends with guestLeft.
type guest struct {
	scene
	model tea.Model
}

type (
	// guestLeft is what the guest's command comes back with when it is left.
	guestLeft struct{}
	// lookAgain comes from the app when what a page shows may have changed.
	lookAgain struct{}
)

func leaveGuest() tea.Msg { return guestLeft{} }

func (*guest) deaf() bool          { return false }
func (*guest) Keys() []key.Binding { return nil }
func (g *guest) Init() tea.Cmd     { return g.model.Init() }

func (g *guest) Update(msg tea.Msg) tea.Cmd {
	if _, ok := msg.(guestLeft); ok {
		return g.answer(guestLeft{})
	}
	var cmd tea.Cmd
	g.model, cmd = g.model.Update(msg)
	return cmd
}

func (g *guest) View(int, int) string { return g.model.View().Content }

// invite opens a guest, as large as the screen.
func (a *App) invite(build func(scene) tea.Model) tea.Cmd {
	opened := a.open(func(s scene) popup { return &guest{s, build(s)} })
	return tea.Batch(opened, a.tellPopup(tea.WindowSizeMsg{Width: a.width, Height: a.height}))
}

// hosts reports whether a guest has the screen.
func (a *App) hosts() bool {
	_, ok := a.popup.(*guest)
	return ok
}

// guestIsGone shows the page again, as things are now.
func (a *App) guestIsGone() tea.Cmd {
	a.shut()
	return a.tellPage(lookAgain{})
}
