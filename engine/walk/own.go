package walk

import (
	"slices"

	"cardkiosk/engine"
)

// The walk of people who update their own card: it says who they are, and its PIN
// comes before everything that is theirs.

// ownStages says which stages each of their actions has.
var ownStages = map[Action][]Stage{
	UpdateCard:     {PutIn, EnterPIN, Profile, SelectTemplates, SelectTracked, Confirm, Update, Result},
	ContinueUpdate: {PutIn, EnterPIN, Profile, Update, Result},
	TakeBackUpdate: {PutIn, EnterPIN, Profile, Update, Result},
	CancelUpdate:   {PutIn, EnterPIN, Profile, ConfirmDeed, Update, Result},
	UpdateAgain:    {PutIn, EnterPIN, Profile, ConfirmDeed, Update, Result},
}

// own reports whether it is their walk.
func (d *Draft) own() bool { return d.Mode == engine.SelfService }

func (d *Draft) table() map[Action][]Stage {
	if d.own() {
		return ownStages
	}
	return stages
}

// beginning are the stages that lead to every action.
func (d *Draft) beginning() []Stage {
	if d.own() {
		return []Stage{PutIn, EnterPIN, Profile}
	}
	return []Stage{FindUser, Profile}
}

// leading are these as the trail shows them.
func (d *Draft) leading() []Stage {
	if d.own() {
		return d.beginning()
	}
	return []Stage{d.Start(), Profile}
}

// nothingToChoose reports whether the policy leaves the person no choice.
func (d *Draft) nothingToChoose() bool {
	return d.own() && d.Proposal != nil && !d.Proposal.May.Optional
}

// privilegeFor is what it takes to do with one's own card what can be done there.
var privilegeFor = map[Action]engine.Privilege{
	UpdateCard: engine.UpdateCard, ContinueUpdate: engine.ContinueUpdate, TakeBackUpdate: engine.ContinueUpdate,
	UpdateAgain: engine.ContinueUpdate, CancelUpdate: engine.CancelUpdate,
}

// OwnActions are what people can do with their own card, the likeliest first, given
// what they may.
func OwnActions(card engine.CardView, may engine.Permissions) []Action {
	return slices.DeleteFunc(cardActions(true, card), func(a Action) bool {
		p, own := privilegeFor[a]
		return !own || may.Denied(p) != nil
	})
}
