package ui

import (
	"context"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
)

// turn opens the page of a stage. Whatever the page before had under way is
// cancelled.
func (a *App) turn(to walk.Stage) tea.Cmd {
	if f, ok := a.page.(*find); ok {
		a.searched = f.field.Value()
	}
	if l, ok := a.page.(*workList); ok {
		a.worked = l.place()
	}
	a.visit.leave()
	a.visit = a.newVisit()
	a.stage = to
	a.hush()
	a.page = a.build(to, a.visit.scene)
	v := a.visit
	cmd := tea.Batch(a.bind(v.id, a.page.Init()), a.hear(v), a.tellReaders())
	if to == walk.FindUser {
		cmd = tea.Batch(cmd, a.askPermitted())
	}
	return cmd
}

// next turns to the page that follows.
func (a *App) next() tea.Cmd {
	to, ok := a.draft.Next(a.stage)
	if !ok {
		return nil
	}
	return a.turn(to)
}

// build makes the page of a stage from the draft. Pages get functions; only
// here are these bound to the desk.
func (a *App) build(stage walk.Stage, s scene) screen {
	desk, actor, d := a.needs.Desk, a.needs.Actor, &a.draft
	card := d.Connected // the page's own: the draft may let it go while the page still asks
	switch stage {
	case walk.PutIn:
		return a.buildPutIn(s)
	case walk.FindUser:
		d.Release()
		return newFind(s, a.keys, a.searched, a.needs.Directory, func(text string) (*engine.Search, error) { return desk.Find(s.ctx, actor, text) }, a.may, a.demoKeys())
	case walk.WorkList:
		d.Release()
		d.Listed = true
		return newWorkList(s, a.keys, a.worked, func(ctx context.Context, text string) (*engine.WorkList, error) {
			return desk.WorkList(ctx, actor, text)
		})
	case walk.Profile:
		return a.buildProfile(s)
	case walk.ConnectCard:
		return a.buildConnect(s)
	case walk.ConfirmAssign:
		return a.buildAssign(s)
	case walk.SelectTemplates:
		user := *d.User
		return newTemplates(s, a.keys, d.Selection, func(sel engine.Selection) (engine.Proposal, error) {
			return desk.Propose(s.ctx, actor, card, user, sel)
		})
	case walk.EnterPIN:
		return a.buildPIN(s)
	case walk.SelectTracked:
		return newTracked(s, a.keys, d.Proposal.ThirdParty, d.Selection.Track)
	case walk.Confirm:
		return newConfirm(s, a.keys, d.Proposal.Plan)
	case walk.Update:
		return a.buildProgress(s)
	case walk.GiveReason:
		return newReason(s, a.keys, a.needs.Text.SerialOf(d.Card), d.Wish)
	case walk.ConfirmDeed:
		return a.buildDeed(s)
	case walk.AwaitCard:
		return newAwaitCard(s, a.keys, a.agent.refused)
	case walk.ShowTask:
		return a.buildShowTask(s)
	case walk.TaskList:
		d.Release()
		return a.buildTasks(s)
	case walk.LeaveTask:
		return a.buildLeave(s)
	case walk.Result:
		if a.selfService() {
			return newOwnResult(s, a.keys, *d.Result)
		}
		r := newResult(s, a.keys, *d.Result, d.Action == walk.UpdateAgain)
		r.alone(a.isAgent())
		return r
	}
	return nil
}

func (a *App) buildAssign(s scene) screen {
	desk, actor, card, user := a.needs.Desk, a.needs.Actor, a.draft.Connected, *a.draft.User
	assign := func() (engine.Record, error) { return desk.Assign(s.ctx, actor, card, user) }
	if card.Contents.Blank() {
		return newAssign(s, a.keys, user, card, assign)
	}
	return newAdopt(s, a.keys, user, card, adoptNeeds{
		propose: func() (engine.Adoption, error) { return desk.ProposeAdoption(s.ctx, actor, card, user) },
		adopt:   func(found engine.Adoption) (engine.Record, error) { return desk.Adopt(s.ctx, actor, card, found) },
		assign:  assign,
	})
}

func (a *App) buildProfile(s scene) screen {
	desk, actor, d := a.needs.Desk, a.needs.Actor, &a.draft
	if a.selfService() {
		return a.buildOwnCard(s)
	}
	if d.User == nil {
		card := d.Connected
		return newCardProfile(s, a.keys, a.unknown, a.may, func() ([]engine.User, error) { return desk.Holders(s.ctx, actor, card) })
	}
	d.Action, d.Result, d.Wish = "", nil, engine.Wish{}
	id := d.User.ID
	p := newProfile(s, a.keys, a.opened, func() (engine.Profile, permits, error) {
		profile, err := desk.Profile(s.ctx, actor, id)
		if err != nil {
			return profile, nil, err
		}
		return profile, permitsFor(s.ctx, desk, actor, profile), nil
	})
	if a.needs.After != nil {
		p.watch = pendingWatch{after: a.needs.After, news: func(card engine.CardID, shown engine.Pending) (bool, error) {
			return desk.PendingNews(s.ctx, actor, card, shown)
		}}
	}
	if a.needs.Demo != nil {
		p.demo = []key.Binding{a.keys.officer}
	}
	return p
}

func (a *App) buildConnect(s scene) screen {
	t, d := a.needs.Text, &a.draft
	title := t.Connect.Title
	if d.Card != "" {
		title = t.ConnectTitle(d.Card)
	}
	return newConnect(s, a.keys, title, d.Card, d.Fits)
}

// buildPIN lets what the card is asked go on when the page is left: a command
// that is given up ends the card's session, and the card is still held.
func (a *App) buildPIN(s scene) screen {
	desk, actor, d, ctx := a.needs.Desk, a.needs.Actor, &a.draft, a.session.ctx
	card := d.Connected
	n := pinNeeds{
		newPIN: d.NewPIN(),
		resume: d.Continues(),
		what:   a.needs.Text.Actions[string(d.Action)],
		tries:  func() (engine.Counter, error) { return desk.PINTries(ctx, actor, card) },
	}
	if a.selfService() {
		n.own, n.card, n.check = true, a.needs.Text.OwnCard(card.Contents.Identity), a.proveHolder(ctx, card)
	} else {
		n.card = a.needs.Text.CardOf(d.User.Name, card.Contents.Identity, card.Reader)
		n.check = func(pin engine.PIN) (holder, error) { return holder{}, desk.CheckPIN(ctx, actor, card, pin) }
	}
	if a.needs.Demo != nil {
		n.hint = a.needs.Demo.PINHint(a.needs.Text, card.Contents.Identity.ID)
	}
	return newPIN(s, a.keys, n)
}

func (a *App) buildProgress(s scene) screen {
	t, d := a.needs.Text, &a.draft
	title := t.ProgressTitle(d.Connected.Contents.Identity, d.GoesBack(), d.Action == walk.CancelUpdate)
	if d.Action == walk.EmptyCard {
		title = t.EmptyingTitle(d.Connected.Contents.Identity)
	}
	watch := newRunWatch()
	return newProgress(s, title, watch, func() {
		a.running, a.agent.begun = true, true
		a.runs.Add(1)
		a.needs.Start(a.job(watch))
	})
}

// job is the run that the draft leads to. It does not touch the draft: the app
// waits for its end.
func (a *App) job(watch *runWatch) func(context.Context) {
	desk, actor, d := a.needs.Desk, a.needs.Actor, a.draft
	return func(ctx context.Context) {
		defer a.runs.Done()
		defer watch.endIfPanic()
		var result engine.Result
		var err error
		switch d.Action {
		case walk.IssueCard, walk.UpdateCard:
			result, err = desk.Update(ctx, actor, d.Connected, d.Proposal.Plan, d.PIN, watch.tell)
		case walk.ContinueUpdate:
			result, err = desk.Resume(ctx, actor, d.Connected, d.PIN, watch.tell)
		case walk.TakeBackUpdate:
			result, err = desk.TakeBack(ctx, actor, d.Connected, d.PIN, watch.tell)
		case walk.CancelUpdate:
			result, err = desk.CancelUpdate(ctx, actor, d.Connected, d.PIN, watch.tell)
		case walk.UpdateAgain:
			result, err = desk.EndRejected(ctx, actor, d.Connected, d.PIN, watch.tell)
		case walk.EmptyCard:
			result, err = desk.UnassignIssued(ctx, actor, d.Connected, *d.Emptying, d.PIN, watch.tell)
		case walk.AssignCard, walk.ReadCard, walk.FindOwner, walk.ShowHistory, walk.CardLife, walk.UnassignCard,
			walk.DisableCard, walk.EnableCard, walk.RevokeCard, walk.CleanCard, walk.LeaveUpdate, walk.LeaveCancel:
		}
		watch.end(result, err)
	}
}
