package main

import (
	"errors"
	"testing"

	"cardkiosk/engine"
)

// Every kind of trouble ends a command with the code that the README documents
// for it.
func TestExitCodes(t *testing.T) {
	want := map[engine.Kind]int{}
	for code, kinds := range map[int][]engine.Kind{
		exitBroken:  {engine.Broken, engine.StoreTrouble, engine.StoreFull, engine.Stopped},
		exitUsage:   {engine.BadInput},
		exitPending: {engine.CAHolds},
		exitCard: {
			engine.WrongPIN, engine.PINBlocked, engine.CardGone, engine.CardLetGo, engine.OtherCard, engine.CardBusy, engine.CardTrouble,
			engine.CardFull, engine.CardRefused, engine.TouchMissed, engine.NoReaders, engine.ReadersForbidden,
		},
		exitServer: {
			engine.DirectoryAway, engine.DirectoryRefused, engine.UserUnknown, engine.CAAway, engine.CARefused, engine.CAMistaken,
			engine.MailAway, engine.MailLater, engine.MailRefused, engine.AccessAway, engine.AccessRefused, engine.LogAway, engine.FateUnknown,
		},
		exitRefused: {
			engine.InWork, engine.Overtaken, engine.Forbidden, engine.WrongState, engine.Unfinished, engine.CannotPlan, engine.PlanOutdated,
			engine.NoPolicy, engine.TaskThere, engine.TaskGone,
			engine.SignInShut, engine.WrongPassword, engine.AccountLocked, engine.AccountClosed, engine.PasswordExpired, engine.CardNotAccepted,
		},
	} {
		for _, k := range kinds {
			want[k] = code
		}
	}
	for _, k := range engine.Kinds() {
		code, ok := want[k]
		if got := exitCode(&engine.Error{Op: "test", Kind: k, Err: errors.New("why")}); !ok || got != code {
			t.Errorf("kind %d: exit code %d, want %d", k, got, code)
		}
	}
	if got := exitCode(errors.New("no kind")); got != exitBroken {
		t.Errorf("an error without a kind: exit code %d", got)
	}
}
