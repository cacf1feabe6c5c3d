package walk

import "cardkiosk/engine"

// Privilege is what it takes to carry an action out; "" where that depends on what
// is chosen next.
func (a Action) Privilege() engine.Privilege {
	switch a {
	case IssueCard, UpdateCard:
		return engine.UpdateCard
	case ContinueUpdate, TakeBackUpdate, UpdateAgain: // again is another update
		return engine.ContinueUpdate
	case CancelUpdate:
		return engine.CancelUpdate
	case AssignCard:
		return engine.AssignCard
	case ReadCard:
		return engine.ViewCard
	case FindOwner:
		return engine.FindUsers
	case ShowHistory:
		return engine.SeeHistory
	case UnassignCard, EmptyCard:
		return engine.UnassignCard
	case DisableCard:
		return engine.DisableCard
	case EnableCard:
		return engine.EnableCard
	case RevokeCard:
		return engine.RevokeCard
	case CleanCard:
		return engine.CleanCard
	case LeaveUpdate, LeaveCancel:
		return engine.AssignTask
	case CardLife:
	}
	return ""
}
