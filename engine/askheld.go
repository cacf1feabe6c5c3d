package engine

import (
	"context"
	"fmt"
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
		return d.lapse(ctx, q)
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
