package ui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
)

// overhear notes what the walk wants of a message that is a page's own.
func (a *App) overhear(msg tea.Msg) {
	loaded, ok := msg.(profileLoaded)
	if !ok || loaded.err != nil {
		return
	}
	a.draft.User, a.binds = &loaded.profile.User, loaded.profile.Tasks.Station
	waits := func(v engine.CardView) bool { return v.Pending != nil }
	if a.needs.Nudge != nil && slices.ContainsFunc(loaded.profile.Cards, waits) {
		a.needs.Nudge() // letters may have come of asking the CA
	}
}

// answered takes the answers by which pages end, fills the draft and turns the
// page.
func (a *App) answered(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case note:
		a.status = string(msg)
	case userChosen:
		a.draft.User, a.focused, a.opened = &msg.user, "", ""
		return a.turn(walk.Profile)
	case dueWanted:
		a.worked = workPlace{}
		return a.turn(walk.WorkList)
	case dueChosen:
		a.draft.User, a.focused, a.opened = &engine.User{ID: msg.user.ID, Name: msg.user.Name, Logon: msg.user.Logon}, "", msg.card
		return a.turn(walk.Profile)
	case readCard:
		a.opened = ""
		a.draft.Action = walk.ReadCard
		return a.turn(walk.ConnectCard)
	case cardFocused:
		a.focused = msg.card
		return a.seeFocused()
	case actionChosen:
		return a.act(msg)
	case historyWanted:
		return a.openHistory(msg.card)
	case lifeWanted:
		return a.open(func(s scene) popup { return newLifeMenu(s, a.keys, msg.card, msg.may) })
	case refused:
		return a.trouble(msg.why)
	case readerChosen:
		return a.connectTo(msg.name)
	case assigned:
		return a.wasAssigned(msg)
	case wentBack:
		return a.back()
	default:
		return a.answeredLate(msg)
	}
	return nil
}

// answeredLate takes the answers of the pages from the templates on.
func (a *App) answeredLate(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case selected:
		a.draft.Selection.Optional = msg.selection.Optional
		a.draft.Proposal = &msg.proposal
		return a.next()
	case pinGiven:
		a.draft.ForgetPIN()
		a.isHolder(msg.holder)
		if a.draft.PIN = msg.pin; a.gate != nil {
			return a.forgetPIN()
		}
		return a.next()
	case cardFailed:
		return a.loseCard(msg.err)
	case trackedChosen:
		return a.trackedAre(msg.track)
	case confirmed:
		return a.next()
	case reasonGiven:
		a.draft.Wish.Reason, a.draft.Wish.Keep = msg.why, msg.keep
		return a.next()
	case deedPlanned:
		a.draft.Emptying = msg.plan
		return a.next()
	case deedDone:
		return a.deedIsDone(msg)
	case runEnded:
		return a.runIsOver(msg)
	case walkDone:
		return a.walkIsOver(msg)
	case leaving:
		return a.endVisit()
	}
	return a.answeredBeside(msg)
}

// answeredBeside takes the answers of pages and pop-ups beside the walk: tasks, and
// who comes and goes.
func (a *App) answeredBeside(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case notNow:
		return a.giveBack("")
	case tasksWanted:
		return a.turn(walk.TaskList)
	case taskLeft:
		cmd := a.turn(walk.Profile)
		a.status = a.needs.Text.Tasks.Left
		return cmd
	case removeTask:
		t := a.needs.Text.Tasks
		return a.open(func(s scene) popup { return newQuestion(s, a.keys, t.AskRemove, t.RemoveHint, removeConfirmed(msg)) })
	case removeConfirmed:
		a.shut()
		return a.tellPage(msg)
	case popupClosed:
		a.shut()
		if a.lobby.word {
			return a.endVisit()
		}
	case guestLeft:
		return a.guestIsGone()
	case quitConfirmed:
		a.lobby.left = true
		return a.quit()
	case signOutConfirmed:
		return a.guards(wentOut)
	case cameThrough:
		return a.letIn(msg)
	case gateLeft:
		if a.guard.state == guardShut {
			return a.askQuit()
		}
	}
	return nil
}

func (a *App) act(msg actionChosen) tea.Cmd {
	if a.selfService() {
		return a.actOwn(msg)
	}
	if msg.action == walk.FindOwner {
		if msg.whose != "" {
			a.searched = msg.whose
		}
		return a.turn(walk.FindUser)
	}
	a.draft.Action, a.draft.Card = msg.action, msg.card
	return a.next()
}

func (a *App) openHistory(card engine.CardID) tea.Cmd {
	desk, actor := a.needs.Desk, a.needs.Actor
	return a.open(func(s scene) popup {
		return newHistory(s, a.keys, func() ([]engine.RunSummary, error) { return desk.History(s.ctx, actor, card) })
	})
}

func (a *App) wasAssigned(msg assigned) tea.Cmd {
	if msg.err != nil {
		return a.trouble(msg.err)
	}
	a.draft.Connected.Record = msg.record
	cmd := a.turn(walk.Profile)
	a.status = a.needs.Text.Assign.Done
	if msg.over {
		a.status = a.needs.Text.Adopt.Done
	}
	return tea.Batch(cmd, a.lookAnew())
}

// trackedAre plans anew with the third-party certificates that were chosen.
func (a *App) trackedAre(track map[string]bool) tea.Cmd {
	d := &a.draft
	d.Selection.Track = track
	p, err := a.needs.Desk.Propose(a.session.ctx, a.needs.Actor, d.Connected, *d.User, d.Selection)
	if err != nil {
		return a.trouble(err)
	}
	d.Proposal = &p
	return a.next()
}

// runIsOver shows how the run ended. After trouble the card is read again from
// the start: what it holds now decides what can be done.
func (a *App) runIsOver(msg runEnded) tea.Cmd {
	a.running = false
	a.guard.lastUse = a.needs.Now()
	a.draft.ForgetPIN()
	switch {
	case a.quitting:
		return a.quit()
	case a.guard.ending:
		return a.guards(timePassed)
	}
	if a.selfService() {
		return a.runOfOwn(msg)
	}
	health := a.askHealth(0, false)
	if a.isAgent() {
		return tea.Batch(a.agentRunIsOver(msg), health)
	}
	if msg.err != nil {
		a.draft.ForgetCard()
		profile := a.turn(walk.Profile)
		return tea.Batch(profile, a.trouble(msg.err), health, a.lookAnew())
	}
	a.draft.Result = &msg.result
	return tea.Batch(a.turn(walk.Result), health, a.lookAnew())
}

func (a *App) walkIsOver(msg walkDone) tea.Cmd {
	switch {
	case a.isAgent():
		return a.await()
	case a.selfService():
		return a.endVisit()
	}
	a.draft.ForgetCard()
	a.draft.Result = nil
	switch {
	case msg.another:
		a.searched = ""
		return a.turn(a.draft.Start())
	case msg.again:
		a.draft.Action = walk.UpdateCard
		return a.turn(walk.ConnectCard)
	case a.draft.Action == walk.EmptyCard:
		a.focused = "" // it is the user's no more
	}
	return a.turn(walk.Profile)
}

// trouble shows what went wrong over the page.
func (a *App) trouble(err error) tea.Cmd {
	return a.open(func(s scene) popup { return &troublePage{s, err} })
}

// quit ends the program, or asks a run to stop first.
func (a *App) quit() tea.Cmd {
	a.shut()
	if a.running {
		a.quitting = true
		a.status = a.needs.Text.Progress.Stopping
		a.needs.Stop()
		return nil
	}
	return tea.Quit
}
