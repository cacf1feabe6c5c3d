package words

import (
	"fmt"

	"cardkiosk/engine"
)

// RequestLine is where one request of an update stands, in words.
type RequestLine struct {
	State engine.RequestState
	Error bool // nobody can say: its CA does not answer
	Text  string
}

// PendingTitle says since when an update waits, and where it was begun.
func (t *Text) PendingTitle(p engine.Pending) string {
	return fmt.Sprintf(t.Pending.Title, t.When(p.Since), engine.Clean(p.By.Station))
}

// RequestLines say of each request of an update where it stands, with the CA's own
// words.
func (t *Text) RequestLines(p engine.Pending) []RequestLine {
	var lines []RequestLine
	for _, q := range p.Requests {
		lines = append(lines, RequestLine{q.State, q.Trouble != "", t.request(q)})
	}
	return lines
}

func (t *Text) request(q engine.Request) string {
	w := t.Pending
	template, ca := engine.Clean(q.Template), engine.Clean(q.CA)
	if q.Trouble != "" {
		return fmt.Sprintf(w.Error, template, ca, t.When(q.Silent))
	}
	line := ""
	switch q.State {
	case engine.RequestPending:
		line = fmt.Sprintf(w.Waits, template, ca, t.When(q.Asked))
	case engine.RequestApproved:
		line = fmt.Sprintf(w.Approved, template, ca, t.When(q.Decided))
	case engine.RequestRejected:
		line = fmt.Sprintf(w.Rejected, template, ca, t.When(q.Decided))
	case engine.RequestIssued:
		return fmt.Sprintf(w.Written, template)
	case engine.RequestWithdrawn:
		line = fmt.Sprintf(w.Withdrawn, template, ca)
	}
	if q.Words != "" {
		line += fmt.Sprintf(w.Words, engine.Clean(q.Words))
	}
	return line
}

// ReadyInReader says that a card was put in whose update was approved.
func (t *Text) ReadyInReader(v engine.ReaderView) string {
	return fmt.Sprintf(t.Pending.InReader, engine.Clean(v.Owner.Name), t.Serial(*v.Card))
}

// Meanwhile says what the card can do until the CA has decided.
func (t *Text) Meanwhile(works bool, name string) string {
	if works {
		return fmt.Sprintf(t.Pending.Works, engine.Clean(name))
	}
	return t.Pending.Lost
}

// PendingNext says what can be done about an update that waits.
func (t *Text) PendingNext(p engine.Pending) string {
	switch {
	case p.Ready() && p.Count(engine.RequestPending) > 0:
		return t.Pending.PartReady
	case p.Ready() && p.Rejected():
		return t.Pending.PartRejected
	case p.Ready():
		return t.Pending.Ready
	case p.Rejected():
		return t.Pending.AllRejected
	}
	return t.Pending.Told
}
