package engine

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"
)

// Desk is the one door: everything ui and cmd want of the engine is one of its
// methods, each in a file of its own. A method takes the Actor, checks the
// privilege, does the work and leaves its audit row.
type Desk struct {
	Directory Directory
	Readers   Readers
	CAs       map[string]CA // by the name templates use
	Ledger    Ledger
	Journal   Journal
	Audit     Audit
	Outbox    Outbox
	Post      Post
	Vault     Vault    // nil when no policy seals a PUK
	Policies  []Policy // all of them, to explain which is whose

	AuditLog AuditLog
	Station  string // the kiosk's name: what it does where no person does is in its chain

	Requests Requests
	Unsent   OutboxList

	Texts        PolicyTexts
	Errands      Errands
	People       People
	Roll         Roll         // nil where the directory tells no changes
	Memberships  Memberships  // nil where no policy names a group
	Publisher    Publisher    // nil where no policy publishes
	AccessSystem AccessSystem // nil where none is configured
	Commons      Commons      // nil where no policy has a common certificate
	Notices      Notices
	Addresses    Addresses // of those whom only the directory knows

	PolicyOf     func(User) (Policy, error)                      // the policy a user has now; Kind NoPolicy when none
	Attributes   []string                                        // of the directory, that recipes read or templates track
	PolicyGroups []string                                        // DNs of the groups that policies name
	Roles        []Role                                          // who may do what
	Standing     func(context.Context, UserID) (Standing, error) // see Standings

	Deadlines Deadlines

	Tasks Tasks // nil where nobody leaves any
	Agent AgentRules

	Now    func() time.Time
	Random io.Reader
	Log    *slog.Logger
}

// Deadlines are the limits of waiting for a CA; zero for none.
type Deadlines struct {
	Escalate   time.Duration // how long before the old certificate ends a held request is escalated
	EscalateTo []string      // addresses, beside whom the policy names
	Collect    time.Duration // how long an approved certificate waits to be written
}

// leaseTime is how long a station that has gone silent keeps a card. It need
// not cover the longest step: whoever takes over has the card in hand, and a
// station without the card cannot go on.
const leaseTime = 30 * time.Second

func (d *Desk) lease(a Actor, fence int64) Lease {
	now := d.Now()
	return Lease{Station: a.Station, Now: now, Until: now.Add(leaseTime), Fence: fence}
}

// witness leaves an audit row for an act that is not recorded with its
// outcome. A store that does not take it is logged: the act has happened.
func (d *Desk) witness(ctx context.Context, row AuditRow, err error) {
	if errors.As(err, new(witnessed)) {
		return // see may
	}
	row.At, row.Result = d.Now(), "done"
	if err != nil {
		row.Result, row.Detail = "failed", Clean(err.Error())
	}
	if Is(err, Forbidden) {
		row.Result = "refused"
	}
	if werr := d.Audit.Write(context.WithoutCancel(ctx), row); werr != nil {
		d.Log.Error("audit row was not written", "act", row.Act, "card", row.Card, "err", werr)
	}
}
