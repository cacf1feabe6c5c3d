package walk

import "cardkiosk/engine"

// Actions are what can be done on the profile page, the likeliest first. p is
// nil for a card nobody is known to have; card is nil for a user without one.
func Actions(p *engine.Profile, card *engine.CardView) []Action {
	if p == nil {
		return []Action{FindOwner}
	}
	active := !p.User.Disabled && p.Unread == nil
	var actions []Action
	if card != nil {
		actions = cardActions(active, *card)
	}
	if active {
		actions = append(actions, AssignCard)
	}
	if card != nil {
		actions = append(actions, ShowHistory)
	}
	return actions
}

func cardActions(active bool, card engine.CardView) []Action {
	switch run := card.Unfinished; {
	case card.Pending != nil && (run == nil || run.Waited && !run.Turned):
		return pendingActions(*card.Pending, run != nil)
	case run != nil && !run.Committed && !run.Turned:
		return []Action{ContinueUpdate, TakeBackUpdate}
	case run != nil:
		return []Action{ContinueUpdate}
	case !active:
	case card.Record.State == engine.StateAssigned:
		return []Action{IssueCard}
	case card.Record.State == engine.StateIssued:
		return []Action{UpdateCard}
	}
	return nil
}

// pendingActions are what can be done about an update that waits for a CA. begun
// says that its continuing was interrupted.
func pendingActions(p engine.Pending, begun bool) []Action {
	var actions []Action
	if p.Ready() || begun {
		actions = append(actions, ContinueUpdate)
	}
	if p.Rejected() && !p.Ready() && !begun {
		actions = append(actions, UpdateAgain)
	}
	if p.Cancel {
		actions = append(actions, CancelUpdate)
	}
	return actions
}

// Unfit says why the card in a reader will not do.
type Unfit string

// The causes. Fit is none.
const (
	Fit        Unfit = ""
	NoCard     Unfit = "no card"
	MuteCard   Unfit = "mute"
	Unreadable Unfit = "unreadable" // the view's Err says why
	OtherCard  Unfit = "other card"
	OthersCard Unfit = "somebody's"
)

// Fits says whether the card in a reader will do for the draft's action.
func (d *Draft) Fits(v engine.ReaderView) Unfit {
	switch {
	case !v.Reader.Card:
		return NoCard
	case v.Reader.Mute:
		return MuteCard
	case v.Err != nil || v.Card == nil:
		return Unreadable
	}
	switch d.Action {
	case IssueCard, UpdateCard, ContinueUpdate, TakeBackUpdate, CancelUpdate, UpdateAgain:
		if v.Card.ID != d.Card {
			return OtherCard
		}
	case AssignCard:
		if v.State != "" && v.State != engine.StateClean {
			return OthersCard
		}
	case ReadCard, FindOwner, ShowHistory:
	}
	return Fit
}

// Unfits and EveryAction return all values, for tables that must not lack one.
func Unfits() []Unfit { return []Unfit{Fit, NoCard, MuteCard, Unreadable, OtherCard, OthersCard} }

// EveryAction is said at Unfits.
func EveryAction() []Action {
	return []Action{IssueCard, UpdateCard, ContinueUpdate, TakeBackUpdate, CancelUpdate, UpdateAgain, AssignCard, ReadCard, FindOwner, ShowHistory}
}

// Idle reports whether going on from the templates would lead to nothing.
func Idle(p engine.Proposal) bool { return !p.Plan.Changes() && !p.AskTracked }
