package words

import (
	"fmt"
	"strings"

	"cardkiosk/engine"
)

// Life are the words of a card's life beside the update.
type Life struct {
	Card        string // serial, model, state
	RevokedFor  string // state, reason
	Holder      string // name, logon name
	Nobodys     string
	Becomes     string // serial, state, state
	AtCA        string
	OnCard      string
	Entry       string // place, title, state of the certificate
	Lot         string // place, title, what becomes of it
	Lots        map[engine.LotDeed]string
	Common      string
	FormerHeld  string // title
	Pruned      string
	Ends        string // date and time, station
	Lost        string // templates
	Tell        string // who
	Manager     string
	Group       string // DN
	TellNobody  string
	Untouched   string
	Wipe        string // serial
	WipeKey     string // place
	WipeEmpty   string
	WipeFoot    string
	OldPIN      string
	GoesRevoked string
	Deeds       map[engine.CardEvent]string
	Done        map[engine.CardEvent]string
	Reasons     map[engine.CardRevokeReason]string

	Choose          string            // serial
	Hints           map[string]string // what comes of each action, by walk.Action
	Why             string            // serial
	Keep, Always    string
	Out, OutForEver string // what a card's state means for its user
	EmptyBegun      string // date and time, station
	Emptying        string // serial
	AskWhy, AskKeep string // of plain lines
	AskLife         string
	Silent          string // CA
}

// CardLines say of a card what it is, whose, and what is on it.
func (t *Text) CardLines(v engine.CardView) []PlanLine {
	r := v.Record
	lines := []PlanLine{{MarkHead, fmt.Sprintf(t.Life.Card, t.Serial(r.Card), engine.Clean(r.Card.Model), t.StateOf(r))}}
	holder := t.Life.Nobodys
	if r.User.ID != "" {
		holder = fmt.Sprintf(t.Life.Holder, engine.Clean(r.User.Name), engine.Clean(r.User.Logon))
	}
	lines = append(lines, PlanLine{MarkFoot, holder})
	if v.Unfinished != nil {
		lines = append(lines, PlanLine{MarkFoot, fmt.Sprintf(t.Profile.Unfinished, t.When(v.Unfinished.Started), engine.Clean(v.Unfinished.By.Station))})
	}
	if len(v.Entries) > 0 {
		lines = append(append(lines, PlanLine{MarkHead, t.Life.OnCard}), t.entries(MarkStays, v.Entries)...)
	}
	return lines
}

// StateOf names a card's state, and why it is revoked.
func (t *Text) StateOf(r engine.Record) string {
	if r.Why == "" {
		return t.Cards[r.State]
	}
	return fmt.Sprintf(t.Life.RevokedFor, t.Cards[r.State], t.Life.Reasons[r.Why])
}

func (t *Text) entries(mark Mark, all []engine.Entry) []PlanLine {
	var lines []PlanLine
	for _, e := range all {
		title := engine.Clean(e.Title)
		if e.Group != engine.GroupManaged {
			title += " (" + t.Groups[e.Group] + ")"
		}
		lines = append(lines, PlanLine{mark, fmt.Sprintf(t.Life.Entry, t.Place(e.Place), title, t.entryState(e))})
	}
	return lines
}

func (t *Text) entryState(e engine.Entry) string {
	switch {
	case e.Unreadable != "":
		return t.Profile.Unreadable
	case e.Missing:
		return t.Profile.Missing
	case e.Revoked != nil && e.Revoked.Reason == engine.CertificateHold:
		return t.Profile.OnHold
	case e.Revoked != nil:
		return t.Profile.Revoked
	case e.Former:
		return t.Profile.Former
	}
	return t.Span(e.Life, e.NotBefore, e.NotAfter)
}

// TurnTitle says what a card will be.
func (t *Text) TurnTitle(turn engine.Turn) string {
	return fmt.Sprintf(t.Life.Becomes, t.Serial(turn.Record.Card), t.StateOf(turn.Record), t.StateOf(engine.Record{State: turn.To, Why: turn.Reason}))
}

// TurnLines say all that goes with it.
func (t *Text) TurnLines(turn engine.Turn) []PlanLine {
	var lines []PlanLine
	if len(turn.Lots) > 0 {
		lines = append(lines, PlanLine{MarkHead, t.Life.AtCA})
	}
	for _, l := range turn.Lots {
		lines = append(lines, t.lot(l))
	}
	foot := func(text string) { lines = append(lines, PlanLine{MarkFoot, text}) }
	if turn.Ends != nil {
		foot(fmt.Sprintf(t.Life.Ends, t.When(turn.Ends.Started), engine.Clean(turn.Ends.By.Station)))
	}
	if len(turn.Lost) > 0 {
		foot(fmt.Sprintf(t.Life.Lost, strings.Join(turn.Lost, ", ")))
	}
	switch turn.Access {
	case engine.AccessRegister:
		foot(t.Confirm.AccessOn)
	case engine.AccessRemove:
		foot(t.Confirm.AccessOff)
	}
	if turn.Prunes {
		foot(t.Life.Pruned)
	}
	foot(t.Tells(turn.Tell))
	foot(t.Life.Untouched)
	return lines
}

func (t *Text) lot(l engine.Lot) PlanLine {
	title, mark := engine.Clean(l.Title), MarkStays
	if l.Former {
		title = fmt.Sprintf(t.Life.FormerHeld, title)
	}
	what := t.Life.Lots[l.Deed]
	switch l.Deed {
	case engine.LotRevoke:
		what, mark = fmt.Sprintf(what, t.Revokes[l.Why]), MarkGoes
	case engine.LotHold:
		mark = MarkGoes
	case engine.LotRelease:
		mark = MarkComes
	case engine.LotOnHold:
	case engine.LotStays:
		if l.Group == engine.GroupCommon {
			what = t.Life.Common
		}
	}
	return PlanLine{mark, fmt.Sprintf(t.Life.Lot, t.Place(l.Place), title, what)}
}

// Tells says who is written to.
func (t *Text) Tells(to []string) string {
	names := t.names(to)
	if names == "" {
		return t.Life.TellNobody
	}
	return fmt.Sprintf(t.Life.Tell, names)
}

// names are those who are written to, in words; "" for nobody.
func (t *Text) names(to []string) string {
	var names []string
	for _, one := range to {
		group, isGroup := strings.CutPrefix(one, engine.ToGroup)
		switch {
		case one == engine.ToManager:
			names = append(names, t.Life.Manager)
		case isGroup:
			names = append(names, fmt.Sprintf(t.Life.Group, engine.Clean(group)))
		default:
			names = append(names, engine.Clean(one))
		}
	}
	return t.list(names)
}

// WipeTitle says which card is emptied.
func (t *Text) WipeTitle(w engine.Wiping) string { return fmt.Sprintf(t.Life.Wipe, t.Serial(w.Card)) }

// WipeLines say what goes when a card is cleaned.
func (t *Text) WipeLines(w engine.Wiping) []PlanLine {
	lines := t.entries(MarkGoes, w.Entries)
	for _, at := range w.Keys {
		lines = append(lines, PlanLine{MarkGoes, fmt.Sprintf(t.Life.WipeKey, t.Place(at))})
	}
	if len(lines) == 0 {
		lines = append(lines, PlanLine{MarkFoot, t.Life.WipeEmpty})
	} else {
		lines = append([]PlanLine{{MarkHead, t.Confirm.Goes}}, lines...)
	}
	return append(lines, PlanLine{MarkFoot, t.Life.WipeFoot}, PlanLine{MarkFoot, t.Tells(w.Tell)})
}
