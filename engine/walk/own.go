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

// OwnActions are what people can do with their own card, the likeliest first, given
// what they may.
func OwnActions(card engine.CardView, may engine.Permissions) []Action {
	return slices.DeleteFunc(cardActions(true, card), func(a Action) bool {
		_, own := ownStages[a]
		return !own || may.Denied(a.Privileges()...) != nil
	})
}
