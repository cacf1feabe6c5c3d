package engine

// Mode is the way a kiosk is used; it decides which stages the walk has and
// what may be done.
type Mode string

// The modes. In SelfService and at an Agent the actor is the card's own holder; an
// agent carries out what an operator has left for it.
const (
	Operator    Mode = "operator"
	SelfService Mode = "self-service"
	Agent       Mode = "agent"
)

// Actor is who does something, and where. Every operation of the Desk takes
// one, and leaves it in the audit.
type Actor struct {
	Who     string `json:"who"`     // logon name of the person
	Station string `json:"station"` // name of the kiosk, from its configuration
	Mode    Mode   `json:"mode"`

	// What signing in has found out of the person; the journal does not keep it, and of the audit only How.
	User UserID   `json:"-"` // "" for an account that the directory does not have
	How  SignedIn `json:"-"`
}

// SignedIn says how it is known who somebody is.
type SignedIn string

// The ways to sign in.
const (
	ByPassword SignedIn = "password" // the directory took it
	ByCard     SignedIn = "card"     // the card signed a challenge
	ByAccount  SignedIn = "account"  // the system has signed them in, and vouches for the name
	ByHolding  SignedIn = "holding"  // self-service: they have put their card in, and know its PIN
)

// Privilege is one thing a person may be allowed to do.
type Privilege string

// The privileges, in the words of the audit.
const (
	FindUsers      Privilege = "find users"
	ViewCard       Privilege = "view card"
	AssignCard     Privilege = "assign card"
	AdoptCard      Privilege = "adopt card"
	UpdateCard     Privilege = "update card"
	ContinueUpdate Privilege = "continue update"
	CancelUpdate   Privilege = "cancel update"
	SeeHistory     Privilege = "see history"
	SeeDue         Privilege = "see due cards"
	ShowPUK        Privilege = "show PUK" // the help desk's; its key is the other half of it

	SeeOutbox Privilege = "see letters that were not sent"
	TryMail   Privilege = "try mail"

	SeeOrphans Privilege = "see orphans"

	SeeAudit Privilege = "see audit"
)

// The privileges of a card's life beside the update.
const (
	UnassignCard Privilege = "unassign card"
	DisableCard  Privilege = "disable card"
	EnableCard   Privilege = "enable card"
	RevokeCard   Privilege = "revoke card"
	CleanCard    Privilege = "clean card"
)

// granted says what each mode may do until people have roles of their own.
// What is not listed is denied.
var granted = map[Mode]map[Privilege]bool{
	Operator: {
		FindUsers: true, ViewCard: true, AssignCard: true, AdoptCard: true,
		UpdateCard: true, ContinueUpdate: true, CancelUpdate: true, SeeHistory: true, SeeDue: true, ShowPUK: true,
		SeeOutbox: true, TryMail: true,
		SeeOrphans:   true,
		SeeAudit:     true,
		UnassignCard: true, DisableCard: true, EnableCard: true, RevokeCard: true, CleanCard: true,
	},
}

// may returns nil when the actor holds the privilege, else an Error of Kind
// Forbidden.
func may(actor Actor, p Privilege) error {
	if granted[actor.Mode][p] {
		return nil
	}
	return &Error{Op: string(p), Kind: Forbidden, Subject: actor.Who}
}
