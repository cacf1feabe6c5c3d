package words

import "cardkiosk/engine"

// englishTroubles says of each kind of trouble what happened and what to do.
var englishTroubles = map[engine.Kind]Trouble{
	engine.Broken: {
		Title: "Something went wrong that should not",
		Hint:  "Call whoever looks after this kiosk and tell them the run's number, or the time. The log has the cause.",
	},
	engine.BadInput:    {Title: "That cannot be used", Of: "That cannot be used: %s", Hint: "Look at what was entered and try again."},
	engine.WrongPIN:    {Title: "The PIN was wrong", Hint: "Type it again, slowly. Letters count as large or small."},
	engine.PINBlocked:  {Title: "The PIN is blocked", Hint: "Too many wrong PINs were entered. The help desk can unblock the card with its PUK; until then it cannot be updated."},
	engine.CardGone:    {Title: "The card was taken out", Of: "The card was taken out of %s", Hint: "Put it back. If the update had begun, choose Continue."},
	engine.CardLetGo:   {Title: "The connection to the card has ended", Of: "The connection to the card in %s has ended", Hint: "Choose the card again. If that does not help, take it out and put it back."},
	engine.OtherCard:   {Title: "This is another card", Of: "This is another card: %s", Hint: "Put in the card that was chosen."},
	engine.CardBusy:    {Title: "Another program is using the card", Of: "Another program is using the card in %s", Hint: "Close browsers, mail programs and other card software, then try again."},
	engine.CardTrouble: {Title: "The card gave an answer that makes no sense", Of: "The card gave an answer that makes no sense (%s)", Hint: "Take it out, wipe its contacts, put it back and try again. If it happens again the card may be broken."},
	engine.CardFull:    {Title: "The card is full", Hint: "There is no room for the new certificate. Remove certificates nobody needs."},
	engine.CardRefused: {Title: "The card does not allow it", Of: "The card does not allow it: %s", Hint: "Its administration key may have been changed by somebody else. Only they can write to it."},
	engine.TouchMissed: {Title: "The card was not touched in time", Hint: "Continue, and touch the card's metal when it blinks."},
	engine.NoReaders:   {Title: "No card reader service", Of: "No card reader service: %s", Hint: "Plug a reader in and see that pcscd runs. The kiosk goes on by itself once it is there."},
	engine.ReadersForbidden: {
		Title: "This session may not use the readers", Of: "This session may not use the readers (%s)",
		Hint: "The system's polkit rules forbid it to sessions that are not local. The administrator must allow the kiosk's user.",
	},
	engine.DirectoryAway:    {Title: "The directory does not answer", Of: "The directory does not answer: %s", Hint: "Wait a moment and type again. If it lasts, tell the administrator."},
	engine.DirectoryRefused: {Title: "The directory refused", Of: "The directory refused: %s", Hint: "The kiosk's own sign-in or its rights are not in order. Tell the administrator."},
	engine.UserUnknown:      {Title: "The directory does not know this user any more", Of: "The directory does not know %s any more", Hint: "Search again. The account may have been removed or renamed."},
	engine.CAAway:           {Title: "The CA does not answer", Of: "The CA does not answer: %s", Hint: "Wait a moment, then continue. No request is made twice."},
	engine.CARefused:        {Title: "The CA refused", Of: "The CA refused: %s", Hint: "These are the CA's own words. Its officer can say more."},
	engine.CAHolds:          {Title: "The CA holds the request", Of: "The CA (%s) holds the request", Hint: "An officer decides. Continue the update when that was done."},
	engine.CAMistaken:       {Title: "The CA gave an answer that cannot be used", Of: "The CA gave an answer that cannot be used: %s", Hint: "Tell the administrator; the log has the details."},
	engine.MailAway:         {Title: "The mail server does not answer", Of: "The mail server does not answer: %s", Hint: "The letter waits and is sent later. Nothing needs to be done."},
	engine.MailLater:        {Title: "The mail server does not take the letter now", Of: "The mail server does not take the letter now: %s", Hint: "The letter waits and is sent later. If it lasts, tell the administrator: the server may not let this kiosk send mail."},
	engine.MailRefused:      {Title: "The mail server refused the letter", Of: "The mail server refused the letter: %s", Hint: "Look at the address in the directory."},
	engine.StoreTrouble:     {Title: "The kiosk's own store does not work", Of: "The kiosk's own store does not work: %s", Hint: "Nothing is started that cannot be noted. Tell the administrator."},
	engine.StoreFull:        {Title: "The disk is full", Hint: "Nothing is started that cannot be noted. The administrator must make room; then continue."},
	engine.InWork:           {Title: "Another kiosk is at work on this card", Of: "Another kiosk is at work on this card: %s", Hint: "Wait half a minute and try again."},
	engine.Overtaken:        {Title: "Another kiosk has taken this card over", Hint: "Open the user again to see how far it is."},
	engine.Forbidden:        {Title: "You may not do that", Of: "%s may not do that", Hint: "Ask somebody who has the right to."},
	engine.WrongState:       {Title: "That cannot be done with this card now", Of: "That cannot be done with this card now: %s", Hint: "Open the user again to see the card's state."},
	engine.Unfinished:       {Title: "An update of this card has not ended", Hint: "Choose Continue in the user's page first."},
	engine.CannotPlan:       {Title: "This update cannot be carried out", Hint: "The plan says what stands in its way."},
	engine.PlanOutdated:     {Title: "The card has changed since the plan was made", Of: "The card has changed since the plan was made (%s)", Hint: "Another program wrote to it. Start again: a new plan is made from what is there now."},
	engine.FateUnknown:      {Title: "It is not known whether it happened", Of: "It is not known whether it happened: %s", Hint: "Continue: it is looked up before anything is done again."},
	engine.Stopped:          {Title: "The update was stopped", Hint: "It stopped at a safe point. Choose Continue to finish it."},
}
