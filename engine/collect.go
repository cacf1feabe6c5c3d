package engine

import (
	"context"
	"slices"
)

// collect asks what became of the requests that a CA held when the run was put
// down, and notes what was decided. What the worker has learned is believed;
// whether the certificate was revoked since is asked.
func (r *runner) collect(ctx context.Context) error {
	if err := r.confirm(ctx); err != nil {
		return err
	}
	held := r.run.heldSteps()
	if len(held) == 0 {
		return nil
	}
	known, err := r.desk.Requests.RequestsOf(ctx, r.run.Plan.Card.ID)
	if err != nil {
		return err
	}
	for _, n := range held {
		i := slices.IndexFunc(known, func(q Request) bool { return q.ID == requestID(r.run.ID, n) })
		if i < 0 {
			known, i = append(known, r.run.request(n)), len(known)
		}
		kind, data, err := r.decision(ctx, n, known[i])
		if Is(err, CAAway) {
			r.desk.Log.Warn("CA does not tell what became of a request", "run", r.run.ID, "ca", known[i].CA, "err", err)
			continue
		}
		if err != nil {
			return err
		}
		if kind == Held {
			continue
		}
		note := Note{Step: n, Kind: kind, At: r.desk.Now(), Data: data}
		if err := r.note(ctx, []Note{note}, ""); err != nil {
			return err
		}
		r.settled(note)
	}
	return nil
}

// decision is what a held request has come to; Held while it waits.
func (r *runner) decision(ctx context.Context, n int, q Request) (NoteKind, Data, error) {
	ca, err := r.desk.ca(q.CA)
	if err != nil {
		return "", Data{}, err
	}
	answer, known := q.answer()
	if !known || q.Approval {
		if answer, known, err = ca.Lookup(ctx, q.ID); err != nil {
			return "", Data{}, err
		}
	}
	if !known { // the CA has lost it: the same id, so that it cannot be issued twice
		if answer, err = r.request(ctx, ca, n, q.ID); err != nil {
			return "", Data{}, err
		}
	}
	if no := r.revokedSince(ctx, ca, answer); no != "" {
		return Refused, Data{Words: no}, nil
	}
	return r.weigh(ctx, ca, n, answer)
}

// confirm asks again about approvals for which no key was made yet: it is about to
// be made over the old one, and an officer may have thought again. While the CA does
// not answer, the old key is left alone, and the template waits once more.
func (r *runner) confirm(ctx context.Context) error {
	for n, s := range r.run.Plan.Steps {
		if s.Verb != AskApproval || !r.run.has(n, Done) || r.run.made(s.Template) != nil {
			continue
		}
		ca, err := r.desk.ca(s.Ask.CA)
		if err != nil {
			return err
		}
		answer, known, err := ca.Lookup(ctx, requestID(r.run.ID, n))
		if Is(err, CAAway) && !r.run.overwritten(s.Template) {
			err = r.note(ctx, []Note{{Step: n, Kind: Held, At: r.desk.Now()}}, "")
			answer, known = Answer{State: RequestApproved}, true
		}
		if err != nil {
			return err
		}
		if known && answer.State == RequestApproved {
			continue
		}
		if err := r.unapprove(ctx, n, Clean(answer.Words)); err != nil {
			return err
		}
	}
	return nil
}

// unapprove notes that an approval is none any more, unless the key is made already.
func (r *runner) unapprove(ctx context.Context, n int, words string) error {
	now := r.desk.Now()
	var notes []Note
	for _, i := range r.run.steps(MakeKey, r.run.Plan.Steps[n].Template) {
		if !r.run.has(i, Begun) {
			continue
		}
		there, err := r.stillThere(ctx, i)
		if err != nil || !there {
			return err
		}
		notes = append(notes, Note{Step: i, Kind: RolledBack, At: now})
	}
	refused := Note{Step: n, Kind: Refused, At: now, Data: Data{Words: words}}
	notes = append(notes, Note{Step: n, Kind: Held, At: now}, refused) // as one that was held: a person decides what comes of it
	if err := r.note(ctx, notes, ""); err != nil {
		return err
	}
	r.settled(refused)
	return nil
}

// answer is what the store knows of a decided request as its CA gave it.
func (q Request) answer() (a Answer, known bool) {
	switch q.State {
	case RequestApproved, RequestIssued:
		if q.Approval {
			return Answer{State: RequestApproved}, true
		}
		return Answer{State: RequestIssued, Certificate: q.Certificate}, q.Certificate != nil
	case RequestRejected, RequestWithdrawn:
		return Answer{State: q.State, Words: q.Words}, true
	case RequestPending:
	}
	return Answer{}, false
}

// revokedSince returns why a certificate that was granted is no good any more; ""
// as far as its CA tells.
func (r *runner) revokedSince(ctx context.Context, ca CA, a Answer) string {
	if a.State != RequestIssued {
		return ""
	}
	c, err := ParseCertificate(a.Certificate)
	if err != nil {
		return "" // whoever weighs it says so
	}
	list, err := ca.Revoked(ctx)
	if err != nil {
		r.desk.Log.Warn("CA does not tell what is revoked", "run", r.run.ID, "err", err)
	}
	if is := revocationOf(list, c.Serial); is != nil {
		return "revoked: " + string(is.Reason)
	}
	return ""
}
