package officer

import (
	"context"

	tea "charm.land/bubbletea/v2"
)

// decided is what the CA answered.
type decided struct {
	app Application // as it was when one decided
	now Application // as it is, where the CA refused; without an ID when nobody knows
	yes bool        // approved, not rejected
	err error
}

// wish begins a decision about the request in front, if there is one that can be
// decided.
func (a *App) wish(begin func(Application) tea.Cmd) tea.Cmd {
	app, ok := a.queue.focused()
	if a.detail != nil {
		app, ok = a.detail.app, true
	}
	switch {
	case !ok:
		return nil
	case a.deciding:
		a.status = a.needs.Text.Officer.Deciding
		return nil
	case !app.waits():
		a.status = a.needs.Text.DecidedAlready(app.State)
		return nil
	}
	return begin(app)
}

func (a *App) askApprove(app Application) tea.Cmd {
	t := a.needs.Text.Officer
	a.open(a.newQuestion(app, t.ApproveTitle, a.approveHint(app), func() tea.Cmd {
		a.shut()
		return a.decide(app, true, a.needs.Approve)
	}, a.shut))
	return nil
}

func (a *App) askReason(app Application) tea.Cmd { return a.openReason(app, "") }

func (a *App) openReason(app Application, typed string) tea.Cmd {
	r := newReason(a, app, typed)
	a.open(r)
	return r.field.Focus()
}

// askReject asks once more. Whoever says no can go on with the reason.
func (a *App) askReject(app Application, reason string) tea.Cmd {
	t := a.needs.Text
	hint := a.about(app) + "\n\n" + t.RejectHint(reason)
	a.open(a.newQuestion(app, t.Officer.RejectTitle, hint, func() tea.Cmd {
		a.shut()
		return a.decide(app, false, func(ctx context.Context, id string) error { return a.needs.Reject(ctx, id, reason) })
	}, func() { a.openReason(app, reason) }))
	return nil
}

// decide tells the CA. A refusal brings along what became of the request.
func (a *App) decide(app Application, yes bool, do func(ctx context.Context, id string) error) tea.Cmd {
	a.deciding = true
	a.turn++ // a list that is under way does not know of it
	a.asking = false
	a.status = a.needs.Text.Officer.Deciding
	ctx, show := a.ctx, a.needs.Show
	return func() tea.Msg {
		msg := decided{app: app, yes: yes, err: do(ctx, app.ID)}
		if msg.err != nil {
			if now, err := show(ctx, app.ID); err == nil {
				msg.now = now.cleaned()
			}
		}
		return msg
	}
}

// settle says what came of a decision, and reads the list anew.
func (a *App) settle(msg decided) tea.Cmd {
	t := a.needs.Text
	a.deciding, a.status = false, ""
	if msg.err != nil {
		a.refused(msg)
		return tea.Batch(a.ask(), a.askDetail())
	}
	a.status = t.Decided(msg.yes, msg.app.whose(), msg.app.Template)
	a.queue.drop(msg.app.ID)
	a.detail = nil
	return a.ask()
}

// refused says calmly that the CA did not do what one wanted.
func (a *App) refused(msg decided) {
	t := a.needs.Text
	if msg.now.ID != "" && !msg.now.waits() {
		a.queue.drop(msg.app.ID) // so that it is not said twice
		if a.detail != nil && a.detail.app.ID == msg.app.ID {
			a.detail.app = msg.now
		}
		a.open(a.newNotice(t.Elsewhere(msg.app.whose(), msg.app.Template), a.outcome(msg.now), t.Officer.ElsewhereHint))
		return
	}
	title, hint := t.OfficerTrouble(msg.err)
	a.open(a.newNotice(title, hint, t.Officer.StillWaits))
}

// outcome says what a request is now, by whom, and with which words.
func (a *App) outcome(app Application) string {
	said := a.needs.Text.Outcome(app.State, app.By, app.Decided)
	if app.Words != "" {
		said += ": " + app.Words
	}
	return said
}
