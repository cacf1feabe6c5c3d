package words

import (
	"fmt"

	"cardkiosk/engine"
)

// ResultTitle says how the run ended.
func (t *Text) ResultTitle(r engine.Result) string {
	switch {
	case r.End == engine.TakenBack:
		return t.Result.TakenBack
	case r.End == engine.Partly:
		return t.Result.Partly
	case r.Notice.Event == engine.NoticeUnassigned:
		return t.Life.Done[engine.CardUnassigned]
	case r.Notice.First:
		return t.Result.DoneFirst
	}
	return t.Result.Done
}

// ResultLines says what was written, removed, kept and recorded, who is
// written to, and what the holder does next.
func (t *Text) ResultLines(r engine.Result) []PlanLine {
	var lines []PlanLine
	for _, no := range r.Refusals {
		lines = append(lines, PlanLine{MarkGoes, fmt.Sprintf(t.Result.Refused, no.Template, no.Words)})
	}
	switch r.End {
	case engine.TakenBack:
		return append(lines, PlanLine{MarkFoot, t.Result.TakenBackHint})
	case engine.Partly:
		lines = append(lines, PlanLine{MarkFoot, t.Result.PartlyHint})
	case engine.Finished:
	}
	if len(r.Notice.Written) > 0 {
		lines = append(lines, PlanLine{MarkHead, t.Result.Written})
	}
	for _, m := range r.Notice.Written {
		lines = append(lines, PlanLine{MarkComes, fmt.Sprintf(t.Result.WrittenLine, t.Place(m.Place), m.Template, t.DateOf(m.NotAfter))})
	}
	if len(r.Notice.Removed) > 0 {
		lines = append(append(lines, PlanLine{MarkHead, t.Result.Removed}), t.losses(r.Notice.Removed)...)
	}
	if kept := t.stays(r.Notice.Kept); kept != nil {
		lines = append(append(lines, PlanLine{MarkHead, t.Result.Kept}), kept...)
	}
	lines = append(lines, PlanLine{MarkFoot, fmt.Sprintf(t.Result.Recorded, t.Serial(r.Notice.Card)) + " " + t.mail(r)})
	if r.Notice.Event == engine.NoticeUnassigned {
		return append(lines, PlanLine{MarkFoot, t.Life.OldPIN})
	}
	next := t.Result.Next
	if r.Notice.First {
		next = t.Result.NextFirst
	}
	return append(lines, PlanLine{MarkFoot, next})
}

func (t *Text) mail(r engine.Result) string {
	if len(r.Letters) == 0 {
		return t.Result.NoMail
	}
	return fmt.Sprintf(t.Result.MailWaits, engine.Clean(r.Letters[0].To))
}

// ResultDetails are the numbers somebody may want to copy.
func (t *Text) ResultDetails(r engine.Result) []PlanLine {
	lines := []PlanLine{{MarkHead, fmt.Sprintf(t.Result.DetailRun, r.Run)}}
	for _, m := range r.Notice.Written {
		lines = append(lines,
			PlanLine{MarkStays, fmt.Sprintf(t.Result.DetailCertificate, m.Template, m.Serial, m.Fingerprint)})
		if m.Request != "" { // nobody asks a CA for a common certificate
			lines = append(lines, PlanLine{MarkNote, fmt.Sprintf(t.Result.DetailRequest, m.Request)})
		}
	}
	return lines
}
