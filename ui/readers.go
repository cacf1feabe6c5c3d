package ui

import (
	"context"
	"errors"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
)

// readerWatch is what the app knows of the readers.
type readerWatch struct {
	views   []engine.ReaderView
	seen    bool
	trouble error
	reading string // reader whose card is being read
}

type (
	readersChanged struct {
		session int
		views   []engine.ReaderView
		err     error
	}
	// cardConnected is a card that was read. A card for a page that was left is
	// closed again.
	cardConnected struct {
		visit int // of the page that wanted it
		card  *engine.Connected
		err   error
	}
)

// retryReaders is how often the smart card service is asked for while it is
// away.
const retryReaders = 2 * time.Second

func (a *App) lookAtReaders() tea.Cmd {
	desk, actor, s := a.needs.Desk, a.needs.Actor, a.session
	return func() tea.Msg {
		views, err := desk.LookAtReaders(s.ctx, actor, nil)
		return readersChanged{s.number, views, err}
	}
}

func (a *App) watchReaders() tea.Cmd {
	desk, actor, s, known := a.needs.Desk, a.needs.Actor, a.session, a.readers.views
	return func() tea.Msg {
		views, err := desk.WatchReaders(s.ctx, actor, known)
		return readersChanged{s.number, views, err}
	}
}

func (a *App) readersAre(msg readersChanged) tea.Cmd {
	if a.session.ctx.Err() != nil || msg.session != a.session.number {
		return nil
	}
	before := a.readers.views
	a.readers.views, a.readers.trouble, a.readers.seen = msg.views, msg.err, true
	a.sayReady(before)
	a.lockSooner()
	again := a.watchReaders()
	switch {
	case engine.Is(msg.err, engine.Forbidden):
		again = nil // each look is in the audit
	case msg.err != nil:
		look := a.lookAtReaders()
		ctx := a.session.ctx
		again = func() tea.Msg {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(retryReaders):
				return look()
			}
		}
	}
	return tea.Batch(again, a.cardMoved(), a.tellReaders(), a.findTask())
}

// sayReady says, where users are looked for, that a card was put in whose update was
// approved.
func (a *App) sayReady(before []engine.ReaderView) {
	if a.stage != walk.FindUser && a.stage != walk.WorkList {
		return
	}
	for _, v := range a.readers.views {
		known := slices.ContainsFunc(before, func(b engine.ReaderView) bool {
			return b.Reader.Name == v.Reader.Name && b.Reader.Visit == v.Reader.Visit && b.Ready
		})
		if v.Ready && !known && v.Card != nil {
			a.status = a.needs.Text.ReadyInReader(v)
		}
	}
}

// tellReaders gives the page what is known of the readers.
func (a *App) tellReaders() tea.Cmd {
	if !a.readers.seen {
		return nil
	}
	cmd := a.tellPage(readersSeen{a.readers.views, a.readers.trouble})
	return tea.Batch(cmd, a.seeFocused())
}

// cardMoved notices that the connected card has left its reader.
func (a *App) cardMoved() tea.Cmd {
	if a.selfService() {
		return a.cardMovedOwn()
	}
	c := a.draft.Connected
	if c == nil || a.running || a.stillLies(c) {
		return nil
	}
	id := c.Contents.Identity.ID
	if a.isAgent() {
		return a.cardLeftAgent()
	}
	switch a.stage {
	case walk.FindUser, walk.PutIn, walk.WorkList, walk.ConnectCard, walk.Update, walk.Result, walk.AwaitCard, walk.ShowTask, walk.TaskList:
		return nil
	case walk.Profile:
		a.draft.ForgetCard()
		if a.draft.User == nil {
			return a.turn(walk.FindUser)
		}
		return a.tellPage(cardLost{id})
	case walk.GiveReason, walk.LeaveTask: // of a card that need not be there
		a.draft.ForgetCard()
		return nil
	case walk.ConfirmDeed:
		if a.busy() {
			return nil // whoever does it says what became of the card
		}
		if !a.draft.NeedsCard() {
			a.draft.ForgetCard()
			return nil
		}
		return a.loseCard(&engine.Error{Op: "hold card", Kind: engine.CardGone, Subject: c.Reader})
	case walk.ConfirmAssign, walk.SelectTemplates, walk.EnterPIN, walk.SelectTracked, walk.Confirm:
		return a.loseCard(&engine.Error{Op: "hold card", Kind: engine.CardGone, Subject: c.Reader})
	}
	return nil
}

// stillLies reports whether a card has not left its reader, as far as is known.
func (a *App) stillLies(c *engine.Connected) bool {
	for _, v := range a.readers.views {
		lies := v.Reader.Card && v.Reader.Visit == c.Visit
		older := v.Reader.Visit < c.Visit // what the watch saw before the card came
		if v.Reader.Name == c.Reader && (lies || older) {
			return true
		}
	}
	return false
}

// loseCard says why the card is not held any more, and has it read again as
// soon as it is there.
func (a *App) loseCard(why error) tea.Cmd {
	switch {
	case a.isAgent():
		return a.loseAgentCard(why)
	case a.selfService():
		return a.lastWord(why)
	}
	a.draft.ForgetCard()
	return tea.Batch(a.turn(walk.ConnectCard), a.trouble(why))
}

// seeFocused reads the card the profile page shows, if it lies in a reader and
// was not read yet.
func (a *App) seeFocused() tea.Cmd {
	if a.stage != walk.Profile || a.draft.User == nil || a.focused == "" || a.readers.reading != "" {
		return nil
	}
	if c := a.draft.Connected; c != nil && c.Contents.Identity.ID == a.focused {
		return a.showConnected()
	}
	for _, v := range a.readers.views {
		if v.Card != nil && v.Card.ID == a.focused {
			return a.connectTo(v.Reader.Name)
		}
	}
	return nil
}

func (a *App) connectTo(reader string) tea.Cmd {
	a.draft.ForgetCard()
	a.readers.reading = reader
	desk, actor, ctx, visit := a.needs.Desk, a.needs.Actor, a.session.ctx, a.visit.id
	return func() tea.Msg {
		c, err := desk.Connect(ctx, actor, reader)
		return cardConnected{visit, c, err}
	}
}

// cardIs takes a card that was read.
func (a *App) cardIs(msg cardConnected) tea.Cmd {
	a.readers.reading = ""
	if msg.visit != a.visit.id {
		if msg.card != nil {
			_ = msg.card.Close()
		}
		return a.seeFocused()
	}
	if msg.err != nil {
		if errors.Is(msg.err, context.Canceled) {
			return nil
		}
		a.status = a.needs.Text.TitleOf(msg.err)
		return a.tellPage(readFailed{msg.err})
	}
	a.draft.Connected = msg.card
	if a.stage == walk.Profile {
		return a.showConnected()
	}
	return a.cardChosen()
}

// showConnected gives the profile page the card as its reader shows it.
func (a *App) showConnected() tea.Cmd {
	c := a.draft.Connected
	view, err := a.needs.Desk.View(a.session.ctx, a.needs.Actor, c, a.draft.User)
	if err != nil {
		a.status = a.needs.Text.TitleOf(err)
		return nil
	}
	return a.tellPage(cardSeen{c.Contents.Identity.ID, view})
}

// cardChosen goes on from the connect page: to the owner's profile when a card
// was read to see whose it is, else to the next page of the walk.
func (a *App) cardChosen() tea.Cmd {
	c, d := a.draft.Connected, &a.draft
	switch {
	case a.selfService():
		d.Card = c.Contents.Identity.ID
		return a.next()
	case d.Action != walk.ReadCard:
		d.Card = c.Contents.Identity.ID
		return a.next()
	case c.Known() && c.Record.User.ID != "":
		d.User = &engine.User{ID: c.Record.User.ID, Name: c.Record.User.Name, Logon: c.Record.User.Logon}
		a.focused = c.Contents.Identity.ID
		return a.turn(walk.Profile)
	}
	view, err := a.needs.Desk.View(a.session.ctx, a.needs.Actor, c, nil)
	if err != nil {
		return a.tellPage(readFailed{err})
	}
	a.unknown = view
	return a.turn(walk.Profile)
}
