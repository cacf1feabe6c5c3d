package words

import (
	"fmt"
	"slices"

	"cardkiosk/engine"
)

// ResultTitle says how the run ended.
func (t *Text) ResultTitle(r engine.Result) string {
	switch {
	case r.End == "":
		return t.Result.Pending
	case r.Notice.Event == engine.UpdateCancelled && onlyRejected(r.Notice.Requests):
		return t.Result.Ended
	case r.Notice.Event == engine.UpdateCancelled:
		return t.Result.Cancelled
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

// onlyRejected reports whether nothing was left of an update that could be withdrawn:
// what was not written its CA had rejected.
func onlyRejected(all []engine.NoticeRequest) bool {
	no := 0
	for _, q := range all {
		switch q.State {
		case engine.RequestRejected:
			no++
		case engine.RequestPending, engine.RequestApproved, engine.RequestWithdrawn:
			return false
		case engine.RequestIssued:
		}
	}
	return no > 0
}

// ResultLines says what was written, removed, kept and recorded, who is
// written to, and what the holder does next.
func (t *Text) ResultLines(r engine.Result) []PlanLine {
	switch {
	case r.End == "":
		return t.pendingResult(r)
	case r.Notice.Event == engine.UpdateCancelled:
		return t.cancelledResult(r)
	}
	lines := t.refused(r)
	switch r.End {
	case engine.TakenBack:
		return append(lines, PlanLine{MarkFoot, t.Result.TakenBackHint})
	case engine.Partly:
		hint := t.Result.PartlyHint
		if r.Notice.Works {
			hint = t.Result.PartlyLater
		}
		lines = append(lines, PlanLine{MarkFoot, hint})
	case engine.Finished:
	}
	if len(r.Notice.Written) > 0 {
		lines = append(lines, PlanLine{MarkHead, t.Result.Written})
	}
	lines = append(lines, t.written(r.Notice.Written)...)
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

func (t *Text) refused(r engine.Result) []PlanLine {
	var lines []PlanLine
	for _, no := range r.Refusals {
		lines = append(lines, PlanLine{MarkGoes, fmt.Sprintf(t.Result.Refused, no.Template, no.Words)})
	}
	return lines
}

func (t *Text) written(all []engine.Managed) []PlanLine {
	var lines []PlanLine
	for _, m := range all {
		lines = append(lines, PlanLine{MarkComes, fmt.Sprintf(t.Result.WrittenLine, t.Place(m.Place), m.Template, t.DateOf(m.NotAfter))})
	}
	return lines
}

// pendingResult says what was written, what the update waits for, what works
// meanwhile, and who hears of it.
func (t *Text) pendingResult(r engine.Result) []PlanLine {
	var lines []PlanLine
	if written := t.written(r.Notice.Written); written != nil {
		lines = append([]PlanLine{{MarkHead, t.Result.Written}}, written...)
	}
	lines = append(lines, t.waiting(r.Notice)...)
	lines = append(lines, PlanLine{MarkFoot, t.Meanwhile(r.Notice.Works, r.Notice.User.Name)})
	told := t.Result.PendingUntold
	if names := t.names(r.Told); names != "" {
		told = fmt.Sprintf(t.Result.PendingTold, names)
	}
	return append(lines, PlanLine{MarkFoot, told + " " + t.Result.PendingHint})
}

// waiting lists the requests by the CA that is waited for. What was written is
// told of elsewhere.
func (t *Text) waiting(n engine.Notice) []PlanLine {
	var lines []PlanLine
	waits := ""
	for _, q := range n.Requests {
		if q.State == engine.RequestIssued {
			continue
		}
		if head := fmt.Sprintf(t.Result.WaitingFor, engine.Clean(q.CA), t.Clock(q.Asked, n.At)); q.State == engine.RequestPending {
			if head != waits {
				lines = append(lines, PlanLine{MarkHead, head})
			}
			waits = head
			lines = append(lines, PlanLine{MarkWaits, engine.Clean(q.Template)})
			continue
		}
		mark := MarkGoes
		if q.State == engine.RequestApproved {
			mark = MarkComes
		}
		lines = append(lines, PlanLine{mark, t.request(engine.Request{
			Template: q.Template, CA: q.CA, State: q.State, Asked: q.Asked, Decided: n.At,
		})})
		if q.Words != "" {
			lines = append(lines, PlanLine{MarkNote, t.quoted(q.Words)})
		}
	}
	return lines
}

// cancelledResult says what has become of the requests of an update that was
// cancelled, or that the CA has rejected, and what stays of it.
func (t *Text) cancelledResult(r engine.Result) []PlanLine {
	lines, hint := t.refused(r), t.Result.CancelledHint
	for _, q := range r.Notice.Requests {
		switch q.State {
		case engine.RequestRejected:
			if !slices.ContainsFunc(r.Refusals, func(no engine.Refusal) bool { return no.Template == q.Template }) {
				lines = append(lines, PlanLine{MarkGoes, fmt.Sprintf(t.Result.Refused, engine.Clean(q.Template), engine.Clean(q.Words))})
			}
			if hint == t.Result.CancelledHint {
				hint = t.Result.CancelledRejected
			}
		case engine.RequestPending, engine.RequestApproved:
			hint = t.Result.CancelledAway
		case engine.RequestIssued, engine.RequestWithdrawn:
		}
	}
	if len(r.Notice.Written) == 0 {
		return append(lines, PlanLine{MarkFoot, hint})
	}
	lines = append(lines, PlanLine{MarkHead, t.Result.Kept})
	lines = append(append(lines, t.written(r.Notice.Written)...), PlanLine{MarkFoot, t.Result.CancelledPart})
	if hint == t.Result.CancelledAway {
		lines = append(lines, PlanLine{MarkFoot, hint})
	}
	return lines
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
	for _, q := range r.Notice.Requests {
		if q.State == engine.RequestPending && q.Words != "" {
			lines = append(lines, PlanLine{MarkStays, engine.Clean(q.Template) + ": " + t.quoted(q.Words)})
		}
	}
	return lines
}
