package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	settledOn   = 10              // after how many it notes what it has learned
)

// AskHeld asks CAs about the requests they hold whose time has come, notes what
// was decided, and returns when the next is to be asked about; zero when none is.
// Any number of workers may do so on one store: a request is one worker's.
func (d *Desk) AskHeld(ctx context.Context) (next time.Time, err error) {
	for ctx.Err() == nil {
		now := d.Now()
		until := now.Add(requestHold)
		taken, err := d.Requests.TakeRequests(ctx, now, until, requestsOn)
		if err != nil {
			return time.Time{}, err
		}
		if len(taken) == 0 {
			break
		}
		if err := d.askTaken(ctx, taken, until); err != nil {
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
	until := now.Add(requestHold)
	taken, err := d.Requests.TakeRequestsOf(ctx, r.Card.ID, now, until)
	if err == nil {
		err = d.askTaken(ctx, taken, until)
	}
	if err != nil {
		d.Log.Warn("it was not asked what became of the card's requests", "card", r.Card.ID, "err", err)
	}
}

// askTaken asks about each, and notes what it has learned every few requests: who
// dawdles must not lose all of it to the next worker. What was not asked about when
// the program ends, or when half of the time until then is gone, is as it was.
func (d *Desk) askTaken(ctx context.Context, taken []Request, until time.Time) error {
	away := map[string]error{} // CAs that did not answer: they are not waited for again
	for some := range slices.Chunk(taken, settledOn) {
		settled, failed := d.askSome(ctx, some, until, away)
		agree(settled)
		err := d.Requests.SettleRequests(context.WithoutCancel(ctx), settled...)
		if err := errors.Join(failed, err); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) askSome(ctx context.Context, some []Request, until time.Time, away map[string]error) (settled []Settled, err error) {
	for _, q := range some {
		s := Settled{Request: q}
		if ctx.Err() == nil && d.Now().Before(until.Add(-requestHold/2)) {
			s, err = d.askAbout(ctx, q, away)
		}
		if ctx.Err() != nil { // whatever came of it, the asking was cut short
			s, err = Settled{Request: q}, nil
		}
		if err != nil {
			return settled, err
		}
		settled = append(settled, s)
	}
	return settled, nil
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
		return d.silent(ctx, q, err)
	}
	return s, err
}

// askCA asks, and does what has to be done about a request that was approved long
// ago, or whose update was cancelled.
func (d *Desk) askCA(ctx context.Context, ca CA, q Request) (Settled, error) {
	switch {
	case (q.Watched || q.State == RequestApproved) && d.Now().Before(q.Next):
		return Settled{Request: q}, nil // somebody looks at it: its time has not come
	case q.Watched:
		return d.watchOver(ctx, ca, q)
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
