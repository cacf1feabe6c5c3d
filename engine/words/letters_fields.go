package words

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cardkiosk/engine"
)

// LetterFields is what a letter's template may say. Every value is ready to be
// read: dates are written out in the letter's language, and whatever came from
// outside is clean of control characters and no longer than longestField, or
// longestWords. letters/FIELDS.md tells the same to administrators, and which
// event has which; tests compare them.
type LetterFields struct {
	Subject   string // as the subject's template made it; "" in that one
	ToHolder  bool   // the reader is the card's holder, not somebody else who is told
	Name      string // the holder's
	Card      string // the number printed on the card: "1023 4567"
	CardModel string // "" when the card tells none
	At        string // when it happened: "22 Nov 2026, 14:05"
	Station   string // the kiosk's name
	Operator  string // who did it: a logon name, or "" when the holder did
	BySelf    bool   // the holder did it
	Run       string // the number under which logs and audit know the update

	First   bool // the card was blank before
	Cancels bool // of a task: it was to cancel an update
	Written []LetterCertificate
	Removed []LetterLoss
	Kept    []LetterStay
	Refused []LetterRefusal

	News      []LetterRequest // what the letter is about; each request is in one list only
	Waiting   []LetterRequest
	Approved  []LetterRequest
	Rejected  []LetterRequest
	Withdrawn []LetterRequest
	Works     bool   // the card can be used as before meanwhile
	Until     string // "1 Dec 2026"
	Trouble   string // "The card was taken out"

	Expiring []LetterExpiry
	Policy   string // the user's, now
	Was      string // under which the card was written
	Changes  []LetterChange
	Reason   string // an engine.CardRevokeReason

	Checkpoints []LetterCheckpoint
}

// LetterCertificate is a certificate that is new on the card.
type LetterCertificate struct {
	Template   string // the name of its template: "Logon"
	Place      string // where it lies: "9A"
	ValidUntil string // "22 Nov 2027"
	Issuer     string // the CA's name in the certificate
}

// LetterLoss is something that is on the card no more. A certificate that was
// replaced is not among these.
type LetterLoss struct {
	Title    string // template, or subject of the certificate
	Place    string // where it lay
	Why      string // "cleared", "in place" or "stray key"; see engine.LossWhy
	KeyToo   bool   // its key is gone as well
	MailLost bool   // mail encrypted to it can no longer be opened
}

// LetterStay is something that was left as it was.
type LetterStay struct {
	Title string // template, or subject of the certificate
	Place string // where it lies
	Group string // what kind of thing: "managed", "tracked", "third-party"
}

// LetterRefusal is a certificate that the CA refused when the card could not
// keep the old one.
type LetterRefusal struct {
	Template string // the name of its template
	Words    string // the CA's own
}

// LetterRequest is a certificate that a CA was asked for and held.
type LetterRequest struct {
	Template string // the name of its template
	CA       string // the name of the CA
	Words    string // the CA's own; "" when it said nothing
	Asked    string // "22 Nov 2026, 14:05"
}

// LetterExpiry is a certificate that ends soon, or has ended.
type LetterExpiry struct {
	Title      string // template, or subject of the certificate
	Place      string // where it lies; "" of one that many cards share
	ValidUntil string // "1 Dec 2026"
	Expired    bool
}

// LetterChange is an attribute of the user that a certificate has otherwise.
type LetterChange struct {
	Template  string // the name of its template
	Attribute string // as the directory calls it
	Was       string // as the certificate has it; "" for nothing
	Is        string // as the directory has it; "" for nothing
}

// LetterCheckpoint is a checkpoint of the audit.
type LetterCheckpoint struct {
	Line string // one line of JSON, whole: see engine.Checkpoint
}

// longestCheckpoint is far above any: cut short, it would verify nothing.
const longestCheckpoint = 2000

// Both are in characters. No name needs more than longestField. A CA's words may
// be an officer's, who explains.
const (
	longestField = 120
	longestWords = 500
)

// field makes words from outside fit for a letter.
func field(s string) string { return bounded(s, longestField) }

// saying makes what a CA said fit for a letter.
func saying(s string) string { return bounded(s, longestWords) }

func bounded(s string, most int) string {
	s = engine.Clean(s)
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

func (t *Text) letterFields(l engine.Letter) LetterFields {
	n := l.Notice
	f := LetterFields{
		ToHolder: n.User.Mail != "" && strings.EqualFold(l.To, n.User.Mail),
		Name:     field(n.User.Name), Card: field(t.Serial(n.Card)), CardModel: field(n.Card.Model),
		At: t.momentOf(n.At), Station: field(n.Actor.Station), Run: field(string(n.Run)), First: n.First, Cancels: n.Cancels,
		Works: n.Works, Until: t.dayOf(n.Until), Policy: field(n.Policy), Was: field(n.Was), Reason: field(string(n.Reason)),
	}
	if n.Actor.Mode != engine.Operator { // the holder has done it themselves
		f.BySelf = true
	} else {
		f.Operator = field(n.Actor.Who)
	}
	if n.Event == engine.UpdateFailed {
		f.Trouble = t.Troubles[n.Trouble].Title
	}
	for _, line := range n.Checkpoints {
		f.Checkpoints = append(f.Checkpoints, LetterCheckpoint{bounded(line, longestCheckpoint)})
	}
	t.addCertificates(&f, n)
	t.addRequests(&f, n)
	for _, e := range n.Expiring {
		f.Expiring = append(f.Expiring, LetterExpiry{field(e.Title), field(t.Place(e.Place)), t.dayOf(e.NotAfter), e.Expired})
	}
	for _, c := range n.Changes {
		f.Changes = append(f.Changes, LetterChange{field(c.Template), field(c.Attribute), field(c.Was), field(c.Is)})
	}
	return f
}

// momentOf and dayOf write a time where there is one.
func (t *Text) momentOf(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return t.When(at)
}

func (t *Text) dayOf(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return t.DateOf(at)
}

func (t *Text) addCertificates(f *LetterFields, n engine.Notice) {
	for _, m := range n.Written {
		f.Written = append(f.Written, LetterCertificate{
			Template: field(m.Template), Place: field(t.Place(m.Place)),
			ValidUntil: t.dayOf(m.NotAfter), Issuer: field(m.Issuer),
		})
	}
	for _, l := range n.Removed {
		if !replaced(l, n.Written) {
			f.Removed = append(f.Removed, LetterLoss{
				Title: field(l.Title), Place: field(t.Place(l.Place)), Why: field(string(l.Why)), KeyToo: l.KeyToo, MailLost: l.History,
			})
		}
	}
	for _, s := range n.Kept {
		f.Kept = append(f.Kept, LetterStay{field(s.Title), field(t.Place(s.Place)), field(string(s.Group))})
	}
	for _, no := range n.Refused {
		f.Refused = append(f.Refused, LetterRefusal{field(no.Template), saying(no.Words)})
	}
}

// replaced reports whether a loss was made good in the same update.
func replaced(l engine.Loss, written []engine.Managed) bool {
	for _, m := range written {
		if l.Why == engine.LostInPlace && m.Place == l.Place {
			return true
		}
	}
	return false
}

// newsOf are the states of the requests that a letter about an event is about,
// where the notice marks none as news.
var newsOf = map[engine.NoticeEvent][]engine.RequestState{
	engine.UpdatePending:   {engine.RequestPending},
	engine.UpdateApproved:  {engine.RequestApproved},
	engine.UpdateRejected:  {engine.RequestRejected},
	engine.ApprovalOverdue: {engine.RequestPending},
	engine.ApprovalLapsed:  {engine.RequestApproved, engine.RequestWithdrawn},
}

// addRequests sorts requests into the lists of a letter, each into one. What was
// issued is on the card, and not told of.
func (t *Text) addRequests(f *LetterFields, n engine.Notice) {
	marked := slices.ContainsFunc(n.Requests, func(r engine.NoticeRequest) bool { return r.News })
	states, hasNews := newsOf[n.Event]
	for _, r := range n.Requests {
		one := LetterRequest{field(r.Template), field(r.CA), saying(r.Words), t.momentOf(r.Asked)}
		if hasNews && (r.News || !marked && slices.Contains(states, r.State)) {
			f.News = append(f.News, one)
			continue
		}
		switch r.State {
		case engine.RequestPending:
			f.Waiting = append(f.Waiting, one)
		case engine.RequestApproved:
			f.Approved = append(f.Approved, one)
		case engine.RequestRejected:
			f.Rejected = append(f.Rejected, one)
		case engine.RequestWithdrawn:
			f.Withdrawn = append(f.Withdrawn, one)
		case engine.RequestIssued:
		}
	}
}
