package ui

import (
	"context"
	"fmt"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
)

// session is the time somebody is signed in. What was asked in an earlier one is
// answered to nobody.
type session struct {
	number int
	ctx    context.Context //nolint:containedctx // the life of a session
	end    context.CancelFunc
	reader string // where the card lies that they have signed in with
	visit  int
}

// forgetful is a page with a field for something secret.
type forgetful interface{ forget() }

// ownCardLooked comes when the readers have changed, for whoever signed in by card.
type ownCardLooked struct {
	session int
	readers []engine.Reader
	err     error
}

// comeIn is the start of the program: whoever is known to be there begins, anybody
// else is asked.
func (a *App) comeIn() tea.Cmd {
	a.guard.anew = a.needs.Idle
	if door := a.needs.SignIn; door != nil {
		a.guard.lock, a.guard.countdown, a.guard.opens = door.Lock, door.Countdown, len(door.Ways) > 0
	}
	if a.needs.Actor.Who == "" && a.needs.SignIn != nil {
		return a.openGate("")
	}
	return a.begin(cameThrough{actor: a.needs.Actor, user: engine.User{Name: a.needs.Name}})
}

// begin begins somebody's session.
func (a *App) begin(who cameThrough) tea.Cmd {
	a.guard.happens(cameIn, a.needs.Now(), false, false)
	a.needs.Actor, a.needs.Name = who.actor, who.user.Name
	ctx, end := context.WithCancel(a.ctx)
	a.session = session{number: a.session.number + 1, ctx: ctx, end: end, reader: who.reader, visit: who.visit}
	a.lockSooner()
	return tea.Batch(a.turn(a.home()), a.lookAtReaders(), a.watchOwnCard(nil), a.askHealth(0, false))
}

// endSession lets everything go that somebody has had.
func (a *App) endSession() {
	a.shut()
	a.visit.leave()
	a.visit = a.newVisitIn(a.ctx) // what is still on its way is for nobody
	if p, ok := a.page.(forgetful); ok {
		p.forget()
	}
	a.draft.Release()
	a.session.end()
	a.page, a.stage, a.searched, a.worked, a.status = nil, "", "", workPlace{}, ""
	a.focused, a.opened, a.unknown, a.readers, a.may = "", "", engine.CardView{}, readerWatch{}, nil
	a.needs.Actor.Who, a.needs.Actor.User, a.needs.Actor.How, a.needs.Name = "", "", "", ""
}

// openGate asks who is there; why says why the screen is locked.
func (a *App) openGate(why string) tea.Cmd {
	door := a.needs.SignIn
	if a.guard.state != guardLocked && (door == nil || len(door.Ways) == 0) {
		return tea.Quit // nobody can come in by this screen
	}
	n := gateNeeds{SignIn: *door, leaves: true, why: why}
	if a.guard.state == guardLocked {
		n.leaves, n.logon, n.name, n.way, n.runs = false, a.needs.Actor.Who, a.called(), a.needs.Actor.How, a.busy()
		if c := a.draft.Connected; c != nil {
			n.held = c.Reader
		}
	}
	a.gateVisit = a.newVisitIn(a.ctx)
	a.gate = newGate(a.gateVisit.scene, a.keys, n)
	a.hush()
	return a.bind(a.gateVisit.id, a.gate.Init())
}

func (a *App) closeGate() {
	if a.gate != nil {
		a.gate.forget()
		a.gateVisit.leave()
		a.gate = nil
	}
	a.hush()
}

// hush tells the terminal's input whether something secret may be typed.
func (a *App) hush() {
	if a.needs.Secret != nil {
		a.needs.Secret(a.gate != nil || a.stage == walk.EnterPIN)
	}
}

func (a *App) tellGate(msg tea.Msg) tea.Cmd {
	v := a.gateVisit
	cmd := a.bind(v.id, a.gate.Update(msg))
	return tea.Batch(cmd, a.hear(v))
}

// called is the name of whoever is signed in.
func (a *App) called() string {
	if a.needs.Name != "" {
		return engine.Clean(a.needs.Name)
	}
	return engine.Clean(a.needs.Actor.Who)
}

// closed reports whether the gate has the screen and the keys. Over a lock there is
// nothing else; where nobody is signed in a question of its own may be.
func (a *App) closed() bool {
	return a.gate != nil && (a.guard.state == guardLocked || a.popup == nil)
}

// front is what is on the screen.
func (a *App) front() screen {
	switch {
	case a.closed():
		return a.gate
	case a.popup != nil:
		return a.popup
	}
	return a.page
}

// pressGate takes a key at the gate.
func (a *App) pressGate(msg tea.KeyPressMsg) tea.Cmd {
	switch locked := a.guard.state == guardLocked; {
	case msg.String() == "ctrl+c" && !locked:
		return a.askQuit()
	case msg.String() == "f1" && !locked:
		return a.open(func(s scene) popup { return &helpPage{s, a.gate.Keys(), a.helpHint()} })
	case msg.String() == "ctrl+c", msg.String() == "f1":
		return nil
	}
	return a.tellGate(msg)
}

// pressDoor takes the keys that lock the screen and sign out.
func (a *App) pressDoor(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	switch {
	case a.needs.SignIn == nil:
	case key.Matches(msg, a.keys.lock):
		return a.guards(lockAsked), true
	case key.Matches(msg, a.keys.signOut) && a.popup == nil:
		return a.askSignOut(), true
	}
	return nil, false
}

func (a *App) askSignOut() tea.Cmd {
	t := a.needs.Text.Doors
	if a.busy() {
		a.status = a.needs.Text.Frame.RunGoesOn
		return nil
	}
	return a.open(func(s scene) popup { return newQuestion(s, a.keys, t.SignOut, t.SignOutHint, signOutConfirmed{}) })
}

// signOutConfirmed ends the session.
type signOutConfirmed struct{}

// guards tells the guard what happened, and does what it says.
func (a *App) guards(e guardEvent) tea.Cmd {
	switch a.guard.happens(e, a.needs.Now(), a.busy(), a.page != nil && !a.atStart()) {
	case stayAsIs, openUp:
	case startAnew:
		return a.startAnew()
	case lockUp:
		return a.lockUp(a.lockedBy(e))
	case endSession:
		a.closeGate()
		a.endSession()
		return a.openGate("")
	}
	return nil
}

// lockedBy says why the screen is locked.
func (a *App) lockedBy(e guardEvent) string {
	switch t := a.needs.Text.Doors; e {
	case cardTaken:
		return t.CardOut
	case timePassed:
		return t.Idle
	case cameIn, keyPressed, lockAsked, unlocked, wentOut:
	}
	return ""
}

// lockUp takes everything off the screen. A PIN that no run needs is forgotten: it
// is asked for again.
func (a *App) lockUp(why string) tea.Cmd {
	return tea.Batch(a.forgetPIN(), a.openGate(why))
}

func (a *App) forgetPIN() tea.Cmd {
	if a.busy() { // a run has it, or the card: pinGiven comes back here
		return nil
	}
	if p, ok := a.page.(forgetful); ok {
		p.forget()
	}
	if a.stage != walk.EnterPIN && a.draft.PIN == (engine.PIN{}) {
		return nil
	}
	a.draft.ForgetPIN()
	return a.turn(walk.EnterPIN)
}

// letIn takes somebody whom the gate has let through: whoever has locked the screen
// finds it as it was, anybody else begins anew.
func (a *App) letIn(who cameThrough) tea.Cmd {
	was := a.needs.Actor
	same := who.actor.User == was.User && (was.User != "" || who.actor.Who == was.Who)
	switch {
	case a.guard.state == guardLocked && same:
		return a.openUp(who)
	case a.guard.state == guardLocked && a.busy():
		a.status = fmt.Sprintf(a.needs.Text.Doors.NotYours, a.called())
		return nil
	case a.guard.state == guardLocked:
		a.endSession()
	}
	a.closeGate()
	return a.begin(who)
}

// openUp shows the page again. From now on it counts how they have come in now.
func (a *App) openUp(who cameThrough) tea.Cmd {
	a.guard.happens(unlocked, a.needs.Now(), a.busy(), true)
	a.needs.Actor.How = who.actor.How
	a.session.reader, a.session.visit = who.reader, who.visit
	a.closeGate()
	a.lockSooner()
	a.status = a.needs.Text.Doors.Unlocked
	return a.watchOwnCard(nil)
}

// lockSooner shortens the time to the lock where there is only one reader, and so
// no card of the person's own that could lie in it: it is theirs that is missed.
func (a *App) lockSooner() {
	door := a.needs.SignIn
	if door == nil {
		return
	}
	a.guard.lock = door.Lock
	one := len(a.readers.views) == 1 && a.needs.Actor.How != engine.ByCard
	if one && door.OneReader > 0 && (door.Lock == 0 || door.OneReader < door.Lock) {
		a.guard.lock = door.OneReader
	}
}

// watchOwnCard waits for the card to be taken that somebody has signed in with.
func (a *App) watchOwnCard(known []engine.Reader) tea.Cmd {
	door, s := a.needs.SignIn, a.session
	if door == nil || !door.CardTaken || a.needs.Actor.How != engine.ByCard || s.reader == "" {
		return nil
	}
	return func() tea.Msg {
		readers, err := door.Readers(s.ctx, known)
		return ownCardLooked{s.number, readers, err}
	}
}

func (a *App) ownCardIs(msg ownCardLooked) tea.Cmd {
	if msg.session != a.session.number || a.session.ctx.Err() != nil || a.guard.state != guardOpen {
		return nil
	}
	for _, r := range msg.readers {
		if r.Name == a.session.reader && r.Card && r.Visit == a.session.visit {
			return a.watchOwnCard(msg.readers)
		}
	}
	return a.guards(cardTaken) // a reader that nobody sees any more has taken the card with it
}

// countdown says how long it is until the screen is locked; "" while that is far.
func (a *App) countdown() string {
	left := a.guard.left(a.needs.Now())
	if left <= 0 {
		return ""
	}
	seconds := int((left + time.Second - 1) / time.Second)
	if !a.guard.opens {
		return a.needs.Text.Doors.EndsIn.Of(seconds)
	}
	return a.needs.Text.Doors.LocksIn.Of(seconds)
}

// doorKeys are the keys that every page has, for the help.
func (a *App) doorKeys() []key.Binding {
	if a.needs.SignIn == nil {
		return nil
	}
	return []key.Binding{a.keys.lock, a.keys.signOut}
}

// whoIs says who is signed in where.
func (a *App) whoIs() string {
	actor := a.needs.Actor
	if actor.Who == "" {
		return engine.Clean(actor.Station)
	}
	actor.Who = a.called()
	return a.needs.Text.Who(actor)
}
