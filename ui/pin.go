package ui

import (
	"errors"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/ui/widget"
)

// pinPage asks for the card's PIN, or for the one the card is to get. It says
// how many tries are left before it asks, and wants to be asked twice for the
// last one.
type pinPage struct {
	scene
	keys    keymap
	needs   pinNeeds
	fields  [2]widget.Secret
	at      int // the field in focus
	tries   engine.Counter
	counts  bool // the card is being asked how many tries are left
	counted bool
	fresh   bool // the card has no PIN of its own yet: it is given one
	sure    bool // the last try was confirmed
	eager   bool // Enter was pressed before the tries were known
	busy    bool
	trouble error
}

// pinNeeds is what the page is given.
type pinNeeds struct {
	card   string // "Ada's card 0071 2233 in Virtual PCD 00 00"
	newPIN bool   // the plan gives the card its PIN
	what   string // what the PIN is for, where a run goes on
	resume bool   // a run goes on: a card that still has the factory PIN is given the new one
	hint   string // what a demo gives away
	tries  func() (engine.Counter, error)
	check  func(engine.PIN) (holder, error)
	own    bool // in self-service: who cannot be proven gets no other try
}

type (
	// pinGiven is the answer. The walk owns the PIN from here on.
	pinGiven struct {
		pin    engine.PIN
		holder holder // in self-service
	}
	// cardFailed is the answer when the card has to be read anew.
	cardFailed struct{ err error }

	counted struct {
		tries engine.Counter
		err   error
	}
	checked struct {
		pin    engine.PIN
		holder holder
		err    error
	}
)

func newPIN(s scene, k keymap, n pinNeeds) *pinPage {
	return &pinPage{scene: s, keys: k, needs: n, fresh: n.newPIN}
}

func (p *pinPage) Init() tea.Cmd {
	p.counts = true
	tries := p.needs.tries
	return func() tea.Msg {
		c, err := tries()
		return counted{c, err}
	}
}

// forget implements forgetful.
func (p *pinPage) forget() {
	for i := range p.fields {
		p.fields[i].Clear()
	}
}

// stays implements staying: the card checks a PIN, and may take a try.
func (p *pinPage) stays() bool { return p.busy }

func (p *pinPage) Keys() []key.Binding {
	keys := []key.Binding{p.keys.forward, p.keys.erase}
	if p.fresh {
		keys = append(keys, p.keys.next)
	}
	return append(keys, p.keys.back, bind("F1", p.text.Keys.Help, "f1"))
}

func (p *pinPage) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case counted:
		return p.count(msg)
	case checked:
		return p.judge(msg)
	case tea.PasteMsg:
		p.typed(msg.Content)
	case tea.KeyPressMsg:
		return p.press(msg)
	}
	return nil
}

func (p *pinPage) count(msg counted) tea.Cmd {
	if lost(msg.err) {
		return p.answer(cardFailed{msg.err})
	}
	p.tries, p.counts, p.counted = msg.tries, false, msg.err == nil
	if msg.err != nil {
		p.trouble, p.eager = msg.err, false
		return nil
	}
	p.fresh = p.needs.newPIN || p.needs.resume && msg.tries.Factory
	if p.eager {
		p.eager = false
		return p.enter()
	}
	return nil
}

func (p *pinPage) press(msg tea.KeyPressMsg) tea.Cmd {
	switch msg.String() {
	case "enter":
		return p.enter()
	case "backspace":
		p.fields[p.at].Erase()
		p.sure = false
	case "tab", "shift+tab", "up", "down":
		if p.fresh {
			p.at = 1 - p.at
		}
	default:
		p.typed(msg.Text)
	}
	return nil
}

func (p *pinPage) typed(text string) {
	if p.busy || p.blocked() {
		return
	}
	p.fields[p.at].Type(text)
	p.sure, p.trouble = false, nil
	p.eager = false
}

// blocked reports whether no try is left. While the last one is checked, that
// is not known: the tries may have been counted before or after it.
func (p *pinPage) blocked() bool { return p.counted && !p.busy && p.tries.Left == 0 && !p.fresh }

func (p *pinPage) enter() tea.Cmd {
	switch {
	case p.busy || p.blocked():
		return nil
	case p.counts && !p.counted:
		p.eager = true
		return nil
	case !p.counted:
		p.trouble = nil
		return p.Init()
	case p.fresh && p.at == 0:
		p.at = 1
		return nil
	case p.fresh:
		return p.enterNew()
	case p.lastTry() && !p.sure && p.fields[0].Len() >= engine.MinPIN:
		p.sure = true
		return nil
	}
	pin := engine.NewPIN(p.fields[0].Take())
	p.busy = true
	check := p.needs.check
	return func() tea.Msg {
		is, err := check(pin)
		return checked{pin, is, err}
	}
}

func (p *pinPage) lastTry() bool { return p.tries.Left == 1 }

func (p *pinPage) enterNew() tea.Cmd {
	pin, again := engine.NewPIN(p.fields[0].Take()), engine.NewPIN(p.fields[1].Take())
	p.at = 0
	err := pin.CheckNew()
	if err == nil && !pin.Same(again) {
		err = &engine.Error{Op: "read PIN", Kind: engine.BadInput, Err: engine.ErrPINsDiffer}
	}
	again.Wipe()
	if err != nil {
		pin.Wipe()
		p.trouble = err
		return nil
	}
	return p.answer(pinGiven{pin: pin})
}

func (p *pinPage) judge(msg checked) tea.Cmd {
	p.busy, p.sure = false, false
	if msg.err == nil {
		return p.answer(pinGiven{msg.pin, msg.holder})
	}
	msg.pin.Wipe()
	if lost(msg.err) || p.needs.own && !ofPIN(msg.err) {
		return p.answer(cardFailed{msg.err})
	}
	p.trouble = msg.err
	if wrong, ok := errors.AsType[*engine.Error](msg.err); ok && (wrong.Kind == engine.WrongPIN || wrong.Kind == engine.PINBlocked) {
		p.tries.Left = wrong.TriesLeft // which is 0 of a blocked one
	}
	if engine.Is(msg.err, engine.BadInput) {
		return nil // the card was not asked
	}
	return p.Init() // count again; trouble is kept
}

// ofPIN reports whether it is the PIN that is wrong.
func ofPIN(err error) bool {
	return engine.Is(err, engine.WrongPIN) || engine.Is(err, engine.PINBlocked) || engine.Is(err, engine.BadInput)
}

// lost reports whether the card has to be reached anew: what it was asked by
// now gets no answer any more.
func lost(err error) bool {
	for _, k := range []engine.Kind{engine.CardGone, engine.NoReaders, engine.CardTrouble, engine.Stopped} {
		if engine.Is(err, k) {
			return true
		}
	}
	return false
}

func (p *pinPage) View(w, _ int) string {
	t := p.text.PIN
	title := t.Title
	if p.fresh {
		title = t.TitleNew
	}
	if p.needs.resume {
		title += " " + p.look.glyph.between + " " + p.needs.what
	}
	lines := []string{" " + p.look.title.Render(title), ""}
	if p.blocked() {
		lines = append(lines, p.look.trouble(p.text, &engine.Error{Kind: engine.PINBlocked}, w))
		return strings.Join(append(lines, "", "   "+p.needs.card), "\n")
	}
	lines = append(lines, p.field(0, t.Field)+"   "+p.look.faint.Render(t.Shape))
	if p.fresh {
		lines[2] = p.field(0, t.NewField) + "   " + p.look.faint.Render(t.Shape)
		lines = append(lines, p.field(1, t.AgainField))
	}
	lines = append(lines, "", "   "+p.state(), "   "+p.needs.card)
	if p.needs.hint != "" {
		lines = append(lines, "", "   "+p.look.accent.Render(p.needs.hint))
	}
	if p.trouble != nil {
		lines = append(lines, "", p.look.trouble(p.text, p.trouble, w))
	}
	if p.sure {
		lines = append(lines, "")
		for _, l := range hang("   "+p.look.glyph.soon+" ", t.LastAsk, w) {
			lines = append(lines, p.look.warn.Render(l))
		}
	}
	return strings.Join(lines, "\n")
}

func (p *pinPage) field(n int, label string) string {
	lead := "     "
	if p.at == n {
		lead = "   " + p.look.glyph.point + " "
	}
	shown := p.fields[n].View(p.look.glyph.dot)
	if p.at == n && !p.busy {
		shown += p.look.glyph.cursor
	}
	return lead + widget.Fit(label, 12, "") + widget.Fit(shown, 12, p.look.glyph.more)
}

// state says how many tries there are.
func (p *pinPage) state() string {
	t := p.text.PIN
	switch {
	case p.busy:
		return t.Checking
	case p.counts && !p.counted:
		return p.text.Frame.Working
	case !p.counted:
		return t.Uncounted
	case p.fresh:
		return t.NewHint
	}
	tries := p.text.Tries(p.tries.Left)
	if p.lastTry() {
		tries = p.look.bad.Render(p.look.glyph.soon + " " + tries + " " + t.LastHint)
	}
	return tries
}
