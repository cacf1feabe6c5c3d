package ui

import (
	"context"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
	"cardkiosk/engine/words"
)

// Needs is what the app is given.
type Needs struct {
	Desk  *engine.Desk
	Actor engine.Actor
	Text  *words.Text
	Now   func() time.Time
	// Start begins a run and returns. Whoever provides it owns the run: it goes
	// on to a safe note whatever becomes of the app.
	Start func(run func(ctx context.Context))
	// Stop asks a run under way to stop at its next safe note.
	Stop  func()
	ASCII bool
	Demo  *Demo // nil outside the demo world
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
	visit int // names the page; answers to older ones are dropped
	leave context.CancelFunc

	popup      popup
	popupVisit int
	popupLeave context.CancelFunc
	counter    int // of visits

	readers  readerWatch
	focused  engine.CardID   // the card the profile page shows
	unknown  engine.CardView // a card that was read and that nobody is known to have
	searched string          // what was typed on the find page
	status   string
	running  bool
	quitting bool
	lastKey  time.Time
	width    int
	height   int
}

// bound is a message that belongs to one visit of one page.
type bound struct {
	visit int
	msg   tea.Msg
}

// New makes the app. It ends with ctx.
func New(ctx context.Context, n Needs) *App {
	a := &App{needs: n, look: newLook(n.ASCII), keys: newKeys(n.Text.Keys), width: 80, height: 24}
	a.ctx, a.end = context.WithCancel(ctx)
	a.leave, a.popupLeave = func() {}, func() {}
	return a
}

// Close lets everything go that the walk holds. Call it when the program has
// ended, however it did.
func (a *App) Close() {
	a.end()
	a.draft.Release()
}

// Init implements tea.Model.
func (a *App) Init() tea.Cmd {
	return tea.Batch(a.turn(walk.FindUser), a.lookAtReaders())
}

// Update implements tea.Model.
func (a *App) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		a.width, a.height = msg.Width, msg.Height
		return a, nil
	case tea.KeyPressMsg:
		return a, a.press(msg)
	case tea.PasteMsg:
		return a, a.deliver(msg)
	case bound:
		return a, a.receive(msg)
	case readersChanged:
		return a, a.readersAre(msg)
	case cardConnected:
		return a, a.cardIs(msg)
	}
	return a, nil
}

// receive takes what a page's command came back with, unless the page has been
// left.
func (a *App) receive(b bound) tea.Cmd {
	switch {
	case b.visit == a.visit:
		if cmd, mine := a.answered(b.msg); mine {
			return cmd
		}
		return a.bind(a.visit, a.page.Update(b.msg))
	case a.popup != nil && b.visit == a.popupVisit:
		if cmd, mine := a.answered(b.msg); mine {
			return cmd
		}
		return a.bind(a.popupVisit, a.popup.Update(b.msg))
	}
	return nil
}

// deliver gives input to whoever is in front.
func (a *App) deliver(msg tea.Msg) tea.Cmd {
	if a.popup != nil {
		return a.bind(a.popupVisit, a.popup.Update(msg))
	}
	return a.bind(a.visit, a.page.Update(msg))
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
	rested := a.needs.Now().Sub(a.lastKey) >= quiet
	a.lastKey = a.needs.Now()
	a.status = ""
	switch {
	case msg.String() == "ctrl+c":
		return a.askQuit()
	case a.popup != nil:
		if a.popup.deaf() && !rested {
			return nil
		}
		return a.deliver(msg)
	case a.wantsHelp(msg):
		return a.open(func(s scene) popup { return &helpPage{s, a.page.Keys()} })
	case msg.String() == "q" && !a.typing():
		return a.askQuit()
	case msg.String() == "esc" && a.stage != walk.Result:
		return a.back()
	}
	if a.needs.Demo != nil && !a.running {
		if cmd, mine := a.demoKey(msg); mine {
			return cmd
		}
	}
	return a.deliver(msg)
}

// typing reports whether letters belong to a field of the page.
func (a *App) typing() bool { return a.stage == walk.FindUser || a.stage == walk.EnterPIN }

func (a *App) wantsHelp(msg tea.KeyPressMsg) bool {
	return msg.String() == "f1" || key.Matches(msg, a.keys.help) && a.stage != walk.EnterPIN
}

func (a *App) askQuit() tea.Cmd {
	title, hint := a.needs.Text.Frame.Quit, a.needs.Text.Frame.QuitHint
	if a.running {
		hint = a.needs.Text.Frame.QuitRun
	}
	return a.open(func(s scene) popup { return newQuestion(s, a.keys, title, hint, answer(quitConfirmed{})) })
}

// back goes one page back where the walk allows it.
func (a *App) back() tea.Cmd {
	switch {
	case a.running:
		a.status = a.needs.Text.Frame.RunGoesOn
		return nil
	case a.stage == walk.FindUser:
		return a.askQuit()
	}
	to, ok := a.draft.Back(a.stage)
	if !ok {
		return nil
	}
	if to == walk.EnterPIN || a.stage == walk.EnterPIN {
		a.draft.PIN.Wipe()
	}
	return a.turn(to)
}

// open puts a pop-up over the page.
func (a *App) open(build func(scene) popup) tea.Cmd {
	a.popupLeave()
	a.counter++
	ctx, cancel := context.WithCancel(a.ctx)
	a.popupVisit, a.popupLeave = a.counter, cancel
	a.popup = build(a.scene(ctx))
	return a.bind(a.popupVisit, a.popup.Init())
}

func (a *App) shut() {
	a.popupLeave()
	a.popup = nil
}

func (a *App) scene(ctx context.Context) scene {
	return scene{ctx: ctx, look: a.look, text: a.needs.Text, now: a.needs.Now}
}
