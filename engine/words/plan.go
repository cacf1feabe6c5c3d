package words

import (
	"fmt"
	"slices"
	"strings"

	"cardkiosk/engine"
)

// PlanLine is one line of a plan's or a result's text. The screen and the
// plain lines draw the mark each in their way.
type PlanLine struct {
	Mark Mark
	Text string
}

// Mark says what kind of line it is.
type Mark int

// The marks.
const (
	MarkHead  Mark = iota // a heading
	MarkGoes              // something that goes away
	MarkComes             // something that comes
	MarkStays             // something that stays
	MarkNote              // more about the line above
	MarkFoot              // a sentence of its own
	MarkWaits             // something that waits for a decision
)

// PlanTitle says which card the plan is for.
func (t *Text) PlanTitle(p engine.Plan) string {
	if p.First {
		return fmt.Sprintf(t.Confirm.TitleFirst, t.Serial(p.Card))
	}
	return fmt.Sprintf(t.Confirm.Title, t.Serial(p.Card))
}

// PlanGo is what carrying the plan out is called.
func (t *Text) PlanGo(p engine.Plan) string {
	if p.Event != "" {
		return t.Life.Deeds[p.Event]
	}
	if p.First {
		return t.Confirm.GoFirst
	}
	return t.Confirm.Go
}

// PlanLines is the whole plan: losses first, then what comes, what is set,
// what stays, and what it costs the person, or that nothing would change.
func (t *Text) PlanLines(p engine.Plan) []PlanLine {
	var lines []PlanLine
	section := func(head string, more []PlanLine) {
		if len(more) > 0 {
			lines = append(append(lines, PlanLine{MarkHead, head}), more...)
		}
	}
	section(t.Confirm.Goes, t.losses(p.Goes))
	section(t.Confirm.Comes, t.gains(p.Comes))
	section(t.Confirm.SetUp, t.setups(p.Setup))
	section(t.Confirm.Stays, t.stays(p.Stays))
	lines = append(lines, t.elsewhere(p)...)
	switch {
	case p.Changes():
		lines = append(lines, PlanLine{MarkFoot, t.cost(p)})
	case len(p.Obstacles) == 0:
		lines = append(lines, PlanLine{MarkFoot, t.Confirm.Nothing})
	}
	return lines
}

func (t *Text) losses(all []engine.Loss) []PlanLine {
	var lines []PlanLine
	for _, l := range all {
		lines = append(lines, PlanLine{MarkGoes, t.loss(l)})
		if l.History {
			lines = append(lines, PlanLine{MarkNote, t.Confirm.OldMail})
		}
	}
	return lines
}

func (t *Text) loss(l engine.Loss) string {
	format := t.Confirm.CertificateOnly
	switch {
	case l.Why == engine.LostStrayKey:
		return fmt.Sprintf(t.Confirm.KeyOnly, t.Place(l.Place), t.Losses[l.Why])
	case l.KeyToo:
		format = t.Confirm.KeyToo
	}
	return fmt.Sprintf(format, t.Place(l.Place), l.Title, t.Losses[l.Why])
}

func (t *Text) gains(all []engine.Gain) []PlanLine {
	var lines []PlanLine
	for _, g := range all {
		lines = append(lines, PlanLine{MarkComes, t.gain(g)})
		if how := t.Hows[g.How]; how != "" && !g.Replaces.IsZero() && !g.Expired && !g.Revoked {
			lines = append(lines, PlanLine{MarkNote, how})
		}
	}
	return lines
}

func (t *Text) gain(g engine.Gain) string {
	switch {
	case g.Common:
		return fmt.Sprintf(t.Confirm.Common, t.Place(g.Place), g.Template)
	case g.How == engine.SameKey:
		return fmt.Sprintf(t.Confirm.SameKey, t.Place(g.Place), g.Template, g.CA)
	}
	return fmt.Sprintf(t.Confirm.NewKey, t.Place(g.Place), g.Template, g.CA)
}

func (t *Text) setups(all []engine.SetupLine) []PlanLine {
	var lines []PlanLine
	for _, s := range all {
		lines = append(lines, PlanLine{MarkComes, t.SetUps[s]})
	}
	return lines
}

// stays puts what stays on as few lines as possible.
func (t *Text) stays(all []engine.Stay) []PlanLine {
	var names []string
	for _, s := range all {
		if s.Group == engine.GroupManaged {
			names = append(names, fmt.Sprintf(t.Confirm.Stay, t.Place(s.Place), s.Title))
		} else {
			names = append(names, fmt.Sprintf(t.Confirm.StayGroup, t.Place(s.Place), s.Title, t.Groups[s.Group]))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []PlanLine{{MarkStays, strings.Join(names, ", ")}}
}

// elsewhere says what is told to others once the card is written.
func (t *Text) elsewhere(p engine.Plan) []PlanLine {
	var lines []PlanLine
	if p.Was != "" {
		lines = append(lines, PlanLine{MarkFoot, fmt.Sprintf(t.Confirm.OtherPolicy, p.Policy, p.Was)})
	}
	switch p.Access {
	case engine.AccessRegister:
		lines = append(lines, PlanLine{MarkFoot, t.Confirm.AccessOn})
	case engine.AccessRemove:
		lines = append(lines, PlanLine{MarkFoot, t.Confirm.AccessOff})
	}
	if p.Signed() {
		lines = append(lines, PlanLine{MarkFoot, t.Confirm.Signed})
	}
	if slices.ContainsFunc(p.Outgoing, func(o engine.Outgoing) bool { return p.Event != "" && o.Revoke }) {
		lines = append(lines, PlanLine{MarkFoot, t.Life.GoesRevoked})
	}
	if p.Publish && len(p.Comes) > 0 {
		lines = append(lines, PlanLine{MarkFoot, t.Confirm.Published})
	}
	return lines
}

// cost counts PIN entries and touches.
func (t *Text) cost(p engine.Plan) string {
	pin := t.Confirm.PINOnce
	if p.NewPIN {
		pin = t.Confirm.NewPIN
	}
	if p.Touches == 0 {
		return pin + " " + t.Confirm.NoTouch
	}
	return pin + " " + t.Count.Touches.Of(p.Touches)
}

// Step says what a step of a run does.
func (t *Text) Step(s engine.Step, undo bool) string {
	fill := func(format string) string {
		if strings.Contains(format, "%s") {
			return fmt.Sprintf(format, s.Template)
		}
		return format
	}
	switch {
	case undo:
		return fill(t.Undo[s.Verb])
	case s.IfRefused && s.Verb == engine.RemoveKey:
		return fill(t.Progress.UnmakeKey)
	case s.IfRefused:
		return fill(t.Progress.IfRefused)
	case s.Verb == engine.MoveKey && s.Public != nil:
		return fill(t.Progress.OldKeyAside)
	case s.Verb == engine.MoveKey:
		return fill(t.Progress.NewKeyHome)
	case s.Verb == engine.WriteCertificate && s.Certificate != nil:
		return fill(t.Progress.KeepFormer)
	case s.Verb == engine.Check && s.Certificate != nil:
		return fill(t.Progress.CheckFormer)
	}
	return fill(t.Steps[s.Verb])
}
