// Package words holds every sentence a person reads: one table per language,
// and the functions that put typed values into its sentences.
//
// A language is a Text, one file; a test holds that none lacks a word. Values
// from outside (names, subjects, a CA's own words) must have gone through
// engine.Clean before they come here; errors are cleaned here.
package words

import (
	"fmt"

	"cardkiosk/engine"
)

// Text is one language. Sentences with values are formats for fmt; the comment
// beside a field says which values they get, in order.
type Text struct {
	Product string
	Months  [12]string // short names

	Frame     Frame
	Find      Find
	Profile   Profile
	Connect   Connect
	Assign    Assign
	Adopt     Adopt
	Templates Templates
	PIN       PIN
	Tracked   Tracked
	Confirm   Confirm
	Progress  Progress
	Result    Result
	Pending   PendingWords
	History   History
	Plain     Plain
	Policies  Policies
	Due       Due
	Mail      Mail
	Officer   Officer
	Demo      Demo
	Keys      Keys
	Values    Values
	Reasons   Reasons
	Obstacles Obstacles
	Life      Life
	GiveUp    GiveUp
	Orphans   Orphans
	Audit     Audit
	Count     Counts
	Denials   Denials
	SignIn    SignIn
	Lobby     Lobby
	Doors     Doors
	Roles     RolesWords
	Tasks     TaskWords

	Stages  map[string]string // by walk.Stage
	Cards   map[engine.State]string
	Groups  map[engine.StayGroup]string
	Losses  map[engine.LossWhy]string
	Hows    map[engine.How]string
	Revokes map[engine.RevokeReason]string
	Misfits map[engine.MisfitWhy]string // most characters, where that is why
	SetUps  map[engine.SetupLine]string
	Ends    map[engine.RunEnd]string
	Steps   map[engine.Verb]string // template
	Undo    map[engine.Verb]string // template

	Actions map[string]string // by walk.Action
	Unfits  map[string]string // by walk.Unfit

	Losers map[engine.LostWhy]string

	Troubles map[engine.Kind]Trouble
	Effects  map[engine.Effect]string
}

// Trouble is what is said of a Kind.
type Trouble struct {
	Title string // what happened
	Of    string // the same with the error's subject, "%s"; "" where it has none
	Hint  string // what to do
}

// Plural is a noun with its number: "%d card", "%d cards". English and German
// have the same two forms for whole numbers (CLDR: one is 1, other is the rest, 0
// and 21 too); a language with more gets more fields and a rule of its own.
type Plural struct{ One, Other string }

// Of fills in the number, and what else the sentence says.
func (p Plural) Of(n int, more ...any) string {
	form := p.Other
	if n == 1 {
		form = p.One
	}
	return fmt.Sprintf(form, append([]any{n}, more...)...)
}

// The parts of a Text, one for each page.
type (
	// Frame is around every page.
	Frame struct {
		Quit, QuitHint, QuitRun, Yes, No, Close string
		Help, HelpHint, Working, RunGoesOn, Run string
		TooSmall                                string // width, height, least width, least height
		Held                                    string // serial, reader
		Operator                                string // name
		Store, Idle                             string
	}
	// Find is the page that finds the user.
	Find struct {
		Title, Ask, Hint, Nobody, Searching, NoCard, Due, Disabled string
		Waits                                                      string // an update of a card of theirs does
		ShownMore                                                  string // number
		Directory                                                  string // name
		DN, UPN, SID                                               string // value
	}
	// Profile is the page of a user and their cards.
	Profile struct {
		Policy                                              string // name
		NoPolicy                                            string
		Card                                                string // serial, model
		InReader                                            string // reader
		CouldAdd, CouldDrop                                 string // templates
		Unfinished, UnfinishedBack                          string // date and time, station
		NotHere, NoCards, NoMail, UserDisabled, AsRecorded  string
		Unknown, UnknownHint                                string
		UnknownNamed                                        string // name
		DueBecause, NotDue, Optional, OnCard, Unseen, Empty string
		Former, Missing, Unreadable, Revoked, OnHold        string
	}
	// Connect is the page that picks a reader.
	Connect struct {
		Title, NoReaders, Empty, Mute, Unread, Nobody, Reading, PutIn string
		TitleCard                                                     string // serial
	}
	// Assign is the question before a card gets its user.
	Assign struct {
		Title, Blank, NotBlank, Nothing, Yes, No, Done string
		Doubt                                          string
		Question                                       string // serial, model, name
	}
	// Adopt is the question before a card that was issued before is taken over.
	Adopt struct {
		Title, Former, ThirdParty, Nothing string
		AskHow                             string
		Question                           string // serial, model, name
		Managed                            string // policy
		Line                               string // place, title, validity, issuer
		Unreadable                         string // place, why
		NoneOurs                           string // name, policy
		Yes, AssignOnly, No, Done          string

		Ask, AskWho, Waiting, Next, Skip string // of the lines of kiosk adopt
		Card                             string // serial, reader
		Blank, Nobody, Several, NotNow   string
		Taken                            string // name
		Somebodys                        string // name, state
		Summary                          string // number taken over, number not
		SummaryDry                       string // number
	}
	// Templates is the page that selects templates.
	Templates struct {
		Title, Mandatory, Optional, Locked string
		Added, Stays, Removed, Absent      string
		Anew, AnewAttribute, AnewRevoked   string // why; attribute; reason
		AnewCommon, Leaving                string
		RenewedExpires, RenewedExpired     string // when
		Renewed                            string // one of the two
		StaysOptional, NothingYet          string
	}
	// PIN is the page that asks for it.
	PIN struct {
		Title, TitleNew, Field, NewField, AgainField, Shape, LastHint, LastAsk, Checking, NewHint string
		TooShort, TooLong, NotASCII, Weak, Differ                                                 string
		Card                                                                                      string // name, serial, reader
		Uncounted, Unknown                                                                        string
	}
	// Tracked is the page about third-party certificates.
	Tracked struct {
		Title, Hint, Unreadable string
		Issuer                  string // name
		Until, Ended, From      string // date
	}
	// Confirm is the page with the whole plan.
	Confirm struct {
		Title, TitleFirst                  string // serial
		Goes, Comes, Stays, SetUp          string
		Cannot, Nothing, Go, GoFirst, Back string
		KeyToo, CertificateOnly, KeyOnly   string // place, title, why
		OldMail                            string
		NewKey, SameKey                    string // place, template, CA
		Common                             string // place, template
		AccessOn, AccessOff, Published     string
		OtherPolicy                        string // the policy, the one before
		Stay                               string // place, title
		StayGroup                          string // place, title, group
		PINOnce, NewPIN, NoTouch           string
		Signed                             string
	}
	// Progress is the page during the run.
	Progress struct {
		Title, TitleBack   string // serial
		DoNotRemove, Touch string
		Moved              string // size, size
		Run                string // id, time
		Stopping           string
		OldKeyAside        string // template
		NewKeyHome         string // template
		KeepFormer         string // template
		CheckFormer        string // template
		IfRefused          string // template
		UnmakeKey          string // template
		TitleCancel        string // serial
		Held, Granted      string
	}
	// Result is the last page.
	Result struct {
		Done, DoneFirst, TakenBack, TakenBackHint string
		Partly, PartlyHint                        string
		Written, Removed, Kept                    string
		WrittenLine                               string // place, template, date
		Recorded                                  string // serial
		MailWaits                                 string // address
		NoMail                                    string
		Refused                                   string // template, words
		Lost                                      string // template
		Pending, PendingHint                      string
		Cancelled, CancelledHint, CancelledPart   string
		CancelledRejected, CancelledAway          string
		Ended                                     string // nothing could be cancelled of it: a CA has rejected it
		WaitingFor                                string // CA, when
		PendingTold                               string // whom
		PendingUntold                             string
		PartlyLater                               string
		Next, NextFirst                           string
		Close, Another, Details                   string
		DetailRun, DetailCertificate              string // id; template, serial, fingerprint
		DetailRequest                             string // id
	}
	// PendingWords say what an update waits for.
	PendingWords struct {
		Title                     string // date and time, station
		Waits, Approved, Rejected string // template, CA, date and time
		Error                     string // template, CA, date and time
		Written                   string // template
		Withdrawn                 string // template, CA
		Words                     string // the CA's
		Works                     string // name
		Lost                      string
		Told, Ready, PartReady    string
		PartRejected, AllRejected string
		InReader                  string // name, serial
	}
	// History is the list of a card's runs.
	History struct {
		Title, None, Open string
		By                string // name, station
	}
	// Plain are the words that only plain lines need.
	Plain struct {
		Who, WhichUser, WhichMore, WhichCard, WhichReader string
		WhichAction                                       string
		AskPIN, AskNewPIN, AskAgainPIN, AskLast           string
		AskTick, AskKeep, AskTrack, AskGo, AskAssign      string // question of y/n
		OnCard, NotOnCard                                 string
		YesNo, Yes, No, Back, Quit, More                  string
		NotUnderstood, EndOfInput, Left, WaitCard         string
		Look, Read, List, Only                            string
		WhichDue, WhichDueMore                            string
		CardHere                                          string // serial, reader
		Number                                            string // number, text
		StepLine                                          string // number, total, text
		TookLine                                          string // time
	}
	// Policies are the words that say whose policy is which.
	Policies struct {
		Has       string // name, logon name, policy
		None      string // name, logon name
		Because   string // link, priority
		Hash      string // SHA-256
		Others    string
		Other     string // policy, why, priority
		OtherLink string // policy, why, priority, link
		Everybody string
		Container string // DN
		Group     string // DN
	}
	// Due are the words of the report about due cards, and of the work list.
	Due struct {
		Title, Ask, Nothing, Nobody      string
		Looking                          Plural // cards looked at
		More                             string // number
		Most                             string // number
		Holder                           string // name, logon name
		Policy                           string // name
		Since, From, Next, Seen, Written string // date; date; date; age; date
		New, Gone, Disabled, Unknown     string
		NoUsers                          string
		Summary                          Plural // cards, due
		Snapshot, Stale                  string // age
		NoSnapshot                       string
		Recorded, Others                 Plural
	}
	// Officer is the screen of the CA's officer.
	Officer struct {
		Title  string // the CA
		Who    string // name
		Piles  map[engine.RequestState]string
		None   map[engine.RequestState]string
		Counts map[engine.RequestState]Plural
		States map[engine.RequestState]string

		Filter, NoneLike, Looking, Deciding, TooFast, QuitBy, HelpHint string
		Most                                                           string // number
		Soon                                                           Plural
		CRLStale                                                       string // age
		CRLNever, CRLUnread                                            string

		Since, DecidedAt, Whose, What                        string // heads
		State, Words, Template, Subject, SAN, Key            string // labels
		AskedBy, Renews, Ends, ID                            string
		New, NewNoKey, Verified, Unverified, NoKey           string
		VerifiedBy                                           string // whose key
		NotVerified                                          string // why
		RenewsEnds                                           string // when
		WillEnd, HasEnded                                    string // when in words, date
		WaitsSince                                           string // age
		AskedByAt                                            string // operator, station, date and time
		AskedAt                                              string // station, date and time
		Renewed                                              string // subject, serial
		RevokedToo                                           string // when it ends, what the CA says
		Issued                                               string // serial, date
		CRLEnded                                             string // date and time
		Days                                                 Plural
		Usage, Valid, Hold, HoldWanted, Foreign, Certificate string
		By                                                   string // name
		Rule                                                 string // who decides where no officer does
		Signer                                               string // serial, subject, template
		SignerRevoked                                        string // the signer, what the CA says
		StationRevoked                                       string // station, date and time
		About                                                string // name, template, subject
		ApproveTitle, ApproveHint, ApproveNoKey, ApproveNew  string
		ApproveUnverified                                    string
		ReasonTitle, Reason, ReasonHint, ReasonNeeded        string
		RejectTitle                                          string
		RejectHint                                           string // reason
		Approved, Rejected, Elsewhere                        string // name, template
		Already                                              string // state
		ElsewhereHint, StillWaits                            string
		Refused, Forbidden, ForbiddenHint                    string
		BookTrouble, BookHint                                string
		KeyApprove, KeyReject, KeyFilter, KeyPile            string
		KeyFiltered, KeyUnfilter                             string
	}
	// Demo are the words of the demo world.
	Demo struct {
		Banner, Mailbox, MailboxEmpty, Tray, TrayHint, In, Out string
		PIN                                                    string // PIN
		NewPIN                                                 string
		World                                                  string // folder
		Answer                                                 string
		Mail                                                   string // address, subject
		Verify                                                 string
		VerifyCard                                             string // serial
		VerifyCertificate                                      string // place, fingerprint
		VerifySignature, VerifyAgreement                       string // place
		Verified, NoMailCame                                   string
		Officer                                                string
		Held                                                   string            // name, template
		Approves                                               string            // officer
		Cards                                                  map[string]string // by the part they play
	}
	// Keys are what keys do, for the help line.
	Keys struct {
		Choose, Open, Go, Back, Tick, Quit, Help, Action, Scroll, ReadCard string
		Mailbox, Tray, Erase, Next, Again, Card, Close, WorkList, Tasks    string
		LookAgain, Officer                                                 string
		Lock, SignOut                                                      string
		Space, Backspace, Pages, Control                                   string // what is written on keys
	}
	// Values are how values are written.
	Values struct {
		Date            string // day, month, year
		When            string // date, hour, minute
		Clock           string // hour, minute
		Seconds         string // seconds with one decimal
		Minutes         string // minutes, seconds
		Bytes           Plural
		KB              string // number with one decimal
		Decimal         string // what stands before decimals
		And             string // a list but for its last, its last
		InDays, DaysAgo Plural
		Today           string

		HoursAgo, MinutesAgo Plural
		Now                  string
	}
	// Reasons say why a card is due.
	Reasons struct {
		Expires, Expired               string // template, when in words, date
		Missing, First, Added, Removed string // template
		CommonMissing, CommonAdded     string // template
		CommonRemoved, CommonReplaced  string // template
		Optional, OptionalOnCard       string // template
		OtherPolicy                    string // the card's, the user's
		Outside                        string // place, subject
		Attribute                      string // template, attribute, old value, new value
		AttributeGone, AttributeNew    string // template, attribute, value
		AccessOn, AccessOff            string
		Revoked                        string // template, date, reason
		Decided                        string // approved
		Refused                        string // rejected
	}
	// Obstacles say why a plan cannot be carried out.
	Obstacles struct {
		PlaceTaken                    string // template, place, by
		NoSpare, NoFreePlace          string // template
		CannotImport                  string // template
		TooLarge                      string // template, bytes, most bytes
		RevokedForGood, NeedsOperator string // template, reason
		KeyType                       string // template, key type
		PolicyFixed                   string // template, place, policy
		NoKeysThere                   string // template, place
		Lacking, Control              string // template, attribute
		Misfit                        string // template, attribute, value, what of a certificate, why
		EncryptionInPlace, Unprovable string // template
		AdminKey, AdminKeyUntold      string
		NoTries, Disabled             string
		State                         string // state
	}
	// Counts are nouns with numbers.
	Counts struct{ Cards, Tries, Hits, Due, Lines, Touches, Letters, GivenUp, Errands, NotDone Plural }
)
