package walk

import (
	"slices"

	"cardkiosk/engine"
)

// table says which stages each action has, in the draft's mode.
func (d *Draft) table() map[Action][]Stage {
	switch d.Mode {
	case engine.SelfService:
		return ownStages
	case engine.Agent:
		return agentStages
	case engine.Operator, "":
	}
	return stages
}

// beginning are the stages that lead to every action.
func (d *Draft) beginning() []Stage {
	switch d.Mode {
	case engine.SelfService:
		return []Stage{PutIn, EnterPIN, Profile}
	case engine.Agent:
		return []Stage{AwaitCard, ShowTask}
	case engine.Operator, "":
	}
	return []Stage{FindUser, Profile}
}

// leading are these as the trail shows them.
func (d *Draft) leading() []Stage {
	all := d.beginning()
	all[0] = d.Start()
	return all
}

// nothingToChoose reports whether the card's holder has no certificate to choose:
// the policy leaves them no choice, or has nothing optional.
func (d *Draft) nothingToChoose() bool {
	if d.Mode == engine.Operator || d.Mode == "" || d.Proposal == nil {
		return false
	}
	optional := slices.ContainsFunc(d.Proposal.Choices, func(c engine.Choice) bool { return c.Template.Optional && !c.Leaving })
	return !d.Proposal.May.Optional || !optional
}
