package main

import "cardkiosk/engine"

// The exit codes, as the README documents them.
const (
	exitDone    = 0
	exitBroken  = 1 // a fault of the program or of its store
	exitUsage   = 2 // usage or configuration
	exitPending = 3 // the CA holds a request
	exitCard    = 4 // card or PIN
	exitServer  = 5 // CA, directory, mail or access system
	exitRefused = 6 // refused by permission or state
	exitFound   = 7 // kiosk audit verify has found something
)

// exitCode says what kind of trouble ended a command.
func exitCode(err error) int {
	switch engine.KindOf(err) {
	case engine.BadInput:
		return exitUsage
	case engine.CAHolds:
		return exitPending
	case engine.WrongPIN, engine.PINBlocked, engine.CardGone, engine.CardLetGo, engine.OtherCard, engine.CardBusy, engine.CardTrouble,
		engine.CardFull, engine.CardRefused, engine.TouchMissed, engine.NoReaders, engine.ReadersForbidden:
		return exitCard
	case engine.DirectoryAway, engine.DirectoryRefused, engine.UserUnknown, engine.CAAway, engine.CARefused,
		engine.CAMistaken, engine.MailAway, engine.MailLater, engine.MailRefused, engine.AccessAway, engine.AccessRefused, engine.LogAway,
		engine.FateUnknown:
		return exitServer
	case engine.InWork, engine.Overtaken, engine.Forbidden, engine.WrongState, engine.Unfinished,
		engine.CannotPlan, engine.PlanOutdated, engine.NoPolicy, engine.TaskThere, engine.TaskGone,
		engine.SignInShut, engine.WrongPassword, engine.AccountLocked, engine.AccountClosed, engine.PasswordExpired, engine.CardNotAccepted:
		return exitRefused
	case engine.Broken, engine.StoreTrouble, engine.StoreFull, engine.Stopped:
		return exitBroken
	}
	return exitBroken
}
