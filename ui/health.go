package ui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
)

// healthKnown is how the kiosk itself does.
type healthKnown struct {
	engine.Health
	err   error
	again bool // asks once more after a while
}

// healthEvery is how often the store is asked; a run asks again when it ends.
const healthEvery = 10 * time.Second

// askHealth asks the store after a while.
func (a *App) askHealth(after time.Duration, again bool) tea.Cmd {
	desk, ctx := a.needs.Desk, a.ctx
	return func() tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(after):
		}
		h, err := desk.Health(ctx)
		return healthKnown{h, err, again}
	}
}
