package engine

import (
	"errors"
	"fmt"
)

// Kind classes trouble by what the person at the screen can do about it. The
// words for each stand in engine/words.
type Kind int

// The kinds. Broken is the zero value: trouble nobody classed is a fault of
// the program, and the person is told to call somebody.
const (
	Broken           Kind = iota
	BadInput              // what was typed or chosen cannot be used: choose again
	WrongPIN              // TriesLeft says how many are left
	PINBlocked            // no try is left
	CardGone              // pulled, or without power: put it back
	CardLetGo             // a command was given up, and the connection with it: connect the card again
	OtherCard             // another card lies in the reader than the one asked for
	CardBusy              // another program holds the card
	CardTrouble           // the card answered what a sound card does not
	CardFull              // no room for what was to be written
	CardRefused           // the card does not let us: its administration key is not known, say
	TouchMissed           // the card waited for a finger and none came
	NoReaders             // the smart card service is not there, or has no reader
	ReadersForbidden      // the system does not let this user at the readers
	DirectoryAway         // no directory server answers
	DirectoryRefused      // the directory refused our sign-in or our question
	UserUnknown           // the directory has no such user
	CAAway                // the CA does not answer
	CARefused             // the CA said no; its words are in Subject
	CAHolds               // the CA holds the request until an officer decides
	CAMistaken            // the CA issued something else than was asked for
	MailAway              // the mail server does not answer, or takes no letter at all
	MailLater             // the mail server does not take this letter now
	MailRefused           // the mail server refused the letter for good
	AccessAway            // the access system does not answer, or cannot take the note now
	AccessRefused         // the access system refused the note; its words are in Subject
	LogAway               // the syslog server does not answer
	StoreTrouble          // the store does not answer or is not sound
	StoreFull             // the disk with the store is full
	InWork                // another kiosk is at work on this card; Subject names it
	Overtaken             // another kiosk took this card over: this run may not go on
	Forbidden             // the actor may not do that
	WrongState            // the card's state does not allow it
	Unfinished            // an update of this card must be finished first
	CannotPlan            // the plan has lines that forbid it; they are on the plan
	PlanOutdated          // the card is no longer what the plan was made for: plan again
	FateUnknown           // it may or may not have happened
	NoPolicy              // no policy is this user's
	SignInShut            // people do not sign in this way here: choose another
	WrongPassword         // of name and password one is wrong; which, nobody is told
	AccountLocked         // the directory has locked the account, mostly after too many wrong passwords
	AccountClosed         // the account is disabled, has ended, or may not sign in here and now
	PasswordExpired       // the password was right, and must be changed elsewhere first
	CardNotAccepted       // nobody signs in with this card; a CardFault in Err says why
	TaskThere             // the card has a task that is not completed
	TaskGone              // the task was removed, or another agent has it
	Stopped               // the program is closing, or the person turned away
)

// Kinds returns every kind, for tables that must not lack one.
func Kinds() []Kind {
	all := make([]Kind, 0, Stopped+1)
	for k := Broken; k <= Stopped; k++ {
		all = append(all, k)
	}
	return all
}

// Effect says what trouble means for the card.
type Effect int

// The effects.
const (
	NothingChanged Effect = iota // the card is as it was
	CanContinue                  // an update has begun and can be continued
	CleanAgain                   // cleaning has begun: done again, it ends
)

// Error is trouble as the domain knows it. Adapters make them where they know
// the Kind; everybody else wraps them with %w.
type Error struct {
	Op        string // the deed, in lower case: "check PIN"
	Kind      Kind
	Effect    Effect
	Subject   string // what it was about: a reader, a server, a person, the CA's own words
	TriesLeft int    // for WrongPIN
	Run       RunID  // the run it happened in, if any
	Err       error  // the cause, for the log
}

func (e *Error) Error() string {
	s := e.Op
	if e.Subject != "" {
		s += " (" + e.Subject + ")"
	}
	if e.Kind == WrongPIN {
		s += fmt.Sprintf(": %d tries left", e.TriesLeft)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the outermost Error in err, or Broken when there
// is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Broken
}

// Is reports whether err is trouble of this kind.
func Is(err error, k Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == k
}

// RunOf returns the run in which err happened, or "".
func RunOf(err error) RunID {
	var e *Error
	if errors.As(err, &e) {
		return e.Run
	}
	return ""
}
