package words

var englishMail = Mail{
	Subject: "Subject: %s",
	Taken:   "The mail server %s has taken the letter to %s. Whether it arrives, the mailbox shows; its Message-ID begins with %s.",
	Refused: "The mail server %s refused the letter to %s:",
	Later:   "The mail server %s does not take the letter to %s now:",
	Away:    "No letter can be sent through the mail server %s:",

	RefusedHint: "It would refuse it again. Look at the address. A letter of the kiosk is given up then.",
	LaterHint:   "Try again in a while. A letter of the kiosk waits, and is tried for three days.",
	AwayHint:    "Look at [mail] in the configuration and at the server. Letters of the kiosk wait, and are tried for three days.",

	Letter:  "%s, to %s",
	GaveUp:  "Given up: %s, to %s",
	About:   "card %s of %s, written %s",
	Written: "written %s",
	Untried: "not tried yet",
	Behind:  "waits for an earlier letter about the same card",
	Newer:   "a letter that only a newer kiosk can read and send",
	Next:    "%s, next %s",
	After:   "%s, the last about %s",
	Nothing: "No letter waits, and none was given up in the last %d days.",
	Tries:   Plural{"tried %d time", "tried %d times"},
}
