package ui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/ui/widget"
)

// SignIn is how people say who they are.
type SignIn struct {
	Ways     []engine.SignedIn // of ByPassword and ByCard, the one that is offered first first
	Password func(ctx context.Context, logon string, password engine.PIN) (engine.Actor, engine.User, error)
	Card     func(ctx context.Context, reader string, pin engine.PIN) (engine.Actor, engine.User, error)
	Tries    func(ctx context.Context, reader string) (engine.Counter, error)          // of the PIN of the card in a reader
	Readers  func(ctx context.Context, known []engine.Reader) ([]engine.Reader, error) // as soon as they differ from known; at once when that is nil
	Given    Given                                                                     // what a demo gives away

	Lock      time.Duration // without a key, until the screen is locked; zero for never
	OneReader time.Duration // … where there is one reader, and nobody's own card in it
	Countdown time.Duration // how long before that it is counted down
	CardTaken bool          // it is locked when the card is taken that somebody has signed in with
}

// Given are a name and a password that a demo gives away.
type Given struct{ Logon, Password string }

// gate asks who is there, by password or by card: before everything else, and over
// a screen that is locked.
type gate struct {
	scene
	keys     keymap
	needs    gateNeeds
	way      engine.SignedIn
	chosen   bool // a person has chosen the way
	logon    textinput.Model
	secret   widget.Secret // password, or PIN
	onSecret bool          // it has the focus
	readers  []engine.Reader
	seen     bool
	list     widget.List
	tries    pinTries
	counts   bool // the card is being asked how many are left
	eager    bool // Enter was pressed before that was known
	sure     bool // the last try was confirmed
	busy     bool
	trouble  error
}

// gateNeeds is what the gate is given.
type gateNeeds struct {
	SignIn
	logon  string          // whose screen it is
	name   string          // … in full; "" before anybody has signed in
	why    string          // it is locked
	runs   bool            // a run is under way below it: nobody else comes in
	way    engine.SignedIn // … they have come in before
	held   string          // the reader whose card the walk holds
	leaves bool            // it can be left
}

// pinTries are what the card in one reader has left.
type pinTries struct {
	reader string
	visit  int
	left   int // -1: the card does not tell
	known  bool
}

type (
	// cameThrough is the answer: who is there, and with which card.
	cameThrough struct {
		actor  engine.Actor
		user   engine.User
		reader string
		visit  int
	}
	// gateLeft is the answer of somebody who does not want in.
	gateLeft struct{}

	gateAnswered struct {
		cameThrough
		err error
	}
	gateReaders struct {
		readers []engine.Reader
		err     error
	}
	gateTries struct {
		tries pinTries
		err   error
	}
)

// mostPassword is longer than directories take.
const mostPassword = 256

func newGate(s scene, k keymap, n gateNeeds) *gate {
	g := &gate{scene: s, keys: k, needs: n, logon: widget.NewField(n.logon), onSecret: n.logon != ""}
	switch {
	case slices.Contains(n.Ways, n.way):
		g.way = n.way
	case len(n.Ways) > 0:
		g.way = n.Ways[0]
	}
	g.secret.Most = mostPassword
	return g
}

func (g *gate) Init() tea.Cmd { return tea.Batch(g.focus(), g.watch(nil)) }

// focus lets the cursor blink only where letters go.
func (g *gate) focus() tea.Cmd {
	if g.onSecret || g.way == engine.ByCard {
		g.logon.Blur()
		return nil
	}
	return g.logon.Focus()
}

func (g *gate) Keys() []key.Binding {
	if g.way == "" {
		return nil
	}
	keys := []key.Binding{g.keys.forward}
	if g.way == engine.ByCard {
		keys = append(keys, g.keys.choose)
	} else {
		keys = append(keys, g.keys.next)
	}
	if len(g.needs.Ways) > 1 {
		does := g.text.Doors.ByCard
		if g.way == engine.ByCard {
			does = g.text.Doors.ByPassword
		}
		keys = append(keys, bind("F2", does, "f2", "ctrl+r"))
	}
	esc := g.text.Doors.Clear
	if g.empty() && g.needs.leaves {
		esc = g.text.Keys.Quit
	}
	if !g.empty() || g.needs.leaves {
		keys = append(keys, bind("Esc", esc, "esc"))
	}
	if g.needs.name != "" {
		return keys // there is no page of help over a lock
	}
	return append(keys, bind("F1", g.text.Keys.Help, "f1"))
}

func (g *gate) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case gateReaders:
		return g.readersAre(msg)
	case gateTries:
		return g.count(msg)
	case gateAnswered:
		return g.judge(msg)
	case tea.PasteMsg:
		return g.types(msg, msg.Content)
	case tea.KeyPressMsg:
		return g.press(msg)
	}
	return nil
}

func (g *gate) press(msg tea.KeyPressMsg) tea.Cmd {
	switch key := msg.String(); {
	case g.busy || g.way == "":
		return nil
	case key == "esc":
		return g.escape()
	case key == "enter":
		return g.enter()
	case (key == "f2" || key == "ctrl+r") && len(g.needs.Ways) > 1:
		return g.turnTo(g.other(), true)
	case key == "tab" || key == "shift+tab" || g.way == engine.ByPassword && (key == "up" || key == "down"):
		return g.move()
	case g.way == engine.ByCard && moves(&g.list, msg, 4):
		g.secret.Clear()
		return g.askTries()
	case key == "backspace" && g.typesSecret():
		g.secret.Erase()
		g.sure = false
		return nil
	}
	return g.types(msg, msg.Text)
}

func (g *gate) move() tea.Cmd {
	if g.way == engine.ByPassword {
		g.onSecret = !g.onSecret
	}
	return g.focus()
}

// types gives letters to the field that has the focus.
func (g *gate) types(msg tea.Msg, text string) tea.Cmd {
	if g.busy || g.way == "" {
		return nil
	}
	if g.typesSecret() {
		if text = strings.TrimRight(text, "\r\n"); text != "" {
			g.secret.Type(text)
			g.trouble, g.sure, g.eager = nil, false, false
		}
		return nil
	}
	var cmd tea.Cmd
	g.logon, cmd = g.logon.Update(msg)
	return cmd
}

func (g *gate) typesSecret() bool { return g.onSecret || g.way == engine.ByCard }

func (g *gate) other() engine.SignedIn {
	if g.way == engine.ByCard {
		return engine.ByPassword
	}
	return engine.ByCard
}

func (g *gate) turnTo(way engine.SignedIn, chosen bool) tea.Cmd {
	g.way, g.chosen, g.trouble, g.sure = way, g.chosen || chosen, nil, false
	g.secret.Clear()
	g.onSecret = g.logon.Value() != ""
	return tea.Batch(g.focus(), g.askTries())
}

// empty reports whether nothing was typed that Esc could take away.
func (g *gate) empty() bool {
	return g.secret.Len() == 0 && (g.way == engine.ByCard || g.logon.Value() == g.needs.logon)
}

// escape takes back what was typed, and with nothing typed leaves.
func (g *gate) escape() tea.Cmd {
	if g.empty() {
		return g.answer(gateLeft{})
	}
	g.secret.Clear()
	g.logon.SetValue(g.needs.logon)
	g.trouble, g.sure, g.onSecret = nil, false, g.needs.logon != ""
	return g.focus()
}

// enter goes to the field that is still empty, or asks to be let in.
func (g *gate) enter() tea.Cmd {
	switch {
	case g.way == engine.ByCard:
		return g.enterCard()
	case strings.TrimSpace(g.logon.Value()) == "":
		g.onSecret = false
		return g.focus()
	case g.secret.Len() == 0:
		g.onSecret = true
		return g.focus()
	}
	password, check, ctx, logon := engine.NewPIN(g.secret.Take()), g.needs.Password, g.ctx, strings.TrimSpace(g.logon.Value())
	g.busy, g.trouble = true, nil
	return func() tea.Msg {
		actor, user, err := check(ctx, logon, password)
		password.Wipe()
		return gateAnswered{cameThrough{actor: actor, user: user}, err}
	}
}

// judge lets a person in, or says why not. Their name stays, what is secret does
// not.
func (g *gate) judge(msg gateAnswered) tea.Cmd {
	g.busy = false
	g.secret.Clear()
	if msg.err == nil {
		return g.answer(msg.cameThrough)
	}
	g.trouble = msg.err
	if wrong, ok := errors.AsType[*engine.Error](msg.err); ok && (wrong.Kind == engine.WrongPIN || wrong.Kind == engine.PINBlocked) {
		g.tries.known, g.tries.left = true, wrong.TriesLeft
		return nil
	}
	g.tries.reader = "" // a right PIN has given the tries back
	return g.askTries()
}

// forget wipes what was typed; the gate is left.
func (g *gate) forget() {
	g.secret.Clear()
	g.logon.SetValue("")
}
