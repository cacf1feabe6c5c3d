package words

import "cardkiosk/engine"

// englishLife are the words of a card's life beside the update.
var englishLife = Life{
	Card:       "Card %s (%s): %s",
	RevokedFor: "%s (%s)",
	Holder:     "Its user is %s (%s).",
	Nobodys:    "It is nobody's.",
	Becomes:    "This is what will happen to card %s: it is %s, and will be %s",
	AtCA:       "Its certificates, at their CA",
	OnCard:     "On the card, as recorded",
	Entry:      "%s %s, %s",
	Lot:        "%s %s: %s",
	Lots: map[engine.LotDeed]string{
		engine.LotStays: "stays as it is", engine.LotHold: "goes on hold, until the card is enabled again",
		engine.LotOnHold:  "is on hold already, and not because of the card: it stays so",
		engine.LotRelease: "is released from hold", engine.LotRevoke: "is revoked: %s",
	},
	Common:      "stays as it is: other cards have it too",
	FormerHeld:  "%s, a former one",
	Pruned:      "The directory shows its certificates no more.",
	Ends:        "An update that was begun on %s at %s ends with it, and cannot be continued.",
	Lost:        "What a CA has granted to that update is revoked too: %s.",
	Tell:        "A letter goes to %s.",
	Manager:     "the user's manager",
	Group:       "the group %s",
	TellNobody:  "No letter is written.",
	Untouched:   "Nothing is written to the card: it need not be there.",
	Wipe:        "Everything on card %s goes, whoever wrote it, and it will be clean",
	WipeKey:     "%s a key without a certificate",
	WipeEmpty:   "There is nothing on it.",
	WipeFoot:    "PIN, PUK and administration key become the factory's. Mail encrypted to a key on it can no longer be opened with this card.",
	OldPIN:      "The card keeps its PIN and PUK. If nobody knows the PIN, the help desk unblocks the card with the PUK before it is issued again.",
	GoesRevoked: "What goes is revoked at its CA; common certificates are not.",
	Deeds: map[engine.CardEvent]string{
		engine.CardUnassigned: "Unassign card", engine.CardDisabled: "Disable card", engine.CardEnabled: "Enable card",
		engine.CardRevoked: "Revoke card", engine.CardCleaned: "Clean card",
	},
	Done: map[engine.CardEvent]string{
		engine.CardUnassigned: "The card is nobody's now", engine.CardDisabled: "The card is disabled", engine.CardEnabled: "The card is enabled",
		engine.CardRevoked: "The card is revoked", engine.CardCleaned: "The card is clean, as it left the factory",
	},
	Reasons: map[engine.CardRevokeReason]string{
		engine.CardLost: "lost", engine.CardBroken: "broken", engine.CardCompromised: "compromised",
		engine.CardLeft: "its user has left", engine.CardWithdrawn: "withdrawn",
	},
}
