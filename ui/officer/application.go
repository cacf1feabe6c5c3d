package officer

import (
	"context"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// Needs is what the screen is given. Its functions are called away from the
// screen, several at a time.
type Needs struct {
	Text *words.Text
	Now  func() time.Time
	// After tells when to look again.
	After func(time.Duration) <-chan time.Time
	CA    string // its name
	Who   string // the officer

	// List returns the requests in a state: RequestPending, RequestRejected, or
	// RequestApproved, which here stands for those that are issued too.
	List func(ctx context.Context, state engine.RequestState) ([]Application, error)
	Show func(ctx context.Context, id string) (Application, error)
	// Approve and Reject decide. An error of Kind WrongState says that it is
	// decided already, one of Kind Forbidden that the person is no officer.
	Approve func(ctx context.Context, id string) error
	Reject  func(ctx context.Context, id, reason string) error
	CRL     func(ctx context.Context) (CRL, error)

	ASCII    bool // the terminal knows nothing else
	FewSigns bool // its font has letters, but not the signs of ours
	// Leave is what comes when the screen is left; nil ends the program.
	Leave tea.Cmd
}

// CRL is how the CA's revocation list does.
type CRL struct {
	Made  time.Time // zero when none was ever published
	Ends  time.Time
	Stale bool // there should have been another by now
}

// Application is one request at the CA.
type Application struct {
	ID       string
	Since    time.Time
	Template string
	Name     string // of the user
	Logon    string
	Subject  string
	SANs     []string
	Usage    []string
	Key      string // its type: "P-256"
	Days     int    // that it is to be valid
	NoKey    bool   // it asks for a decision only: the key is made later
	Hold     bool   // the station wanted an officer to look at it
	Station  string
	Operator string
	Renews   *Renewed // nil for a certificate that is new
	Signed   Signature

	State   engine.RequestState
	Decided time.Time // zero while it waits
	By      string    // who decided
	Words   string    // the CA's
	Serial  string    // hex, of its certificate; "" while there is none
	Ends    time.Time // of that
}

// Renewed is the certificate that a request renews. Without a serial number it is
// none of this CA's.
type Renewed struct {
	Subject string
	Serial  string // hex
	Ends    time.Time
	Revoked string // what became of it, in the CA's words: "is on hold since …"
}

// Signature is what the CA found of a renewal's signature.
type Signature struct {
	Verified bool
	By       string // whose key it was, when it is verified
	Why      string // not, when it is not
}

// waits reports whether it can still be decided.
func (a Application) waits() bool { return a.State == engine.RequestPending }

// whose names the user: the name, or what else is known.
func (a Application) whose() string {
	for _, name := range []string{a.Name, a.Logon, a.Subject} {
		if name != "" {
			return name
		}
	}
	return a.ID
}

// contains reports whether a text, in small letters, is in what the list and the
// page show of it.
func (a Application) contains(text string) bool {
	all := []string{a.Name, a.Logon, a.Template, a.Station, a.Operator, a.Subject, a.ID}
	if a.Renews != nil {
		all = append(all, a.Renews.Serial)
	}
	return strings.Contains(strings.ToLower(strings.Join(append(all, a.SANs...), "\n")), text)
}

// cleaned makes everything that came from outside fit for a terminal.
func (a Application) cleaned() Application {
	for _, s := range []*string{
		&a.Template, &a.Name, &a.Logon, &a.Subject, &a.Key, &a.Station, &a.Operator,
		&a.Signed.By, &a.Signed.Why, &a.By, &a.Words, &a.Serial,
	} {
		*s = engine.Clean(*s)
	}
	a.SANs, a.Usage = cleanedAll(a.SANs), cleanedAll(a.Usage)
	if r := a.Renews; r != nil {
		a.Renews = &Renewed{engine.Clean(r.Subject), engine.Clean(r.Serial), r.Ends, engine.Clean(r.Revoked)}
	}
	return a
}

func cleanedAll(all []string) []string {
	all = slices.Clone(all)
	for i, s := range all {
		all[i] = engine.Clean(s)
	}
	return all
}
