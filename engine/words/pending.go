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
	Words string // the CA's own
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
		lines = append(lines, RequestLine{State: q.State, Error: q.Trouble != "", Text: t.request(q), Words: t.told(q)})
	}
	return lines
}

func (t *Text) request(q engine.Request) string {
	w := t.Pending
	template, ca := engine.Clean(q.Template), engine.Clean(q.CA)
	if q.Trouble != "" {
		return fmt.Sprintf(w.Error, template, ca, t.When(q.Silent))
	}
	switch q.State {
	case engine.RequestPending:
		return fmt.Sprintf(w.Waits, template, ca, t.When(q.Asked))
	case engine.RequestApproved:
		return fmt.Sprintf(w.Approved, template, ca, t.When(q.Decided))
	case engine.RequestRejected:
		return fmt.Sprintf(w.Rejected, template, ca, t.When(q.Decided))
	case engine.RequestIssued:
		return fmt.Sprintf(w.Written, template)
	case engine.RequestWithdrawn:
		return fmt.Sprintf(w.Withdrawn, template, ca)
	}
	return ""
}

// told are a CA's words about a request, as long as they matter.
func (t *Text) told(q engine.Request) string {
	switch q.State {
	case engine.RequestPending, engine.RequestRejected, engine.RequestWithdrawn:
		return t.quoted(q.Words)
	case engine.RequestApproved, engine.RequestIssued:
	}
	return ""
}

// quoted are words of a CA; "" where it has said nothing.
func (t *Text) quoted(words string) string {
	if words == "" {
		return ""
	}
	return fmt.Sprintf(t.Pending.Words, engine.Clean(words))
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

// Unfinished says that something was begun with the card and has not ended.
func (t *Text) Unfinished(r engine.RunSummary) string {
	format := t.Profile.Unfinished
	switch {
	case r.Event == engine.CardUnassigned && !r.Turned:
		format = t.Life.EmptyBegun
	case r.Turned:
		format = t.Profile.UnfinishedBack
	}
	return fmt.Sprintf(format, t.When(r.Started), engine.Clean(r.By.Station))
}

// OutOfUse says of a card's state that nobody can use it, and what can be done;
// "" of other states.
func (t *Text) OutOfUse(s engine.State) string {
	switch s {
	case engine.StateDisabled:
		return t.Life.Out
	case engine.StateRevoked:
		return t.Life.OutForEver
	case "", engine.StateClean, engine.StateAssigned, engine.StatePending, engine.StateIssued:
	}
	return ""
}
