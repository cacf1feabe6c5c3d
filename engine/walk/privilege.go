package walk

import "cardkiosk/engine"

// Privileges are what it takes to carry an action out, all of them; none where that
// depends on what is chosen next.
func (a Action) Privileges() []engine.Privilege {
	switch a {
	case IssueCard, UpdateCard:
		return []engine.Privilege{engine.UpdateCard}
	case ContinueUpdate, TakeBackUpdate, UpdateAgain: // again is another update
		return []engine.Privilege{engine.ContinueUpdate}
	case CancelUpdate:
		return []engine.Privilege{engine.CancelUpdate}
	case AssignCard:
		return []engine.Privilege{engine.AssignCard}
	case ReadCard:
		return []engine.Privilege{engine.ViewCard}
	case FindOwner:
		return []engine.Privilege{engine.FindUsers}
	case ShowHistory:
		return []engine.Privilege{engine.SeeHistory}
	case UnassignCard, EmptyCard:
		return []engine.Privilege{engine.UnassignCard}
	case DisableCard:
		return []engine.Privilege{engine.DisableCard}
	case EnableCard:
		return []engine.Privilege{engine.EnableCard}
	case RevokeCard:
		return []engine.Privilege{engine.RevokeCard}
	case CleanCard:
		return []engine.Privilege{engine.CleanCard}
	case LeaveUpdate: // nobody leaves what they may not do themselves
		return []engine.Privilege{engine.AssignTask, engine.UpdateCard}
	case LeaveCancel:
		return []engine.Privilege{engine.AssignTask, engine.CancelUpdate}
	case CardLife:
	}
	return nil
}
