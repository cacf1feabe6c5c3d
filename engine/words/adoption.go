package words

import (
	"fmt"
	"time"

	"cardkiosk/engine"
)

// AdoptionTitle says whose a card would be.
func (t *Text) AdoptionTitle(card engine.Identity, user engine.User) string {
	return fmt.Sprintf(t.Adopt.Question, t.Serial(card), card.Model, user.Name)
}

// AdoptionLines are what taking a card over would put into its record: what
// becomes ours, and what does not.
func (t *Text) AdoptionLines(a engine.Adoption, now time.Time) []PlanLine {
	w := t.Adopt
	var lines []PlanLine
	section := func(head string, more []PlanLine) {
		if len(more) > 0 {
			lines = append(append(lines, PlanLine{MarkHead, head}), more...)
		}
	}
	section(fmt.Sprintf(w.Managed, engine.Clean(a.Policy)), t.adopted(a.Managed, now))
	section(w.Former, t.adopted(a.Former, now))
	section(w.ThirdParty, t.notAdopted(a.ThirdParty, now))
	if a.Ours() {
		return append(lines, PlanLine{MarkFoot, w.Nothing})
	}
	return append(lines, PlanLine{MarkFoot, fmt.Sprintf(w.NoneOurs, a.User.Name, engine.Clean(a.Policy))})
}

func (t *Text) adopted(all []engine.Managed, now time.Time) []PlanLine {
	var lines []PlanLine
	for _, m := range all {
		life := engine.Certificate{NotBefore: m.NotBefore, NotAfter: m.NotAfter}.Life(now)
		lines = append(lines, PlanLine{MarkStays, fmt.Sprintf(t.Adopt.Line, t.Place(m.Place), m.Template, t.Span(life, m.NotBefore, m.NotAfter), m.Issuer)})
	}
	return lines
}

func (t *Text) notAdopted(all []engine.ThirdParty, now time.Time) []PlanLine {
	var lines []PlanLine
	for _, f := range all {
		line := fmt.Sprintf(t.Adopt.Unreadable, t.Place(f.Place), f.Unreadable)
		if c := f.Certificate; f.Unreadable == "" {
			line = fmt.Sprintf(t.Adopt.Line, t.Place(f.Place), c.Subject, t.Span(c.Life(now), c.NotBefore, c.NotAfter), c.Issuer)
		}
		lines = append(lines, PlanLine{MarkStays, line})
	}
	return lines
}
