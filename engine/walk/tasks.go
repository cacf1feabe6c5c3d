package walk

import "cardkiosk/engine"

// agentStages says, for each action, which stages it has at an agent: the card has
// said whose it is, and the task what is to be done.
var agentStages = map[Action][]Stage{
	IssueCard:      {AwaitCard, ShowTask, SelectTemplates, EnterPIN, SelectTracked, Confirm, Update, Result},
	UpdateCard:     {AwaitCard, ShowTask, SelectTemplates, EnterPIN, SelectTracked, Confirm, Update, Result},
	ContinueUpdate: {AwaitCard, ShowTask, EnterPIN, Update, Result},
	CancelUpdate:   {AwaitCard, ShowTask, ConfirmDeed, EnterPIN, Update, Result},
}

// taskActions are what can be left to an agent. A card has one task at a time; what
// an agent offers by itself gives way.
func taskActions(active bool, card engine.CardView) []Action {
	switch t := card.Task; {
	case t != nil && (t.Kind != engine.TaskContinue || t.State != engine.TaskIdle):
	case card.Pending != nil && card.Unfinished == nil && card.Pending.Cancel:
		return []Action{LeaveCancel}
	case !active || card.Pending != nil || card.Unfinished != nil:
	case card.Record.State == engine.StateAssigned, card.Record.State == engine.StateIssued:
		return []Action{LeaveUpdate}
	}
	return nil
}

// TaskKind is what an action leaves to an agent; "" where it leaves nothing.
func (a Action) TaskKind() engine.TaskKind {
	switch a { //nolint:exhaustive // the others leave nothing
	case LeaveUpdate:
		return engine.TaskUpdate
	case LeaveCancel:
		return engine.TaskCancel
	}
	return ""
}

// TaskAction is what a task comes to for a card as it is; ok is false when that does
// not do any more what the task asks for.
func TaskAction(t engine.Task, card engine.CardView) (a Action, ok bool) {
	begun := card.Unfinished != nil
	switch t.Kind {
	case engine.TaskCancel:
		return CancelUpdate, card.Pending != nil && card.Pending.Cancel || begun && card.Unfinished.Turned
	case engine.TaskContinue:
		return ContinueUpdate, begun || card.Pending != nil && card.Pending.Ready()
	case engine.TaskUpdate:
	}
	switch {
	case begun || card.Pending != nil && card.Pending.Ready():
		return ContinueUpdate, true
	case card.Pending != nil:
	case card.Record.State == engine.StateAssigned:
		return IssueCard, true
	case card.Record.State == engine.StateIssued:
		return UpdateCard, true
	}
	return "", false
}
