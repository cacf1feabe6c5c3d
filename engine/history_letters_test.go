package engine

import (
	"fmt"
	"slices"
	"strings"
)

// letterBreaks: for whatever happened exactly those are told who are to know, and
// of nothing else.
func (h *history) letterBreaks() []string {
	want := h.dueLetters()
	var breaks []string
	for _, l := range h.letters {
		if _, due := want[l.ID]; !due {
			breaks = append(breaks, fmt.Sprintf("%s was told %q, which did not happen", l.To, l.Notice.Event))
		}
		if want[l.ID] != "" && want[l.ID] != l.Notice.Event {
			breaks = append(breaks, fmt.Sprintf("a letter tells %q, not %q", l.Notice.Event, want[l.ID]))
		}
		delete(want, l.ID)
	}
	for _, event := range want {
		breaks = append(breaks, fmt.Sprintf("nobody was told of %q", event))
	}
	return append(breaks, h.audited()...)
}

// dueLetters are the letters, by id, that follow from what has happened.
func (h *history) dueLetters() map[string]NoticeEvent {
	want := map[string]NoticeEvent{}
	for _, run := range h.runs {
		for _, event := range h.happened(run) {
			for _, to := range addressed(run.tells(event), run.Plan.User) {
				want[letterID(run.ID, event, to)] = event
			}
		}
	}
	for _, k := range h.requests {
		for _, event := range h.toldOf(k.q) {
			to := toldOf(k.q.Tell, event)
			if event == ApprovalOverdue {
				to = append(to[:len(to):len(to)], h.desk.Deadlines.EscalateTo...)
			}
			for _, to := range addressed(to, k.q.User) {
				want[requestLetterID(k.q, event, to)] = event
			}
		}
	}
	if r := *h.world.record; r.State == StateRevoked {
		was := r
		was.Version--
		for _, to := range addressed(h.policy.told(NoticeRevoked), r.User) {
			want[letterID(changeKey(was, CardRevoked), NoticeRevoked, to)] = NoticeRevoked
		}
	}
	return want
}

// happened are the events of a run.
func (h *history) happened(run Run) []NoticeEvent {
	var all []NoticeEvent
	if run.rested() {
		all = append(all, UpdatePending)
	}
	lost := h.world.record.State == StateRevoked && run.End == TakenBack && !run.recordedBack()
	switch {
	case run.has(run.recordStep(), Done):
		all = append(all, UpdateDone)
	case lost:
	case run.End == TakenBack && run.rested():
		all = append(all, UpdateCancelled)
	}
	failed := run.End == TakenBack && !run.rested() && len(run.refusals()) > 0 && !lost && len(run.watched()) == 0
	for _, row := range h.audit {
		failed = failed || row.Run == run.ID && row.Result == "failed"
	}
	if failed {
		all = append(all, UpdateFailed)
	}
	return all
}

// recordedBack reports whether the run was taken back to its end, and not ended by
// a change of the card's life.
func (r Run) recordedBack() bool {
	n := len(r.undoSteps())
	for i := range n {
		if !r.undone(i) {
			return false
		}
	}
	return r.goesBack()
}

// toldOf are the events of a request that the worker has noticed, by its state and
// by the audit: what of both must agree.
func (h *history) toldOf(q Request) []NoticeEvent {
	var all []NoticeEvent
	for _, event := range NoticeEvents() {
		if h.auditTells(q, event) > 0 {
			all = append(all, event)
		}
	}
	return all
}

func (h *history) auditTells(q Request, event NoticeEvent) (n int) {
	for _, row := range h.audit {
		if row.Run == q.Run && row.Act == string(event) && strings.Contains(row.Detail, q.ID) {
			n++
		}
	}
	return n
}

// audited holds that whatever became of a request without a kiosk at work on it is
// in the audit, once.
func (h *history) audited() []string {
	var breaks []string
	for _, k := range h.requests {
		q := k.q
		must := map[NoticeEvent]bool{
			ApprovalOverdue: !q.Escalated.IsZero(), ApprovalLapsed: q.Words == "not collected in time" && q.State == RequestWithdrawn,
			UpdateApproved: q.State == RequestApproved && !h.notedAs(q, Done) && !h.givenUp(q),
			UpdateRejected: q.State == RequestRejected && !h.notedAs(q, Refused) && !h.givenUp(q),
		}
		if h.auditTells(q, UpdateRejected) > 0 && h.answers[q.ID].State == RequestWithdrawn {
			breaks = append(breaks, fmt.Sprintf("request %s was withdrawn, and told as rejected", q.ID))
		}
		for event, happened := range must {
			most := 1
			if event == ApprovalLapsed {
				most += h.auditTells(q, keptAfterAll)
			}
			if n := h.auditTells(q, event); n > most || n == 0 && happened {
				breaks = append(breaks, fmt.Sprintf("%q of request %s is told %d times in the audit", event, q.ID, n))
			}
		}
	}
	return breaks
}

// givenUp reports whether the update of a request is being cancelled: what is decided
// then is nobody's news.
func (h *history) givenUp(q Request) bool {
	return slices.ContainsFunc(h.runs, func(r Run) bool { return r.ID == q.Run && r.goesBack() })
}

// notedAs reports whether the run of a request has learned the decision by itself.
func (h *history) notedAs(q Request, kind NoteKind) bool {
	for _, run := range h.runs {
		for i := range run.Plan.Steps {
			if run.ID == q.Run && requestID(run.ID, i) == q.ID && run.has(i, kind) {
				return true
			}
		}
	}
	return false
}
