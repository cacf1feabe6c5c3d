package words

import (
	"strings"
	"unicode/utf8"

	"cardkiosk/engine"
)

// LetterFields is what a letter's template may say. Every value is ready to be
// read: dates are written out in the letter's language, and whatever came from
// outside is clean of control characters and no longer than longestField.
// letters/FIELDS.md tells the same to administrators; a test compares them.
type LetterFields struct {
	Name      string // the holder's
	Card      string // the number printed on the card: "1023 4567"
	CardModel string // "" when the card tells none
	At        string // when the update was recorded: "22 Nov 2026, 14:05"
	Station   string // the kiosk's name
	Operator  string // who did it: a logon name, or "" when the holder did
	Run       string // the number under which logs and audit know the update
	First     bool   // the card was blank before
	Written   []LetterCertificate
	Removed   []LetterLoss
	Kept      []LetterStay
	Refused   []LetterRefusal
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

// LetterStay is something the update left as it was.
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

// longestField is in characters. No name needs more; a mail server may refuse
// a line of more than 998 bytes (RFC 5321, 4.5.3.1.6).
const longestField = 120

// field makes words from outside fit for a letter.
func field(s string) string {
	s = engine.Clean(s)
	if utf8.RuneCountInString(s) <= longestField {
		return s
	}
	return string([]rune(s)[:longestField-1]) + "…"
}

func (t *Text) letterFields(n engine.Notice) LetterFields {
	f := LetterFields{
		Name: field(n.User.Name), Card: field(t.Serial(n.Card)), CardModel: field(n.Card.Model),
		At: t.When(n.At), Station: field(n.Actor.Station), Run: field(string(n.Run)), First: n.First,
	}
	if n.Actor.Mode != engine.SelfService {
		f.Operator = field(n.Actor.Who)
	}
	for _, m := range n.Written {
		f.Written = append(f.Written, LetterCertificate{
			Template: field(m.Template), Place: field(t.Place(m.Place)),
			ValidUntil: t.DateOf(m.NotAfter), Issuer: field(m.Issuer),
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
		f.Refused = append(f.Refused, LetterRefusal{field(no.Template), field(no.Words)})
	}
	return f
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

// letterSamples are fields for trying templates: everything and nothing, a
// first issue and an update, an operator and none.
func letterSamples() []LetterFields {
	full := LetterFields{
		Name: "Zoë Müller", Card: "1023 4567", CardModel: "YubiKey 5.7.1", At: "22 Nov 2026, 14:05",
		Station: "Lobby", Operator: "jdoe", Run: strings.Repeat("0", 32), First: true,
		Written: []LetterCertificate{{Template: "Logon", Place: "9A", ValidUntil: "22 Nov 2027", Issuer: "Example CA"}},
		Removed: []LetterLoss{
			{Title: "Signature", Place: "9C", Why: string(engine.LostCleared), KeyToo: true, MailLost: true},
			{Title: "Signature", Place: "9C", Why: string(engine.LostInPlace)},
			{Title: "Signature", Place: "9C", Why: string(engine.LostStrayKey)},
		},
		Kept:    []LetterStay{{Title: "Door", Place: "9E", Group: string(engine.GroupThirdParty)}},
		Refused: []LetterRefusal{{Template: "Logon", Words: "no"}},
	}
	update := full
	update.First, update.Operator = false, ""
	return []LetterFields{full, update, {First: true}, {}}
}
