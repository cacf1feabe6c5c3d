package words

import (
	"fmt"

	"cardkiosk/engine"
)

// Orphans are the words of certificates that a CA issued for updates which had
// been cancelled.
type Orphans struct {
	None    string
	Serial  string // serial number, CA
	Whose   string // template, name, logon name, serial of the card
	Asked   string // who, station, date and time
	Revoked string // date and time, reason
}

// OrphanLines say of such a certificate which it is, what it was to be, and what
// became of it.
func (t *Text) OrphanLines(q engine.Request) []PlanLine {
	w := t.Orphans
	return []PlanLine{
		{MarkHead, fmt.Sprintf(w.Serial, q.Orphan, engine.Clean(q.CA))},
		{MarkStays, fmt.Sprintf(w.Whose, engine.Clean(q.Template), engine.Clean(q.User.Name), engine.Clean(q.User.Logon), t.Serial(q.Card))},
		{MarkStays, fmt.Sprintf(w.Asked, engine.Clean(q.Actor.Who), engine.Clean(q.Actor.Station), t.When(q.Asked))},
		{MarkStays, fmt.Sprintf(w.Revoked, t.When(q.Decided), t.Revokes[engine.CessationOfOperation])},
	}
}
