package words

// englishGiveUp are the words of an update that is ended without what was not
// written yet.
var englishGiveUp = GiveUp{
	Cancel:    "Cancel the update of card %s?",
	End:       "End the rejected update of card %s?",
	Go:        "Cancel update",
	GoEnd:     "End it",
	Withdrawn: "%s: the request is withdrawn at %s",
	Away:      "%s: the request is withdrawn as soon as %s answers; what it grants meanwhile is revoked",
	Revoked:   "%s: the certificate that %s has approved is given back and revoked",
	Returned:  "%s: what %s has approved is given back",
	Keys:      "The keys that were made for it are removed.",
	Stays:     "What was written to the card already.",
	Works:     "The card works as before.",
	Lost:      "What was replaced already cannot be used any more; everything else on the card works as before.",
}
