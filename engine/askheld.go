package engine

import (
	"context"
	"fmt"
	"io"
	"time"
)

// How often CAs are asked about what they hold, when they do not say it
// themselves: soon at first, then seldom. And how long a CA that does not answer
// is left alone.
const (
	firstAsk    = time.Minute
	longestAsk  = time.Hour
	longestAway = 15 * time.Minute
	requestHold = 5 * time.Minute // how long one worker may be at the requests it has taken
	requestsOn  = 50              // how many a worker takes at a time
)

// AskHeld asks CAs about the requests they hold whose time has come, notes what
// was decided, and returns when the next is to be asked about; zero when none is.
// Any number of workers may do so on one store: a request is one worker's.
func (d *Desk) AskHeld(ctx context.Context) (next time.Time, err error) {
	for ctx.Err() == nil {
		now := d.Now()
		taken, err := d.Requests.TakeRequests(ctx, now, now.Add(requestHold), requestsOn)
		if err != nil {
			return time.Time{}, err
		}
		if len(taken) == 0 {
			break
		}
		if err := d.askTaken(ctx, taken); err != nil {
			return time.Time{}, err
		}
	}
	next, _, err = d.Requests.NextRequest(ctx)
	return next, err
}

// askHeldOf asks CAs what became of a card's requests, because somebody looks at
// it now. CAs that do not answer soon, and a store that does not take it, change
// nothing: the worker asks again.
func (d *Desk) askHeldOf(ctx context.Context, r Record) {
	if r.State != StatePending {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	now := d.Now()
	taken, err := d.Requests.TakeRequestsOf(ctx, r.Card.ID, now, now.Add(requestHold))
	if err == nil && len(taken) > 0 {
		err = d.askTaken(ctx, taken)
	}
	if err != nil {
		d.Log.Warn("it was not asked what became of the card's requests", "card", r.Card.ID, "err", err)
	}
}

// askTaken asks about each and notes all at once. What was not asked before the
// program ends is another's when its time has run out.
func (d *Desk) askTaken(ctx context.Context, taken []Request) error {
	var settled []Settled
	away := map[string]error{} // CAs that did not answer: they are not waited for again
	for _, q := range taken {
		s, err := d.askAbout(ctx, q, away)
		if ctx.Err() != nil {
			s, err = Settled{Request: q}, nil
			s.Request.Next = d.Now()
		}
		if err != nil {
			return err
		}
		settled = append(settled, s)
	}
	agree(settled)
	return d.Requests.SettleRequests(context.WithoutCancel(ctx), settled...)
}

// agree has the letters about what was settled at once say the same of it: each was
// written while the store did not know of the others yet.
func agree(settled []Settled) {
	type one struct {
		run      RunID
		template string
	}
	now := map[one]NoticeRequest{}
	for _, s := range settled {
		now[one{s.Request.Run, s.Request.Template}] = s.Request.line()
	}
	for _, s := range settled {
		for _, l := range s.Letters { // one list is all letters' of a request
			for i, q := range l.Notice.Requests {
				if is, ok := now[one{l.Notice.Run, q.Template}]; ok {
					is.News = q.News
					l.Notice.Requests[i] = is
				}
			}
		}
	}
}

// askAbout is what becomes of one request now. Its error is the store's.
func (d *Desk) askAbout(ctx context.Context, q Request, away map[string]error) (s Settled, err error) {
	ca, err := d.ca(q.CA)
	if err == nil {
		err = away[q.CA]
	}
	if err == nil {
		s, err = d.askCA(ctx, ca, q)
	}
	if Is(err, CAAway) {
		away[q.CA] = err
	}
	if err != nil && !Is(err, StoreTrouble) && !Is(err, StoreFull) {
		return d.silent(q, err), nil
	}
	return s, err
}

// askCA asks, and does what has to be done about a request that was approved long
// ago, or whose update was cancelled.
func (d *Desk) askCA(ctx context.Context, ca CA, q Request) (Settled, error) {
	switch {
	case q.Watched:
		return d.watchOver(ctx, ca, q)
	case q.State == RequestApproved && d.Now().Before(q.Next):
		return Settled{Request: q}, nil // somebody looks at it: its time has not come
	case q.State == RequestApproved:
		return d.lapse(ctx, ca, q)
	}
	answer, ok, err := ca.Lookup(ctx, q.ID)
	if err == nil && !ok {
		err = &Error{Op: "look up request", Kind: CAMistaken, Subject: q.CA, Err: fmt.Errorf("the CA does not know the request %s", q.ID)}
	}
	if err != nil {
		return Settled{}, err
	}
	return d.answered(ctx, q, answer)
}

// answered notes what a CA said of a request.
func (d *Desk) answered(ctx context.Context, q Request, a Answer) (Settled, error) {
	now := d.Now()
	q.Trouble, q.Silent, q.Words = "", time.Time{}, Clean(a.Words)
	switch a.State {
	case RequestPending:
		q.Next = now.Add(d.askAgainIn(a.RetryAfter, q.Tries))
		q.Tries++
		return d.escalate(ctx, q)
	case RequestIssued, RequestApproved:
		q.State, q.Certificate, q.Decided, q.Tries, q.Next = RequestApproved, a.Certificate, now, 0, d.lapses(now)
		return d.decided(ctx, q, UpdateApproved, q.Next)
	case RequestRejected, RequestWithdrawn:
		q.State, q.Decided, q.Next = a.State, now, time.Time{}
		return d.decided(ctx, q, UpdateRejected, time.Time{})
	}
	return Settled{}, &Error{Op: "look up request", Kind: CAMistaken, Subject: q.CA, Err: fmt.Errorf("the CA says %q of the request %s", a.State, q.ID)}
}

// silent notes that a CA could not be asked. The request is as it was: nobody
// takes silence for a no.
func (d *Desk) silent(q Request, why error) Settled {
	now := d.Now()
	if q.Trouble == "" {
		q.Silent, q.Tries = now, 0
	}
	q.Trouble = Clean(why.Error())
	q.Next = now.Add(d.jitter(min(firstAsk<<min(q.Tries, 10), longestAway)))
	q.Tries++
	d.Log.Warn("CA does not tell what became of a request", "ca", q.CA, "request", q.ID, "run", q.Run, "since", q.Silent, "err", why)
	return Settled{Request: q}
}

// lapses is when an approved certificate is given up; zero for never.
func (d *Desk) lapses(now time.Time) time.Time {
	if d.Deadlines.Collect == 0 {
		return time.Time{}
	}
	return now.Add(d.Deadlines.Collect)
}

// lapse gives an approved certificate up that nobody has collected in time, and
// revokes it.
func (d *Desk) lapse(ctx context.Context, ca CA, q Request) (Settled, error) {
	if err := d.undo(ctx, ca, q); err != nil {
		return Settled{}, err
	}
	now := d.Now()
	q.State, q.Decided, q.Next, q.Trouble, q.Silent = RequestWithdrawn, now, time.Time{}, "", time.Time{}
	q.Words = "not collected in time"
	return d.told(ctx, q, ApprovalLapsed, time.Time{})
}

// undo has a CA take back what it granted.
func (d *Desk) undo(ctx context.Context, ca CA, q Request) error {
	if q.Certificate == nil {
		_, _, err := ca.Withdraw(ctx, q.ID)
		return err
	}
	c, err := ParseCertificate(q.Certificate)
	if err != nil {
		return err
	}
	return ca.Revoke(ctx, c.Serial, CessationOfOperation)
}

// escalate says, once, that nobody decides while the old certificate is about to
// end.
func (d *Desk) escalate(ctx context.Context, q Request) (Settled, error) {
	if q.Ends.IsZero() || d.Deadlines.Escalate == 0 || !q.Escalated.IsZero() {
		return Settled{Request: q}, nil
	}
	at := q.Ends.Add(-d.Deadlines.Escalate)
	if now := d.Now(); now.Before(at) {
		if at.Before(q.Next) {
			q.Next = at
		}
		return Settled{Request: q}, nil
	}
	q.Escalated = d.Now()
	return d.told(ctx, q, ApprovalOverdue, q.Ends)
}

// watchOver withdraws a request of a cancelled update, or revokes what came of it
// all the same: nobody has its key any more.
func (d *Desk) watchOver(ctx context.Context, ca CA, q Request) (Settled, error) {
	answer, ok, err := ca.Withdraw(ctx, q.ID)
	if err == nil && ok && answer.State == RequestIssued {
		q.Certificate = answer.Certificate
		err = d.undo(ctx, ca, q)
	}
	if err != nil {
		return Settled{}, err
	}
	now := d.Now()
	q.Trouble, q.Silent = "", time.Time{}
	if ok && answer.State == RequestPending {
		q.Next = now.Add(d.askAgainIn(answer.RetryAfter, q.Tries))
		q.Tries++
		return Settled{Request: q}, nil
	}
	q.State, q.Watched, q.Decided, q.Next = RequestWithdrawn, false, now, time.Time{}
	s := Settled{Request: q}
	if q.Certificate != nil {
		s.orphaned(now)
		d.Log.Error("certificate of a cancelled update was issued, and revoked", "ca", q.CA, "request", q.ID, "serial", s.Request.Orphan)
	}
	return s, nil
}

// orphaned notes the certificate that came of a cancelled update.
func (s *Settled) orphaned(now time.Time) {
	q := &s.Request
	if c, err := ParseCertificate(q.Certificate); err == nil {
		q.Orphan = c.Serial
	}
	s.Audit = append(s.Audit, AuditRow{
		At: now, Actor: worker, Act: "revoke certificate", Card: q.Card.ID, User: q.User.ID, Run: q.Run, Result: "done",
		Detail: "issued by " + q.CA + " for an update that was cancelled: " + q.Orphan,
	})
}

// soon is how long until a request that was just held is asked about.
func (d *Desk) soon(retry time.Duration) time.Duration { return d.askAgainIn(retry, 0) }

// askAgainIn is how long until a pending request is asked about again: as its CA says,
// or else longer each time.
func (d *Desk) askAgainIn(retry time.Duration, tries int) time.Duration {
	if retry <= 0 {
		retry = min(firstAsk<<min(tries, 10), longestAsk)
	}
	return d.jitter(retry)
}

// jitter lengthens a time by up to a fifth, so that not everybody comes at once.
func (d *Desk) jitter(t time.Duration) time.Duration {
	b := make([]byte, 1)
	if _, err := io.ReadFull(d.Random, b); err != nil {
		return t
	}
	return t + t/5*time.Duration(b[0])/256
}
