package ui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
)

// pendingEvery is how often a profile looks whether something was decided that
// its card waits for.
const pendingEvery = 3 * time.Second

// pendingWatch lets a profile that waits for a CA show by itself what the worker
// learns.
type pendingWatch struct {
	news  func(engine.CardID, engine.Pending) (bool, error) // nil: nobody looks
	after func(time.Duration) <-chan time.Time
	busy  bool // a look is to come
}

// pendingLooked is what the look has found.
type pendingLooked struct {
	news bool
	err  error
}

// lookLater looks after a while, where the card in focus waits for something.
func (p *profile) lookLater() tea.Cmd {
	v, ok := p.card()
	if !ok || v.Pending == nil || p.watch.news == nil || p.watch.busy {
		return nil
	}
	p.watch.busy = true
	ctx, after, news := p.ctx, p.watch.after(pendingEvery), p.watch.news
	return func() tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case <-after:
		}
		is, err := news(v.Record.Card.ID, *v.Pending)
		return pendingLooked{is, err}
	}
}

// looked reads everything anew when there is news, and goes on looking.
func (p *profile) looked(msg pendingLooked) tea.Cmd {
	p.watch.busy = false
	if msg.err == nil && msg.news {
		return p.Init()
	}
	return p.lookLater()
}
