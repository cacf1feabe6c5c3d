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
		actions = append(cardActions(active, *card), taskActions(active, *card)...)
	}
	if active {
		actions = append(actions, AssignCard)
	}
	if card != nil {
		actions = append(actions, ShowHistory)
		if len(LifeActions(*card)) > 0 {
			actions = append(actions, CardLife)
		}
	}
	return actions
}

// LifeActions are what can become of a card beside the update, as its state
// allows. While an update has not ended the card can only be revoked.
func LifeActions(card engine.CardView) []Action {
	rests := card.Unfinished == nil && card.Pending == nil
	switch card.Record.State {
	case engine.StateAssigned:
		if rests {
			return []Action{UnassignCard}
		}
	case engine.StateIssued:
		if rests {
			return []Action{DisableCard, RevokeCard, EmptyCard}
		}
		return []Action{RevokeCard}
	case engine.StatePending:
		return []Action{RevokeCard}
	case engine.StateDisabled:
		return []Action{EnableCard, RevokeCard}
	case engine.StateRevoked:
		return []Action{CleanCard}
	case "", engine.StateClean:
	}
	return nil
}

// Event is what an action does to a card's life; "" where it is none of these.
func (a Action) Event() engine.CardEvent {
	switch a {
	case UnassignCard, EmptyCard:
		return engine.CardUnassigned
	case DisableCard:
		return engine.CardDisabled
	case EnableCard:
		return engine.CardEnabled
	case RevokeCard:
		return engine.CardRevoked
	case CleanCard:
		return engine.CardCleaned
	case IssueCard, UpdateCard, ContinueUpdate, TakeBackUpdate, CancelUpdate, UpdateAgain, AssignCard, ReadCard,
		FindOwner, ShowHistory, CardLife, LeaveUpdate, LeaveCancel:
	}
	return ""
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
	case IssueCard, UpdateCard, ContinueUpdate, TakeBackUpdate, CancelUpdate, UpdateAgain, EmptyCard, CleanCard:
		if v.Card.ID != d.Card {
			return OtherCard
		}
	case AssignCard:
		if v.State != "" && v.State != engine.StateClean {
			return OthersCard
		}
	case ReadCard, FindOwner, ShowHistory, CardLife, UnassignCard, DisableCard, EnableCard, RevokeCard, LeaveUpdate, LeaveCancel:
	}
	return Fit
}

// Unfits and EveryAction return all values, for tables that must not lack one.
func Unfits() []Unfit { return []Unfit{Fit, NoCard, MuteCard, Unreadable, OtherCard, OthersCard} }

// EveryAction is said at Unfits.
func EveryAction() []Action {
	return []Action{
		IssueCard, UpdateCard, ContinueUpdate, TakeBackUpdate, CancelUpdate, UpdateAgain, AssignCard, ReadCard, FindOwner, ShowHistory,
		CardLife, UnassignCard, EmptyCard, DisableCard, EnableCard, RevokeCard, CleanCard, LeaveUpdate, LeaveCancel,
	}
}

// Idle reports whether going on from the templates would lead to nothing.
func Idle(p engine.Proposal) bool { return !p.Plan.Changes() && !p.AskTracked }
