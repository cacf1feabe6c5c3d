package officer

import (
	"context"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/ui/widget"
)

// App is the whole screen: the queue, over it the page of one request, and over
// that a pop-up.
type App struct {
	needs Needs
	guest bool // of another program
	look  widget.Look
	keys  keymap
	ctx   context.Context //nolint:containedctx // the life of the screen
	end   context.CancelFunc

	queue  queue
	detail *detail // nil while the list is in front
	popup  popup   // nil while there is none
	awake  bool    // the keys have rested since the pop-up came up
	crl    crlKnown

	turn     int                // counts the lists asked for; answers to older ones are dropped
	asking   bool               // one is under way
	cancel   context.CancelFunc // ends it
	deciding bool               // the CA has been told what to do, and has not answered
	status   string
	lastKey  time.Time
	width    int
	height   int
}

// New makes the screen. It ends with ctx.
func New(ctx context.Context, n Needs) *App {
	a := &App{needs: n, guest: n.Leave != nil, look: widget.NewLook(n.ASCII || n.FewSigns), keys: newKeys(n.Text), width: 80, height: 24}
	if !a.guest {
		a.needs.Leave = tea.Quit
	}
	a.queue = newQueue(a.look, n.Text, n.Now)
	a.ctx, a.end = context.WithCancel(ctx)
	a.cancel = func() {}
	return a
}

// Close lets go of what is under way, whether the screen was left or not.
func (a *App) Close() { a.end() }

// Init implements tea.Model.
func (a *App) Init() tea.Cmd { return tea.Batch(a.ask(), a.askCRL(), a.watch()) }

// Update implements tea.Model.
func (a *App) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		a.width, a.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		return a, a.press(msg)
	case tea.PasteMsg:
		return a, a.paste(msg)
	case looked:
		return a, tea.Batch(a.lookAgain(), a.watch())
	case listed:
		a.show(msg)
	case shown:
		a.showDetail(msg)
	case crlKnown:
		a.crl = msg
	case decided:
		return a, a.settle(msg)
	}
	return a, nil
}

// press sorts keys: the screen's own, then the pop-up's, then the page's.
func (a *App) press(msg tea.KeyPressMsg) tea.Cmd {
	rested := a.touched()
	a.status = ""
	switch {
	case msg.String() == "ctrl+c":
		return a.leave()
	case widget.TooSmall(a.width, a.height):
		return nil
	case a.popup != nil:
		if !a.awake {
			return nil
		}
		return a.popup.press(msg, rested)
	case a.detail == nil && a.queue.typing:
		return a.queue.edit(msg)
	case key.Matches(msg, a.keys.help):
		a.open(&helpPage{a, a.pageKeys()})
	case key.Matches(msg, a.keys.quit):
		return a.leaveUnlessDeciding()
	case key.Matches(msg, a.keys.renew):
		return a.lookAgainNow()
	case key.Matches(msg, a.keys.approve):
		return a.wish(a.askApprove)
	case key.Matches(msg, a.keys.reject):
		return a.wish(a.askReason)
	case a.detail != nil:
		a.pressDetail(msg)
	default:
		return a.pressQueue(msg)
	}
	return nil
}

// paste gives what was pasted to the field one types in; elsewhere it is no key.
func (a *App) paste(msg tea.PasteMsg) tea.Cmd {
	a.touched()
	switch {
	case widget.TooSmall(a.width, a.height):
	case a.popup != nil && a.awake:
		return a.popup.paste(msg)
	case a.popup == nil && a.detail == nil && a.queue.typing:
		return a.queue.edit(msg)
	}
	return nil
}

// touched notes that keys came, and reports whether they had rested before. The
// first that come after a rest wake a pop-up.
func (a *App) touched() (rested bool) {
	now := a.needs.Now()
	rested = now.Sub(a.lastKey) >= widget.Quiet
	a.lastKey = now
	a.awake = a.awake || rested || a.popup != nil && !a.popup.deaf()
	return rested
}

func (a *App) pressQueue(msg tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(msg, a.keys.open):
		return a.openDetail()
	case key.Matches(msg, a.keys.filter):
		return a.queue.startTyping()
	case key.Matches(msg, a.keys.pile):
		a.queue.turnPile(msg.String() == "tab")
		return a.ask()
	case key.Matches(msg, a.keys.back):
		return a.backFromQueue()
	default:
		a.queue.move(msg.String())
	}
	return nil
}

// backFromQueue takes the filter away first. A guest of another program goes
// back to it.
func (a *App) backFromQueue() tea.Cmd {
	switch {
	case a.queue.filtered():
		a.queue.clearFilter()
		return nil
	case !a.guest:
		a.status = a.needs.Text.Officer.QuitBy
		return nil
	}
	return a.leaveUnlessDeciding()
}

func (a *App) pressDetail(msg tea.KeyPressMsg) {
	if key.Matches(msg, a.keys.back) {
		a.detail = nil
		return
	}
	a.detail.pager.Press(msg.String())
}

// leaveUnlessDeciding asks nothing: nothing here is lost by leaving. Only an
// answer that is on its way is waited for.
func (a *App) leaveUnlessDeciding() tea.Cmd {
	if a.deciding {
		a.status = a.needs.Text.Officer.Deciding
		return nil
	}
	return a.leave()
}

func (a *App) leave() tea.Cmd {
	a.end()
	return a.needs.Leave
}

// open puts a pop-up over the page.
func (a *App) open(p popup) { a.popup, a.awake = p, false }

func (a *App) shut() { a.popup = nil }
