package ui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
)

// readersLooked is what is known now of the cards that have stayed in their readers.
type readersLooked struct{ views []engine.ReaderView }

// lookAnew looks again whose the cards in the readers are. The watch tells only when
// cards come and go, and not that one was given to somebody, or taken from them.
func (a *App) lookAnew() tea.Cmd {
	desk, actor, ctx, known := a.needs.Desk, a.needs.Actor, a.session.ctx, a.readers.views
	return func() tea.Msg {
		views, err := desk.LookAtReaders(ctx, actor, known)
		if err != nil {
			return nil // the watch says so too
		}
		return readersLooked{views}
	}
}

// readersWere takes what was seen of the cards that are still there: the watch may
// have told meanwhile that others have come.
func (a *App) readersWere(msg readersLooked) tea.Cmd {
	views := slices.Clone(a.readers.views) // the watch and the page have the old ones
	for i, v := range views {
		for _, seen := range msg.views {
			if r := v.Reader; seen.Reader.Name == r.Name && seen.Reader.Visit == r.Visit && seen.Reader.Card == r.Card && seen.Reader.Mute == r.Mute {
				views[i] = seen
				views[i].Reader = r
			}
		}
	}
	a.readers.views = views
	return a.tellReaders()
}
