package ui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
	"cardkiosk/ui/widget"
)

// ownCard shows people their own card: its state, why it is due, what is on it, and
// what they may have done with it.
type ownCard struct {
	*profile
	mine func() (ownSeen, error)
	seen ownSeen
}

// ownSeen is the card with what its holder may do.
type ownSeen struct {
	view engine.CardView
	may  engine.Permissions
}

type (
	ownLoaded struct {
		seen ownSeen
		err  error
	}
	// leaving is the answer: the visit is over.
	leaving struct{}
)

func newOwnCard(s scene, k keymap, user engine.User, mine func() (ownSeen, error)) *ownCard {
	o := &ownCard{profile: newProfile(s, k, "", nil), mine: mine}
	o.profile.profile.User = user
	return o
}

func (o *ownCard) Init() tea.Cmd {
	mine := o.mine
	return func() tea.Msg {
		seen, err := mine()
		return ownLoaded{seen, err}
	}
}

func (o *ownCard) Keys() []key.Binding {
	keys := []key.Binding{o.keys.action, o.keys.forward}
	if o.pager.Hides() {
		keys = append(keys, o.keys.scroll)
	}
	return append(keys, o.keys.help)
}

func (o *ownCard) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case ownLoaded:
		o.loaded, o.seen, o.trouble = true, msg.seen, msg.err
		o.offerOwn()
	case tea.KeyPressMsg:
		return o.pressOwn(msg)
	}
	return nil
}

// offerOwn offers what is permitted, and the way out.
func (o *ownCard) offerOwn() {
	o.actions, o.buttons = nil, widget.Buttons{}
	if o.trouble == nil {
		o.actions = walk.OwnActions(o.seen.view, o.seen.may)
	}
	for _, a := range o.actions {
		o.buttons.Labels = append(o.buttons.Labels, o.text.Actions[string(a)])
	}
	o.buttons.Labels = append(o.buttons.Labels, o.text.Lobby.Leave)
	if len(o.actions) > 1 && o.actions[0] == walk.CancelUpdate {
		o.buttons.Focus = 1
	}
	if len(o.actions) == 1 && o.actions[0] == walk.CancelUpdate || !o.due() {
		o.buttons.Focus = len(o.actions) // the likeliest act is to leave
	}
}

// due reports whether something is to be done about the card.
func (o *ownCard) due() bool {
	v := o.seen.view
	for _, r := range v.Reasons {
		if _, optional := r.(engine.OptionalAvailable); !optional {
			return true
		}
	}
	return v.Unfinished != nil || v.Pending != nil
}

func (o *ownCard) pressOwn(msg tea.KeyPressMsg) tea.Cmd {
	switch msg.String() {
	case "left", "shift+tab":
		o.buttons.Move(-1)
	case "right", "tab":
		o.buttons.Move(+1)
	case "enter":
		return o.chooseOwn()
	default:
		o.pager.Press(msg.String())
	}
	return nil
}

func (o *ownCard) chooseOwn() tea.Cmd {
	switch {
	case !o.loaded:
		return nil
	case o.buttons.Focus >= len(o.actions):
		return o.answer(leaving{})
	}
	return o.answer(actionChosen{action: o.actions[o.buttons.Focus], card: o.seen.view.Record.Card.ID})
}

func (o *ownCard) View(w, h int) string {
	if !o.loaded {
		return "\n   " + o.text.Frame.Working
	}
	foot := []string{""}
	for _, row := range o.buttons.Rows(w-1, o.look.button) {
		foot = append(foot, " "+row)
	}
	if o.trouble != nil {
		return strings.Join(append([]string{"", o.look.trouble(o.text, o.trouble, w)}, foot...), "\n")
	}
	v := o.seen.view
	card := o.text.OwnCard(v.Record.Card) + "   " + o.text.StateOf(v.Record)
	head := []string{
		" " + o.look.title.Render(widget.Fit(o.profile.profile.User.Name, w-2, o.look.glyph.more)),
		" " + widget.Fit(card, w-2, o.look.glyph.more), "",
	}
	return o.pager.View(head, o.ownBody(w), foot, h, o.moreLines)
}

func (o *ownCard) ownBody(w int) []string {
	v := o.seen.view
	var lines []string
	if v.Unfinished != nil {
		lines = append(lines, o.unfinished(*v.Unfinished, w)...)
	}
	if v.Pending != nil {
		lines = append(lines, o.pending(*v.Pending, w)...)
	}
	lines = append(lines, o.reasons(v, w)...)
	if len(o.actions) == 0 {
		lines = append(append(lines, hang(" ", o.text.Lobby.Nothing, w)...), "")
	}
	return append(lines, o.contents(v, w)...)
}
