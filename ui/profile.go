package ui

import (
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
	"cardkiosk/ui/widget"
)

// profile shows a user with their cards, why each is due and what is on it,
// and offers what can be done. Without a user it shows a card nobody is known
// to have.
type profile struct {
	scene
	keys    keymap
	load    func() (engine.Profile, permits, error) // nil without a user
	profile engine.Profile
	loaded  bool
	trouble error
	cards   widget.List
	first   engine.CardID                     // the one to be shown first; "" for any
	live    map[engine.CardID]engine.CardView // cards that were read from a reader
	readers []engine.ReaderView
	buttons widget.Buttons
	moved   bool // somebody has moved the focus
	actions []walk.Action
	may     permits
	pager   widget.Pager

	demo []key.Binding // of the demo, where a CA holds something

	watch   pendingWatch
	whose   func() ([]engine.User, error) // says whose a card may be that nobody is known to have
	holders []engine.User
}

type (
	// actionChosen is the answer: what to do with which card.
	actionChosen struct {
		action walk.Action
		card   engine.CardID
		whose  string // what to search for, when the owner is to be found
	}
	// historyWanted asks for a card's runs.
	historyWanted struct{ card engine.CardID }
	// cardFocused tells the app which card is looked at, so that it can be read
	// if it lies in a reader.
	cardFocused struct{ card engine.CardID }
	// cardSeen comes from the app when a card was read.
	cardSeen struct {
		card engine.CardID
		view engine.CardView
	}
	// cardLost comes from the app when a card left its reader.
	cardLost struct{ card engine.CardID }

	// holdersFound are the users whom the card's certificates name.
	holdersFound struct{ users []engine.User }

	profileLoaded struct {
		profile engine.Profile
		may     permits
		err     error
	}
)

func newProfile(s scene, k keymap, first engine.CardID, load func() (engine.Profile, permits, error)) *profile {
	return &profile{scene: s, keys: k, first: first, load: load, live: map[engine.CardID]engine.CardView{}}
}

// newCardProfile shows a card that no user is known to have, and whose it may
// be.
func newCardProfile(s scene, k keymap, live engine.CardView, may engine.Permissions, whose func() ([]engine.User, error)) *profile {
	p := newProfile(s, k, "", nil)
	p.may = permits{"": may}
	p.whose = whose
	p.live[live.Record.Card.ID] = live
	p.loaded = true
	p.profile.Cards = []engine.CardView{live}
	p.cards.Reset(1)
	p.offer()
	return p
}

func (p *profile) Init() tea.Cmd {
	if p.load == nil {
		whose := p.whose
		return func() tea.Msg {
			users, err := whose()
			if err != nil {
				return nil // it is only a hint: the user is looked for by hand then
			}
			return holdersFound{users}
		}
	}
	load := p.load
	return func() tea.Msg {
		profile, may, err := load()
		return profileLoaded{profile, may, err}
	}
}

func (p *profile) Keys() []key.Binding {
	keys := []key.Binding{p.keys.action, p.keys.forward}
	if len(p.profile.Cards) > 1 {
		keys = append(keys, bind("↑↓", p.text.Keys.Card, "up", "down"))
	}
	if p.pager.Hides() {
		keys = append(keys, p.keys.scroll)
	}
	switch v, ok := p.card(); {
	case p.trouble != nil || p.profile.Unread != nil:
		keys = append(keys, p.keys.again)
	case ok && v.Pending != nil:
		keys = append(append(keys, p.keys.renew), p.demo...)
	}
	return append(keys, p.keys.back, p.keys.help, p.keys.quit)
}

func (p *profile) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case profileLoaded:
		return p.show(msg)
	case holdersFound:
		p.holders = msg.users
	case readersSeen:
		p.readers = msg.views
	case cardSeen:
		p.live[msg.card] = msg.view
		p.offer()
	case cardLost:
		delete(p.live, msg.card)
		p.offer()
	case pendingLooked:
		return p.looked(msg)
	case lookAgain:
		return p.Init()
	case tea.KeyPressMsg:
		return p.press(msg)
	}
	return nil
}

func (p *profile) show(msg profileLoaded) tea.Cmd {
	p.loaded, p.profile, p.may, p.trouble = true, msg.profile, msg.may, msg.err
	p.cards.Set(len(p.profile.Cards))
	if at := slices.IndexFunc(p.profile.Cards, func(v engine.CardView) bool { return v.Record.Card.ID == p.first }); at >= 0 {
		p.cards.Cursor, p.first = at, ""
	}
	p.offer()
	return tea.Batch(p.tellFocused(), p.lookLater())
}

func (p *profile) tellFocused() tea.Cmd {
	if p.load == nil {
		return nil
	}
	v, _ := p.card() // without one nothing is in focus
	return p.answer(cardFocused{v.Record.Card.ID})
}

// card returns the card in focus, as its reader shows it if it can.
func (p *profile) card() (engine.CardView, bool) {
	if p.cards.Cursor >= len(p.profile.Cards) {
		return engine.CardView{}, false
	}
	v := p.profile.Cards[p.cards.Cursor]
	if live, ok := p.live[v.Record.Card.ID]; ok {
		return live, true
	}
	return v, true
}

// offer decides which actions there are, the likeliest first.
func (p *profile) offer() {
	focused := p.focused()
	p.actions = nil
	if p.loaded && p.trouble == nil {
		p.actions = walk.Actions(p.known(), p.cardOrNil())
	}
	labels := make([]string, len(p.actions))
	for i, a := range p.actions {
		labels[i] = p.look.marked(p.denied(a), p.text.Actions[string(a)])
	}
	p.buttons.Labels = labels
	p.buttons.Focus = p.stillFocused(focused)
}

// focused is the action in focus; "" before there is any.
func (p *profile) focused() walk.Action {
	if p.buttons.Focus >= len(p.actions) {
		return ""
	}
	return p.actions[p.buttons.Focus]
}

// stillFocused is where the action that somebody has moved to has come to stand.
// Else the likeliest has the focus, which is never to give an update up.
func (p *profile) stillFocused(a walk.Action) int {
	if at := slices.Index(p.actions, a); at >= 0 && p.moved {
		return at
	}
	likely := func(a walk.Action) bool { return a != walk.CancelUpdate }
	if at := slices.IndexFunc(p.actions, func(a walk.Action) bool { return likely(a) && p.denied(a) == nil }); at >= 0 {
		return at
	}
	return max(slices.IndexFunc(p.actions, likely), 0)
}

// denied is why an action may not be done with the card in focus; nil when it may.
func (p *profile) denied(a walk.Action) error {
	v, _ := p.card()
	return p.may.denied(v.Record.Card.ID, a)
}

// button dims what may not be done; in focus it has to be read well.
func (p *profile) button(label string, focused bool) string {
	button := p.look.button(label, focused)
	if focused || !marked(label) {
		return button
	}
	return p.look.faint.Render(button)
}

// explains implements explaining.
func (p *profile) explains() error { return p.denied(p.focused()) }

func (p *profile) known() *engine.Profile {
	if p.load == nil {
		return nil
	}
	return &p.profile
}

func (p *profile) cardOrNil() *engine.CardView {
	if v, ok := p.card(); ok {
		return &v
	}
	return nil
}

func (p *profile) press(msg tea.KeyPressMsg) tea.Cmd {
	switch msg.String() {
	case "left", "shift+tab":
		p.moved = true
		p.buttons.Move(-1)
	case "right", "tab":
		p.moved = true
		p.buttons.Move(+1)
	case "up", "down":
		if len(p.profile.Cards) > 1 {
			moves(&p.cards, msg, 1)
			p.pager.Top()
			p.moved = false
			p.offer()
			return p.tellFocused()
		}
		p.pager.Press(msg.String())
	case "pgup", "pgdown":
		p.pager.Press(msg.String())
	case "f5", "ctrl+l":
		return p.Init()
	case "enter":
		return p.choose()
	}
	return nil
}

func (p *profile) choose() tea.Cmd {
	if p.buttons.Focus >= len(p.actions) {
		return nil
	}
	v, _ := p.card()
	a, card := p.actions[p.buttons.Focus], v.Record.Card.ID
	if why := p.denied(a); why != nil {
		return p.answer(refused{why})
	}
	switch a { //nolint:exhaustive // the others have stages of their own
	case walk.ShowHistory:
		return p.answer(historyWanted{card})
	case walk.CardLife:
		return p.answer(lifeWanted{v, p.may})
	}
	if a == walk.AssignCard {
		card = "" // any card without an owner will do
	}
	return p.answer(actionChosen{a, card, p.likeliest()})
}

// likeliest is what to search for to find the card's owner: who its certificates
// name, when that is one.
func (p *profile) likeliest() string {
	if len(p.holders) == 0 {
		return ""
	}
	if first := p.holders[0]; len(p.holders) == 1 && first.Logon != "" {
		return first.Logon
	}
	return p.holders[0].Name
}
