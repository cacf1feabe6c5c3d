package ui

import (
	"context"
	"sync"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

// Needs is what the app is given.
type Needs struct {
	Desk  *engine.Desk
	Actor engine.Actor // whoever is signed in; with nobody in it the station's, see SignIn
	Name  string       // … in full; "" where only the logon name is known
	// SignIn is how people sign in, and open the screen again that was locked; nil
	// where the actor is given, and nothing is locked.
	SignIn *SignIn
	Text   *words.Text
	Now    func() time.Time
	// Idle is how long without a key until the walk starts anew; zero for never.
	// After tells when to look at the clock again, and for what CAs have decided; nil
	// where only keys look.
	Idle  time.Duration
	After func(time.Duration) <-chan time.Time
	// Start begins a run and returns. Whoever provides it owns the run: it goes
	// on to a safe note whatever becomes of the app.
	Start func(run func(ctx context.Context))
	// Stop asks a run under way to stop at its next safe note. Without a run it
	// does nothing.
	Stop func()
	// Nudge lets letters and errands leave that were just recorded; nil: they leave
	// in their time.
	Nudge func()
	ASCII bool // the terminal knows nothing else
	// FewSigns: its font has letters, but not the signs of ours.
	FewSigns bool
	// Secret is told whether a PIN is being typed; nil when nobody wants to know.
	Secret func(on bool)
	// Directory is the name of the directory, for the find page.
	Directory string
	Demo      *Demo // nil outside the demo world
	// Languages are those to choose from at a self-service kiosk; the numbers stand in
	// their order.
	Languages []words.Language
}

// App is the whole screen. It turns the pages, knows the size, watches the
// readers, shows trouble, and refuses to be led away from a run.
type App struct {
	needs Needs
	look  look
	keys  keymap
	ctx   context.Context //nolint:containedctx // the life of the app
	end   context.CancelFunc

	draft walk.Draft
	stage walk.Stage
	page  screen
	visit visit // of the page

	guard     guard
	session   session
	gate      *gate // nil while somebody works
	gateVisit visit

	popup      popup
	popupVisit visit
	popupAwake bool // the keys have rested since it came up
	counter    int  // of visits

	readers  readerWatch
	health   healthKnown
	agent    agent
	binds    bool               // tasks for the user's cards are bound to a workstation
	may      engine.Permissions // what is about nobody in particular
	focused  engine.CardID      // the card the profile page shows
	unknown  engine.CardView    // a card that was read and that nobody is known to have
	opened   engine.CardID      // the card that was chosen on the work list
	searched string             // what was typed on the find page
	worked   workPlace          // where one was on the work list
	status   string
	running  bool
	runs     sync.WaitGroup // those that Start was given
	quitting bool
	lobby    lobby // of a visit to a self-service kiosk
	lastKey  time.Time
	width    int
	height   int
}

// visit is the time a page is open.
type visit struct {
	id    int // answers to older visits are dropped
	scene scene
	leave context.CancelFunc
}

// bound is a message that belongs to one visit of one page.
type bound struct {
	visit int
	msg   tea.Msg
}

// New makes the app. It ends with ctx.
func New(ctx context.Context, n Needs) *App {
	a := &App{needs: n, look: newLook(n.ASCII || n.FewSigns), keys: newKeys(n.Text.Keys), width: 80, height: 24}
	a.ctx, a.end = context.WithCancel(ctx)
	a.draft.Mode, a.agent.waits = n.Actor.Mode, n.Actor
	a.session = session{ctx: a.ctx, end: func() {}}
	a.visit.leave, a.popupVisit.leave, a.gateVisit.leave = func() {}, func() {}, func() {}
	a.lobby.native = n.Text
	a.keys.quit.SetEnabled(!a.selfService())
	return a
}

// Close lets everything go that the walk holds. Call it when the program has
// ended, however it did: a run that is still under way has the card and the PIN
// until it has come to a safe note.
func (a *App) Close() {
	a.end()
	a.needs.Stop()
	a.runs.Wait()
	a.closeGate()
	a.closeAgent()
	a.draft.Release()
}

// Init implements tea.Model.
func (a *App) Init() tea.Cmd {
	if a.selfService() {
		return tea.Batch(a.beginVisit(), a.watchIdle())
	}
	return tea.Batch(a.comeIn(), a.askHealth(0, true), a.watchIdle(), a.watchTasks())
}

// Update implements tea.Model.
func (a *App) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if a.lobby.over {
		return a, a.late(msg)
	}
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		a.width, a.height = msg.Width, msg.Height
		if a.hosts() {
			return a, a.tellPopup(msg)
		}
		return a, nil
	case tea.KeyPressMsg:
		return a, a.press(msg)
	case tea.PasteMsg:
		if a.selfService() {
			return a, nil // nobody pastes in a lobby
		}
		a.guard.happens(keyPressed, a.needs.Now(), false, false)
		return a, a.deliver(msg)
	case idleLooked:
		if a.selfService() {
			return a, tea.Batch(a.leaveOwn(), a.watchIdle())
		}
		return a, tea.Batch(a.guards(timePassed), a.watchIdle())
	case ownCardLooked:
		return a, a.ownCardIs(msg)
	case bound:
		return a, a.receive(msg)
	case permitted:
		if msg.session != a.session.number {
			return a, nil
		}
		a.may = msg.may
		return a, a.tellPage(msg)
	case healthKnown:
		a.health = msg
		if msg.again {
			return a, a.askHealth(healthEvery, true)
		}
		return a, nil
	case readersChanged:
		return a, a.readersAre(msg)
	case readersLooked:
		return a, a.readersWere(msg)
	case cardConnected:
		return a, a.cardIs(msg)
	}
	return a, a.agentHears(msg)
}

// receive takes what a page's command came back with. When the page has been
// left it is dropped, and a PIN in it wiped.
func (a *App) receive(b bound) tea.Cmd {
	switch {
	case b.visit == a.visit.id:
		if own, ok := b.msg.(ownProposed); ok {
			return a.proposed(own)
		}
		a.overhear(b.msg)
		return a.tellPage(b.msg)
	case a.popup != nil && b.visit == a.popupVisit.id:
		return a.tellPopup(b.msg)
	case a.gate != nil && b.visit == a.gateVisit.id:
		return a.tellGate(b.msg)
	}
	if late, ok := b.msg.(checked); ok {
		late.pin.Wipe()
	}
	return nil
}

// deliver gives input to whoever is in front.
func (a *App) deliver(msg tea.Msg) tea.Cmd {
	switch {
	case a.closed():
		return a.tellGate(msg)
	case a.popup != nil:
		return a.tellPopup(msg)
	}
	return a.tellPage(msg)
}

func (a *App) tellPage(msg tea.Msg) tea.Cmd {
	if a.page == nil {
		return nil // nobody is signed in
	}
	v := a.visit
	cmd := a.bind(v.id, a.page.Update(msg))
	return tea.Batch(cmd, a.hear(v))
}

func (a *App) tellPopup(msg tea.Msg) tea.Cmd {
	v := a.popupVisit
	cmd := a.bind(v.id, a.popup.Update(msg))
	return tea.Batch(cmd, a.hear(v))
}

// hear takes the answers a page has given.
func (a *App) hear(v visit) tea.Cmd {
	var cmds []tea.Cmd
	for len(*v.scene.said) > 0 {
		msg := (*v.scene.said)[0]
		*v.scene.said = (*v.scene.said)[1:]
		cmds = append(cmds, a.answered(msg))
	}
	return tea.Batch(cmds...)
}

// bind stamps what a command comes back with, so that it can be told from that
// of another visit.
func (a *App) bind(visit int, cmd tea.Cmd) tea.Cmd {
	if cmd == nil {
		return nil
	}
	return func() tea.Msg {
		switch msg := cmd().(type) {
		case nil:
			return nil
		case tea.BatchMsg:
			for i, c := range msg {
				msg[i] = a.bind(visit, c)
			}
			return msg
		default:
			return bound{visit, msg}
		}
	}
}

// press sorts keys: the app's own, then the pop-up's, then the page's.
func (a *App) press(msg tea.KeyPressMsg) tea.Cmd {
	rested := a.needs.Now().Sub(a.lastKey) >= widget.Quiet
	a.lastKey = a.needs.Now()
	a.guard.happens(keyPressed, a.lastKey, false, false)
	a.status = ""
	if widget.TooSmall(a.width, a.height) && a.gate != nil {
		return nil
	}
	switch {
	case a.closed():
		return a.pressGate(msg)
	case a.hosts():
		return a.tellPopup(msg)
	}
	if a.selfService() {
		if cmd, mine := a.pressOwn(msg); mine {
			return cmd
		}
	}
	switch {
	case msg.String() == "ctrl+c":
		return a.askQuit()
	case widget.TooSmall(a.width, a.height):
		return nil
	}
	if cmd, mine := a.pressDoor(msg); mine {
		return cmd
	}
	return a.pressPage(msg, rested)
}

// pressPage sorts the keys that are the pop-up's or the page's.
func (a *App) pressPage(msg tea.KeyPressMsg, rested bool) tea.Cmd {
	switch {
	case a.popup != nil:
		a.popupAwake = a.popupAwake || rested || !a.popup.deaf()
		if !a.popupAwake {
			return nil
		}
		return a.deliver(msg)
	case a.wantsHelp(msg):
		return a.open(func(s scene) popup {
			return &helpPage{s, append(a.page.Keys(), a.doorKeys()...), a.helpHint()}
		})
	case msg.String() == "q" && !a.typing() && !a.selfService():
		return a.askQuit()
	case msg.String() == "esc" && a.stage != walk.Result:
		return a.back()
	}
	if a.needs.Demo != nil {
		if cmd, mine := a.demoKey(msg); mine {
			return cmd
		}
	}
	return a.deliver(msg)
}

// typing reports whether letters belong to a field of the page.
func (a *App) typing() bool {
	return a.stage == walk.FindUser || a.stage == walk.WorkList || a.stage == walk.EnterPIN || a.stage == walk.LeaveTask
}

func (a *App) wantsHelp(msg tea.KeyPressMsg) bool {
	return msg.String() == "f1" || key.Matches(msg, a.keys.help) && a.stage != walk.EnterPIN
}

func (a *App) askQuit() tea.Cmd {
	title, hint := a.needs.Text.Frame.Quit, a.needs.Text.Frame.QuitHint
	if a.running {
		hint = a.needs.Text.Frame.QuitRun
	}
	return a.open(func(s scene) popup { return newQuestion(s, a.keys, title, hint, quitConfirmed{}) })
}

// back goes one page back where the walk allows it.
func (a *App) back() tea.Cmd {
	switch {
	case a.running:
		a.status = a.needs.Text.Frame.RunGoesOn
		return nil
	case a.atHome():
		return a.askQuit()
	}
	if p, ok := a.page.(staying); ok && p.stays() {
		a.status = a.needs.Text.Frame.Working
		return nil
	}
	to, ok := a.draft.Back(a.stage)
	if !ok {
		return nil
	}
	if to == walk.AwaitCard {
		return a.giveBack("")
	}
	if to == walk.EnterPIN || a.stage == walk.EnterPIN {
		a.draft.ForgetPIN()
	}
	return a.turn(to)
}

// open puts a pop-up over the page.
func (a *App) open(build func(scene) popup) tea.Cmd {
	a.popupVisit.leave()
	a.popupVisit, a.popupAwake = a.newVisit(), false
	if a.page == nil { // nobody is signed in
		a.popupVisit = a.newVisitIn(a.ctx)
	}
	a.popup = build(a.popupVisit.scene)
	return a.bind(a.popupVisit.id, a.popup.Init())
}

func (a *App) shut() {
	a.popupVisit.leave()
	a.popup = nil
}

func (a *App) newVisit() visit { return a.newVisitIn(a.session.ctx) }

func (a *App) newVisitIn(life context.Context) visit {
	a.counter++
	ctx, leave := context.WithCancel(life)
	return visit{a.counter, scene{ctx: ctx, look: a.look, text: a.needs.Text, now: a.needs.Now, said: new([]tea.Msg)}, leave}
}
