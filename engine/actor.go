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
	Task TaskID   `json:"-"` // at an Agent: the task by which they may do what they do
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
