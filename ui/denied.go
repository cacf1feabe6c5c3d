package ui

import (
	"context"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
)

// What a person may not do is shown all the same, so that they learn that it is
// there and why it is not for them: faint, and in brackets where faintness does not
// show. It can be focused, which says the reason, and does nothing.

type (
	// refused asks the app to say why something is not done.
	refused struct{ why error }
	// permitted comes when it is known what the person may do, apart from any user.
	permitted struct {
		session int
		may     engine.Permissions
	}
	// explaining is a page of which what has the focus may be denied.
	explaining interface{ explains() error }
)

// permits are what the person may do with each card of a user, where that differs;
// "" is the user's.
type permits map[engine.CardID]engine.Permissions

func (p permits) denied(card engine.CardID, a walk.Action) error {
	may, known := p[card]
	if !known {
		may = p[""]
	}
	return may.Denied(a.Privileges()...)
}

// permitsFor asks once for a user. While the directory does not tell of them it is
// the cards that say which policy they are under.
func permitsFor(ctx context.Context, desk *engine.Desk, actor engine.Actor, p engine.Profile) permits {
	may := permits{"": desk.Permitted(ctx, actor, p.User.ID, nil)}
	if p.Unread != nil {
		for _, v := range p.Cards {
			may[v.Record.Card.ID] = desk.Permitted(ctx, actor, p.User.ID, &v.Record)
		}
	}
	return may
}

// askPermitted asks what the person may do, apart from any user.
func (a *App) askPermitted() tea.Cmd {
	desk, actor, s := a.needs.Desk, a.needs.Actor, a.session
	return func() tea.Msg { return permitted{s.number, desk.Permitted(s.ctx, actor, "", nil)} }
}

// marked puts what is denied in brackets.
func (look) marked(why error, label string) string {
	if why == nil {
		return label
	}
	return "(" + label + ")"
}

func marked(label string) bool { return strings.HasPrefix(label, "(") }

func (l look) dimmed(why error, s string) string {
	if why == nil {
		return s
	}
	return l.faint.Render(s)
}

// unless is a label, marked and dimmed where there is a reason why not.
func (l look) unless(why error, label string) string { return l.dimmed(why, l.marked(why, label)) }

// keyUnless marks what a key does.
func (l look) keyUnless(why error, b key.Binding) key.Binding {
	if why == nil {
		return b
	}
	return bind(b.Help().Key, l.unless(why, b.Help().Desc), b.Keys()...)
}

// unless does something, or says why not.
func (s scene) unless(why error, do func() tea.Cmd) tea.Cmd {
	if why != nil {
		return s.answer(refused{why})
	}
	return do()
}
