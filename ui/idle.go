package ui

import (
	"time"

	tea "charm.land/bubbletea/v2"
)

// idleEvery is how often the app looks whether somebody is still there.
const idleEvery = time.Second

type idleLooked struct{}

// watchIdle looks again after a while.
func (a *App) watchIdle() tea.Cmd {
	if a.needs.After == nil || a.needs.Idle <= 0 && (a.needs.SignIn == nil || a.needs.SignIn.Lock <= 0 && a.needs.SignIn.OneReader <= 0) {
		return nil
	}
	ctx, after := a.ctx, a.needs.After(idleEvery)
	return func() tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case <-after:
			return idleLooked{}
		}
	}
}

// startAnew goes back to the start of the walk when nobody has touched a key for
// long: whoever comes next finds no verified PIN and no plan to be confirmed.
func (a *App) startAnew() tea.Cmd {
	a.shut()
	if a.draft.Task != nil {
		return a.giveBack(a.needs.Text.Frame.Idle)
	}
	if a.isAgent() {
		a.needs.Actor = a.agent.waits
	}
	a.page, a.searched, a.worked = nil, "", workPlace{} // what was typed is forgotten too
	cmd := a.turn(a.home())
	if a.gate == nil {
		a.status = a.needs.Text.Frame.Idle
	}
	return cmd
}

// busy reports whether something goes on that must not be left.
func (a *App) busy() bool {
	p, ok := a.page.(staying)
	return a.running || ok && p.stays()
}

func (a *App) atStart() bool {
	if a.isAgent() {
		return a.atHome() && a.popup == nil
	}
	f, ok := a.page.(*find)
	return ok && a.popup == nil && f.field.Value() == ""
}
