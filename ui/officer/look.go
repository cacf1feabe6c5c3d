package officer

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
)

// every is how often the screen looks again by itself.
const every = 5 * time.Second

type (
	looked struct{}
	listed struct {
		turn int
		all  []Application
		err  error
	}
	shown struct {
		app Application
		id  string
		err error
	}
	crlKnown struct {
		crl   CRL
		err   error
		known bool
	}
)

// watch looks again after a while.
func (a *App) watch() tea.Cmd {
	ctx, after := a.ctx, a.needs.After(every)
	return func() tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case <-after:
			return looked{}
		}
	}
}

// lookAgain asks for what others may have changed. What is decided stays so,
// and may be a long list: that is read when one asks for it.
func (a *App) lookAgain() tea.Cmd {
	if engine.Is(a.queue.trouble, engine.Forbidden) {
		return nil // the CA notes each time that somebody asks who may not
	}
	cmds := []tea.Cmd{a.askCRL()}
	if a.queue.pile() == engine.RequestPending && !a.asking && !a.deciding {
		cmds = append(cmds, a.ask())
	}
	return tea.Batch(append(cmds, a.askDetail())...)
}

func (a *App) lookAgainNow() tea.Cmd {
	a.status = a.needs.Text.Officer.Looking
	return tea.Batch(a.askCRL(), a.ask(), a.askDetail())
}

// ask asks for the list.
func (a *App) ask() tea.Cmd {
	a.cancel()
	a.turn++
	a.asking = true
	ctx, cancel := context.WithCancel(a.ctx)
	a.cancel = cancel
	list, turn, pile := a.needs.List, a.turn, a.queue.pile()
	return func() tea.Msg {
		all, err := list(ctx, pile)
		for i := range all {
			all[i] = all[i].cleaned()
		}
		return listed{turn, all, err}
	}
}

// askDetail asks for the request whose page is open.
func (a *App) askDetail() tea.Cmd {
	if a.detail == nil || a.deciding {
		return nil
	}
	ctx, show, id := a.ctx, a.needs.Show, a.detail.app.ID
	return func() tea.Msg {
		app, err := show(ctx, id)
		return shown{app.cleaned(), id, err}
	}
}

func (a *App) askCRL() tea.Cmd {
	ctx, crl := a.ctx, a.needs.CRL
	return func() tea.Msg {
		c, err := crl(ctx)
		return crlKnown{c, err, true}
	}
}

// show takes a list. Of a request that one looks at, and that is gone from it,
// it says so.
func (a *App) show(msg listed) {
	if msg.turn != a.turn {
		return
	}
	a.asking = false
	if a.status == a.needs.Text.Officer.Looking {
		a.status = ""
	}
	if msg.err != nil {
		a.queue.trouble = msg.err
		return
	}
	before, had := a.queue.focused()
	a.queue.set(msg.all)
	if had && before.waits() && a.queue.pile() == engine.RequestPending && !has(msg.all, before.ID) {
		a.elsewhere(before)
	}
}

func has(all []Application, id string) bool {
	return slices.ContainsFunc(all, func(app Application) bool { return app.ID == id })
}

// elsewhere says that a request is decided that one was about to decide.
func (a *App) elsewhere(app Application) {
	said := a.needs.Text.Elsewhere(app.whose(), app.Template)
	if a.popup != nil && a.popup.about() == app.ID {
		a.open(a.newNotice(said, a.needs.Text.Officer.ElsewhereHint))
		return
	}
	a.status = said
}

// showDetail takes what became of the request whose page is open.
func (a *App) showDetail(msg shown) {
	if a.detail == nil || a.detail.app.ID != msg.id || a.deciding {
		return
	}
	a.detail.trouble = msg.err
	if msg.err != nil {
		return
	}
	before := a.detail.app
	a.detail.app = msg.app
	if before.waits() && !msg.app.waits() {
		a.elsewhere(before)
	}
}
