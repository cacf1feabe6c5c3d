package engine

import (
	"context"
	"slices"
	"time"
)

// rest puts the run down that waits for a CA: what was written is recorded, the
// card is pending, and anybody may take the run up again. Nothing more is done
// until a CA has decided.
func (r *runner) rest(ctx context.Context) error {
	now := r.desk.Now()
	before, _, err := r.desk.Ledger.Card(context.WithoutCancel(ctx), r.run.Plan.Card.ID)
	if err != nil {
		return err
	}
	after, err := r.run.outcome(before, now, SomeHeld)
	if err != nil {
		return err
	}
	note := Note{Step: r.run.recordStep(), Kind: Rested, At: now}
	requests, err := r.requests(ctx, now)
	if err != nil {
		return err
	}
	o := Outcome{
		Record: after, Letters: r.run.letters(r.run.waitingNotice(now)), Requests: requests,
		Notes: []Note{note}, Audit: r.audit("pending"),
	}
	r.tellRefused(&o, now)
	if r.run.changedCard() {
		o.Errands = r.run.errands(after, now)
	}
	lease := r.desk.lease(r.run.by(), r.run.Fence)
	if err := r.desk.Journal.Rest(context.WithoutCancel(ctx), r.run.ID, lease, o); err != nil {
		return err
	}
	r.run.Notes = append(r.run.Notes, note)
	r.desk.Log.Info("run waits for a CA", "run", r.run.ID, "requests", len(requests))
	return nil
}

// tellRefused adds who is told of the requests that were found refused with the card
// in hand; the worker has told of the others. What had lapsed and was kept is only
// audited.
func (r *runner) tellRefused(o *Outcome, now time.Time) {
	o.Also = append(o.Also, r.kept...)
	for _, q := range o.Requests {
		if q.State != RequestRejected || !slices.Contains(r.news, q.ID) {
			continue
		}
		n := r.run.waitingNotice(now)
		n.Event = UpdateRejected
		for i := range n.Requests {
			n.Requests[i].News = n.Requests[i].Template == q.Template
		}
		o.Letters = append(o.Letters, lettersTo(toldOf(q.Tell, UpdateRejected), n, func(to string) string { return requestLetterID(q, UpdateRejected, to) })...)
		o.Also = append(o.Also, r.auditOf(q, UpdateRejected))
	}
}

// auditOf is a row about what became of a request.
func (r *runner) auditOf(q Request, event NoticeEvent) AuditRow {
	row := r.audit("done")
	row.Act, row.Detail = string(event), q.detail()
	return row
}

// requests are the run's requests that a CA held, or holds, as the store is to
// have them. What the store knows of them beyond the journal stays.
func (r *runner) requests(ctx context.Context, now time.Time) ([]Request, error) {
	known, err := r.desk.Requests.RequestsOf(context.WithoutCancel(ctx), r.run.Plan.Card.ID)
	if err != nil {
		return nil, err
	}
	byID := map[string]Request{}
	for _, q := range known {
		byID[q.ID] = q
	}
	var all []Request
	r.news, r.kept = nil, nil
	watched := r.run.watched()
	for i, s := range r.run.Plan.Steps {
		if s.Verb != AskCA && s.Verb != AskApproval || !r.run.has(i, Held) && !watched[requestID(r.run.ID, i)] {
			continue
		}
		q, ok := byID[requestID(r.run.ID, i)]
		if !ok {
			q = r.run.request(i)
			q.Next = now.Add(r.desk.soon(r.retry[i]))
		}
		was := q.State
		q = r.run.standing(q, i, now)
		if was == RequestWithdrawn && q.State == RequestApproved { // it was given up while somebody went on with it
			kept := r.desk.keep(q, now)
			q, r.kept = kept.Request, append(r.kept, kept.Audit...)
		}
		if all = append(all, q); was == RequestPending && q.State == RequestRejected {
			r.news = append(r.news, q.ID)
		}
	}
	return all, nil
}

// request describes a request of the run.
func (r Run) request(step int) Request {
	s := r.Plan.Steps[step]
	begun, _ := r.note(step, Begun)
	q := Request{
		ID: requestID(r.ID, step), CA: s.Ask.CA, Card: r.Plan.Card, User: r.Plan.User, Run: r.ID, Template: s.Template,
		Place: r.homeOf(s), Actor: r.Actor, Approval: s.Verb == AskApproval, Works: r.worksMeanwhile(), State: RequestPending, Asked: begun.At, Tell: r.Plan.Told,
	}
	for _, g := range r.Plan.Comes {
		if g.Template == s.Template && !g.Expired && !g.Revoked {
			q.Ends = g.Replaces
		}
	}
	return q
}

// standing is a request as the journal says that it stands.
func (r Run) standing(q Request, step int, now time.Time) Request {
	decided := func(state RequestState) {
		if q.State = state; q.Decided.IsZero() {
			q.Decided = now
		}
		q.Trouble, q.Silent = "", time.Time{}
	}
	if held, ok := r.note(step, Held); ok && q.State == RequestPending && q.Words == "" {
		q.Words = held.Data.Words
	}
	if no, ok := r.note(step, Refused); ok {
		if q.State != RequestWithdrawn {
			decided(RequestRejected)
		}
		if q.Words = no.Data.Words; !q.Watched { // one that was given up is still to be revoked
			q.Next = time.Time{}
		}
	}
	if granted, ok := r.note(step, Done); ok {
		decided(RequestApproved)
		q.Watched = false
		if q.Certificate = granted.Data.Certificate; r.wrote(q.Template) {
			q.State, q.Next = RequestIssued, time.Time{}
		}
	}
	return q
}

// homeOf is where the certificate that a step asks for will lie.
func (r Run) homeOf(s Step) Place {
	for _, w := range r.Plan.Steps {
		if w.Verb == WriteCertificate && w.Certificate == nil && w.Template == s.Template {
			return w.Place
		}
	}
	return s.Place
}

// wroteAny reports whether the run has written a new certificate.
func (r Run) wroteAny() bool {
	for i, s := range r.Plan.Steps {
		if s.Verb == WriteCertificate && s.Certificate == nil && r.has(i, Done) {
			return true
		}
	}
	return false
}
