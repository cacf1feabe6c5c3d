package engine

import (
	"context"
	"fmt"
	"io"
	"time"
)

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
// takes silence for a no. But it waits all the same, and the old certificate ends.
func (d *Desk) silent(ctx context.Context, q Request, why error) (Settled, error) {
	now := d.Now()
	if q.Trouble == "" {
		q.Silent, q.Tries = now, 0
	}
	q.Trouble = Clean(why.Error())
	q.Next = now.Add(d.jitter(min(firstAsk<<min(q.Tries, 10), longestAway)))
	q.Tries++
	d.Log.Warn("CA does not tell what became of a request", "ca", q.CA, "request", q.ID, "run", q.Run, "since", q.Silent, "err", why)
	if q.State != RequestPending || q.Watched {
		return Settled{Request: q}, nil
	}
	return d.escalate(ctx, q)
}

// lapses is when an approved certificate is given up; zero for never.
func (d *Desk) lapses(now time.Time) time.Time {
	if d.Deadlines.Collect == 0 {
		return time.Time{}
	}
	return now.Add(d.Deadlines.Collect)
}

// lapse gives an approved certificate up that nobody has collected in time. It is
// revoked a while later: a kiosk that has just read of the approval goes on with
// it, and notes that long before.
func (d *Desk) lapse(ctx context.Context, q Request) (Settled, error) {
	now := d.Now()
	q.State, q.Decided, q.Trouble, q.Silent = RequestWithdrawn, now, "", time.Time{}
	q.Words = "not collected in time"
	q.Watched, q.Next = true, now.Add(requestHold)
	return d.told(ctx, q, ApprovalLapsed, time.Time{})
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
