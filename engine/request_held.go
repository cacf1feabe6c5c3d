package engine

import (
	"context"
	"time"
)

// Request is a certificate request that a CA held, as the store keeps it: from
// the moment the update was put down to wait for it.
type Request struct {
	ID       string // as the CA knows it
	CA       string
	Card     Identity
	User     UserRef
	Run      RunID
	Template string
	Place    Place
	Actor    Actor // who asked
	Approval bool  // it asks for a decision only: the key is made later
	Works    bool  // the card can do meanwhile what it could before

	State   RequestState
	Words   string // the CA's own
	Asked   time.Time
	Decided time.Time // zero while it is pending

	Certificate []byte    // DER, once it is approved; nil for an approval
	Ends        time.Time // of the certificate that it replaces; zero when none is lost by waiting
	Tell        []Told    // who is told what of it

	// Trouble says why the CA could not be asked, and Silent since when; "" when it
	// answered last. The certificate's state is "error" then, never "rejected".
	Trouble string
	Silent  time.Time

	// Watched: its update was cancelled, and the CA did not let it be withdrawn.
	// Orphan is the serial number, hex, of a certificate that appeared all the same
	// and was revoked.
	Watched bool
	Orphan  string

	Escalated time.Time // when it was said that nobody decides
	Tries     int       // how often it was asked about, or, with Trouble, in vain, one after the other
	Next      time.Time // when its CA is asked again; zero for never
	Version   int64     // counts the writes of this row
}

// Told is whom an event is told to.
type Told struct {
	Event NoticeEvent `json:"event"`
	To    []string    `json:"to"` // as in Rule
}

// Requests keeps the requests that CAs hold, and shares them among workers.
type Requests interface {
	// RequestsOf returns the requests of a card's last update that waited, in the
	// order of its plan; those of older updates only while they are watched.
	RequestsOf(ctx context.Context, card CardID) ([]Request, error)
	// TakeRequests returns requests to be asked about whose time has come, those
	// first that have waited longest, and keeps other workers off them until the
	// time given.
	TakeRequests(ctx context.Context, now, until time.Time, most int) ([]Request, error)
	// TakeRequestsOf is TakeRequests for one card, whether their time has come or
	// not.
	TakeRequestsOf(ctx context.Context, card CardID, now, until time.Time) ([]Request, error)
	// NextRequest returns when the next request is to be asked about; ok is false
	// when none is.
	NextRequest(ctx context.Context) (at time.Time, ok bool, err error)
	// SettleRequests writes what became of requests that were taken, in one
	// transaction with what is told of it. One that somebody else has changed since
	// it was taken is left as it is, and nothing of it is told.
	SettleRequests(ctx context.Context, settled ...Settled) error
	// Orphans lists the certificates that were issued for updates which had been
	// cancelled: the requests that have an Orphan.
	Orphans(ctx context.Context) ([]Request, error)
}

// Settled is what became of a request when its CA was asked.
type Settled struct {
	Request Request // of the Version that was taken
	Letters []Letter
	Audit   []AuditRow
}
