// Package walk is the way through an update as data: which stages there are,
// which of them fall away, and the draft that the answers fill.
//
// The full screen and the plain lines both follow it; neither knows what comes
// next by itself. The walk owns the connected card and the PIN: Release wipes
// and closes them.
package walk

import (
	"slices"

	"cardkiosk/engine"
)

// Stage is one page of the walk.
type Stage string

// The stages, in the order they stand in the trail.
const (
	FindUser        Stage = "user"
	PutIn           Stage = "put in"    // in self-service: the card says whose it is
	WorkList        Stage = "work list" // instead of FindUser, where one goes through the cards that are due
	Profile         Stage = "card"
	ConnectCard     Stage = "reader"
	ConfirmAssign   Stage = "assign"
	SelectTemplates Stage = "templates"
	EnterPIN        Stage = "PIN"
	SelectTracked   Stage = "third-party"
	Confirm         Stage = "confirm"
	GiveReason      Stage = "reason"       // why a card is revoked
	ConfirmDeed     Stage = "what happens" // what is done beside an update, or to one that waits
	Update          Stage = "update"
	Result          Stage = "result"

	AwaitCard Stage = "wait"  // an agent waits for a card with a task
	ShowTask  Stage = "task"  // what was left to be done with it
	TaskList  Stage = "tasks" // instead of FindUser, where one looks at the tasks for agents
	LeaveTask Stage = "leave" // with what comment, and where
)

// Action is what a person wants done with a card.
type Action string

// The actions.
const (
	IssueCard      Action = "issue" // the first update
	UpdateCard     Action = "update"
	ContinueUpdate Action = "continue"
	TakeBackUpdate Action = "take back"
	CancelUpdate   Action = "cancel update" // one that waits for a CA
	UpdateAgain    Action = "update again"  // one of which a CA has refused something: it is ended, so that another can be made
	AssignCard     Action = "assign"
	ReadCard       Action = "read"       // whose card is this?
	FindOwner      Action = "find owner" // of a card nobody is known to have; has no stages of its own
	ShowHistory    Action = "history"    // has no stages of its own
	CardLife       Action = "card life"  // opens the choice among LifeActions; has no stages of its own
)

// The actions of a card's life beside the update.
const (
	UnassignCard Action = "unassign" // one that was never written
	EmptyCard    Action = "empty"    // unassign one that is issued
	DisableCard  Action = "disable"
	EnableCard   Action = "enable"
	RevokeCard   Action = "revoke"
	CleanCard    Action = "clean"
)

// The actions of tasks for agents.
const (
	LeaveUpdate Action = "leave update"
	LeaveCancel Action = "leave cancel" // of an update that waits
)

// stages says, for each action, which stages it has. FindUser and Profile lead
// to every action and belong to all of them.
var stages = map[Action][]Stage{
	IssueCard:      {FindUser, Profile, ConnectCard, SelectTemplates, EnterPIN, SelectTracked, Confirm, Update, Result},
	UpdateCard:     {FindUser, Profile, ConnectCard, SelectTemplates, EnterPIN, SelectTracked, Confirm, Update, Result},
	ContinueUpdate: {FindUser, Profile, ConnectCard, EnterPIN, Update, Result},
	TakeBackUpdate: {FindUser, Profile, ConnectCard, EnterPIN, Update, Result},
	CancelUpdate:   {FindUser, Profile, ConnectCard, ConfirmDeed, EnterPIN, Update, Result},
	UpdateAgain:    {FindUser, Profile, ConnectCard, ConfirmDeed, EnterPIN, Update, Result},
	AssignCard:     {FindUser, Profile, ConnectCard, ConfirmAssign},
	ReadCard:       {FindUser, ConnectCard, Profile},
	UnassignCard:   {FindUser, Profile, ConfirmDeed},
	EmptyCard:      {FindUser, Profile, ConnectCard, ConfirmDeed, EnterPIN, Update, Result},
	DisableCard:    {FindUser, Profile, ConfirmDeed},
	EnableCard:     {FindUser, Profile, ConfirmDeed},
	RevokeCard:     {FindUser, Profile, GiveReason, ConfirmDeed},
	CleanCard:      {FindUser, Profile, ConnectCard, ConfirmDeed},
	LeaveUpdate:    {FindUser, Profile, LeaveTask},
	LeaveCancel:    {FindUser, Profile, LeaveTask},
}

// skips says when a stage falls away.
var skips = map[Stage]func(*Draft) bool{
	ConnectCard:     (*Draft).atHand,
	SelectTemplates: (*Draft).nothingToChoose,
	SelectTracked:   (*Draft).nothingToTrack,
}

// Draft is what the answers have filled in so far. The zero Draft is the start
// of a walk.
type Draft struct {
	Mode      engine.Mode  // stays when the draft is released; "" is an operator's walk
	Task      *engine.Task // what an agent has taken
	Listed    bool         // the walk begins at the work list
	Action    Action
	User      *engine.User
	Card      engine.CardID     // the card meant; "" while any will do
	Connected *engine.Connected // the card at hand
	Selection engine.Selection
	Proposal  *engine.Proposal // what an update would do, for Selection
	Emptying  *engine.Plan     // how the card is emptied
	Wish      engine.Wish      // why it is revoked, and whether the user keeps the certificates
	PIN       engine.PIN
	Result    *engine.Result
}

// atHand reports whether the card that is meant lies in a reader already.
func (d *Draft) atHand() bool {
	return d.Connected != nil && d.Card != "" && d.Connected.Contents.Identity.ID == d.Card
}

// NeedsCard reports whether the action is carried out with the card at hand.
func (d *Draft) NeedsCard() bool { return slices.Contains(stages[d.Action], ConnectCard) }

func (d *Draft) nothingToTrack() bool {
	return d.Proposal != nil && !d.Proposal.AskTracked
}

// NewPIN reports whether the PIN stage asks for the PIN the card is to get.
func (d *Draft) NewPIN() bool {
	return !d.Continues() && d.Proposal != nil && d.Proposal.Plan.NewPIN
}

// Continues reports whether the walk goes on with a run that was begun.
func (d *Draft) Continues() bool {
	switch d.Action {
	case ContinueUpdate, TakeBackUpdate, CancelUpdate, UpdateAgain:
		return true
	case IssueCard, UpdateCard, AssignCard, ReadCard, FindOwner, ShowHistory,
		CardLife, UnassignCard, EmptyCard, DisableCard, EnableCard, RevokeCard, CleanCard, LeaveUpdate, LeaveCancel:
	}
	return false
}

// GoesBack reports whether the run undoes what was begun.
func (d *Draft) GoesBack() bool { return d.Action == TakeBackUpdate || d.Action == CancelUpdate }

// Stages returns the stages of the draft's action that do not fall away.
// Before an action was chosen these are the ones that lead to one.
func (d *Draft) Stages() []Stage {
	all, ok := d.table()[d.Action]
	if !ok {
		return d.leading()
	}
	var left []Stage
	for _, s := range all {
		if s == FindUser {
			s = d.Start()
		}
		if skip := skips[s]; skip == nil || !skip(d) {
			left = append(left, s)
		}
	}
	return left
}

// Start returns the stage at which users are chosen.
func (d *Draft) Start() Stage {
	switch {
	case d.Mode == engine.SelfService, d.Mode == engine.Agent:
		return d.beginning()[0]
	case d.Listed:
		return WorkList
	}
	return FindUser
}

// Next returns the stage after s; the last has none after it.
func (d *Draft) Next(s Stage) (Stage, bool) { return d.beside(s, +1) }

// Back returns the stage before s. There is no way back from Update on: the
// run has begun.
func (d *Draft) Back(s Stage) (Stage, bool) {
	switch s {
	case Update, Result:
		return "", false
	case WorkList, TaskList:
		return FindUser, true
	case FindUser, PutIn, Profile, ConnectCard, ConfirmAssign, SelectTemplates, EnterPIN, SelectTracked, Confirm, GiveReason, ConfirmDeed,
		AwaitCard, ShowTask, LeaveTask:
	}
	if d.own() && (s == PutIn || s == EnterPIN || s == Profile) {
		return "", false // the way out is to take the card out
	}
	to, ok := d.beside(s, -1)
	if to == FindUser {
		to = d.Start()
	}
	return to, ok
}

// beside walks the whole list, so that a stage which has fallen away meanwhile
// still has its place in it.
func (d *Draft) beside(s Stage, step int) (Stage, bool) {
	all := d.table()[d.Action]
	if all == nil {
		all = d.beginning()
	}
	at := -1
	for i, one := range all {
		if one == s {
			at = i
		}
	}
	for i := at + step; at >= 0 && i >= 0 && i < len(all); i += step {
		if skip := skips[all[i]]; skip == nil || !skip(d) {
			return all[i], true
		}
	}
	return "", false
}

// ForgetCard lets the connected card go, and everything that hangs on it.
func (d *Draft) ForgetCard() {
	if d.Connected != nil {
		_ = d.Connected.Close() // the card may be gone; there is nothing to save
	}
	d.ForgetPIN()
	d.Connected, d.Proposal, d.Emptying = nil, nil, nil
	d.Selection = engine.Selection{}
}

// ForgetPIN wipes the PIN.
func (d *Draft) ForgetPIN() {
	d.PIN.Wipe()
	d.PIN = engine.PIN{}
}

// Release ends the walk: the PIN is wiped and the card is let go.
func (d *Draft) Release() {
	d.ForgetCard()
	*d = Draft{Mode: d.Mode}
}

// Stages returns every stage, for tables that must not lack one.
func Stages() []Stage {
	return []Stage{
		FindUser, PutIn, WorkList, Profile, ConnectCard, ConfirmAssign, SelectTemplates, EnterPIN, SelectTracked, Confirm,
		GiveReason, ConfirmDeed, Update, Result, AwaitCard, ShowTask, TaskList, LeaveTask,
	}
}
