package ui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

// At a self-service kiosk the app shows one visit: somebody puts their card in, and
// when it is taken out, or they are done, or nobody is there any more, the app ends.
// Whoever runs it starts another one for the next person.

// lobby is what the app knows of a visit.
type lobby struct {
	ending bool // what is in front is the last thing that is said …
	lay    bool // … and a card lay in a reader when it came up
	word   bool // it is said in a pop-up
	warned bool // it is asked whether somebody is still there
	over   bool
	left   bool        // somebody has left the kiosk, which only a demo lets them
	native *words.Text // of the kiosk
	spoken time.Time   // when another language was chosen
}

// holder is what ProveHolder came back with.
type holder struct {
	actor engine.Actor
	user  engine.User
}

// selfService reports whether people are here with their own cards.
func (a *App) selfService() bool { return a.needs.Actor.Mode == engine.SelfService }

// Left reports whether somebody has left the kiosk, and not only their visit.
func (a *App) Left() bool { return a.lobby.left }

// beginVisit shows the start screen.
func (a *App) beginVisit() tea.Cmd {
	a.guard.happens(cameIn, a.needs.Now(), false, false)
	return tea.Batch(a.turn(walk.PutIn), a.lookAtReaders())
}

func (a *App) buildPutIn(s scene) screen {
	a.draft.Release()
	return newPutIn(s, a.needs.Languages, a.speak)
}

// speak has everything said in a language, for this visit.
func (a *App) speak(l words.Language) {
	a.needs.Text = l.Text
	a.keys = newKeys(l.Text.Keys)
	a.keys.quit.SetEnabled(!a.selfService())
	a.lobby.spoken = a.needs.Now()
}

// unspeak goes back to the kiosk's own language when nobody puts a card in.
func (a *App) unspeak() {
	start, ok := a.page.(*putIn)
	if !ok || a.needs.Text == a.lobby.native || a.needs.Now().Sub(a.lobby.spoken) < speaksFor {
		return
	}
	a.speak(words.Language{Text: a.lobby.native})
	start.text = a.lobby.native
}

// proveHolder asks the desk whether whoever typed the PIN is the card's holder.
func (a *App) proveHolder(ctx context.Context, card *engine.Connected) func(engine.PIN) (holder, error) {
	desk, actor := a.needs.Desk, a.needs.Actor
	return func(pin engine.PIN) (holder, error) {
		actor, user, err := desk.ProveHolder(ctx, actor, card, pin)
		return holder{actor, user}, err
	}
}

// isHolder goes on as the card's holder.
func (a *App) isHolder(is holder) {
	if a.selfService() {
		a.needs.Actor, a.draft.User = is.actor, &is.user
	}
}

func (a *App) buildOwnCard(s scene) screen {
	desk, actor, card, user := a.needs.Desk, a.needs.Actor, a.draft.Connected, *a.draft.User
	a.draft.Action, a.draft.Result, a.draft.Proposal, a.draft.Selection = "", nil, nil, engine.Selection{}
	return newOwnCard(s, a.keys, user, func() (ownSeen, error) {
		view, err := desk.View(s.ctx, actor, card, &user)
		return ownSeen{view, desk.Permitted(s.ctx, actor, user.ID, &card.Record)}, err
	})
}

// ownProposed is what an update would do when nothing is chosen.
type ownProposed struct {
	proposal engine.Proposal
	err      error
}

// actOwn begins what the holder has chosen. What an update would do decides whether
// there is anything to choose.
func (a *App) actOwn(msg actionChosen) tea.Cmd {
	a.draft.Action, a.draft.Card = msg.action, msg.card
	if msg.action != walk.UpdateCard {
		return a.next()
	}
	desk, actor, card, user, v := a.needs.Desk, a.needs.Actor, a.draft.Connected, *a.draft.User, a.visit
	return a.bind(v.id, func() tea.Msg {
		p, err := desk.Propose(v.scene.ctx, actor, card, user, engine.Selection{})
		return ownProposed{p, err}
	})
}

func (a *App) proposed(msg ownProposed) tea.Cmd {
	switch {
	case msg.err != nil:
		return a.lastWord(msg.err)
	case !msg.proposal.May.Optional && walk.Idle(msg.proposal):
		a.draft.Action = ""
		a.status = a.needs.Text.Confirm.Nothing
		return nil
	}
	a.draft.Proposal = &msg.proposal
	return a.next()
}

// lastWord says what went wrong, and that is the end of the visit.
func (a *App) lastWord(err error) tea.Cmd {
	var e *engine.Error
	switch {
	case errors.Is(err, context.Canceled):
		return nil
	case errors.As(err, &e) && e.Kind == engine.CardGone && e.Effect == engine.NothingChanged:
		return a.endVisit() // whoever took it out knows
	}
	a.turnAway()
	gone := engine.Is(err, engine.CardGone) // the readers may tell it later
	a.lobby.ending, a.lobby.lay, a.lobby.word = true, !gone && a.cardLies(), true
	a.guard.lastUse = a.needs.Now()
	return a.trouble(err)
}

// turnAway lets the card go, and with it everything that was asked of it: what is
// still on its way comes to nobody.
func (a *App) turnAway() {
	a.visit.leave()
	a.visit = a.newVisitIn(a.ctx)
	a.draft.ForgetCard()
}

// endVisit ends the app, and with it everything the visit knew.
func (a *App) endVisit() tea.Cmd {
	if a.running || a.lobby.over {
		return nil
	}
	a.lobby.over = true
	a.shut()
	a.turnAway()
	a.page = newPutIn(a.visit.scene, a.needs.Languages, a.speak) // nothing of theirs is drawn any more
	a.stage, a.status = walk.PutIn, ""
	return tea.Quit
}

// pressOwn takes the keys that mean something else here, or nothing: there is no way
// out of the kiosk but in a demo.
func (a *App) pressOwn(msg tea.KeyPressMsg) (cmd tea.Cmd, mine bool) {
	switch {
	case a.lobby.over:
		return nil, true
	case a.lobby.warned:
		a.lobby.warned = false
		return nil, true
	case msg.String() == "ctrl+c":
		if a.needs.Demo != nil {
			return a.askQuit(), true
		}
		return nil, true
	case msg.String() == "esc" && a.popup == nil && (a.stage == walk.EnterPIN || a.stage == walk.Profile) && !a.busy():
		return a.endVisit(), true
	case a.stage == walk.PutIn && a.popup == nil:
		if a.needs.Demo != nil {
			if cmd, demo := a.demoKey(msg); demo {
				return cmd, true
			}
		}
		return a.deliver(msg), true
	}
	return nil, false
}

// leaveOwn looks at the clock: whoever has gone is asked whether they are still
// there, and then the visit ends.
func (a *App) leaveOwn() tea.Cmd {
	a.unspeak()
	if a.busy() || a.stage == walk.PutIn && a.popup == nil || a.lobby.over {
		a.lobby.warned = false
		return nil
	}
	left := a.idleLeft()
	a.lobby.warned = left <= idleWarning
	if left <= 0 {
		return a.endVisit()
	}
	return nil
}

func (a *App) idleLeft() time.Duration {
	idle := a.needs.Idle
	if a.lobby.ending {
		idle = min(idle, lastWordFor)
	}
	return idle - a.needs.Now().Sub(a.guard.lastUse)
}

// idleWarning is how long before the end it is asked whether somebody is there; the
// last word of a visit stays for lastWordFor.
const (
	idleWarning = 20 * time.Second
	lastWordFor = time.Minute
)

// stillThere is the question, with the seconds that are left.
func (a *App) stillThere(w, h int) string {
	t := a.needs.Text.Lobby
	seconds := max(int((a.idleLeft()+time.Second-1)/time.Second), 0)
	lines := widget.Large(t.StillThere, a.look.glyph.full, max(w-4, 1), h-6)
	lines = append(widget.Centred(lines, w, len(lines)), "")
	small := append(widget.Wrap(t.Ending.Of(seconds), max(min(w-4, 64), 1)), "", t.AnyKey)
	return strings.Join(widget.Centred(append(lines, widget.Centred(small, w, len(small))...), 0, h), "\n")
}

// cardMovedOwn ends the visit when the card has left its reader. A run says itself
// what became of it.
func (a *App) cardMovedOwn() tea.Cmd {
	switch {
	case a.running:
	case a.lobby.ending && a.cardLies() != a.lobby.lay:
		return a.endVisit() // it was taken out, or somebody has put another in
	case a.draft.Connected != nil && !a.stillLies(a.draft.Connected):
		return a.endVisit()
	}
	return nil
}

// cardLies reports whether there is a card in any reader.
func (a *App) cardLies() bool {
	return slices.ContainsFunc(a.readers.views, func(v engine.ReaderView) bool { return v.Reader.Card })
}

// runOfOwn shows how a run ended. When the card was taken out meanwhile, what is said
// is the last word too.
func (a *App) runOfOwn(msg runEnded) tea.Cmd {
	if msg.err != nil {
		return a.lastWord(msg.err)
	}
	a.draft.Result = &msg.result
	a.lobby.ending, a.lobby.lay = true, a.cardLies()
	return a.turn(walk.Result)
}

// ownHeader says where one is; of the kiosk's own state people need to know nothing.
func (a *App) ownHeader(w int) string {
	t := a.needs.Text
	left := " " + a.look.title.Render(t.Product)
	if a.needs.Demo != nil {
		left += "  " + a.look.accent.Render(t.Demo.Banner)
	}
	return widget.Right(left, engine.Clean(a.needs.Actor.Station)+" ", w, a.look.glyph.more)
}

// bare reports whether the screen has one sentence, and no frame around it.
func (a *App) bare() bool { return a.lobby.warned || a.stage == walk.PutIn && a.popup == nil }

func (a *App) bareView(w, h int) string {
	if a.lobby.warned {
		return a.stillThere(w, h)
	}
	return a.page.View(w, h)
}

// helpHint is what help says below the keys.
func (a *App) helpHint() string {
	if a.selfService() {
		return a.needs.Text.Lobby.HelpHint
	}
	return a.needs.Text.Frame.HelpHint
}

// late takes what comes when the visit has ended: only what has to be wiped or let go
// is looked at.
func (a *App) late(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case bound:
		return a.receive(msg)
	case cardConnected:
		if msg.card != nil {
			_ = msg.card.Close()
		}
	}
	return nil
}
