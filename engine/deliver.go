package engine

import (
	"context"
	"time"
)

// Letters are tried again after a minute, then after twice as long each time
// up to an hour, and given up after the last try of mostTries: those take three
// days. They are not counted from when a letter was written: the kiosk may have
// been off since.
const (
	firstRetry  = time.Minute
	longestWait = time.Hour
	mostTries   = 78
	courierHold = 5 * time.Minute // how long one courier may be at one letter
	mostLetters = 20
)

// Round is what one look through the outbox came to.
type Round struct {
	Next time.Time // when a letter is due; zero when none waits
	Away bool      // the mail server is: before Next nothing is worth a try
}

// Deliver sends the letters whose time has come. A letter that cannot be sent
// waits longer each time. When the mail server is away the round ends there:
// the others would wait for it as long.
func (d *Desk) Deliver(ctx context.Context) (Round, error) {
	var away error // of the directory: whoever else is to be looked up would wait for it as long
	for range mostLetters {
		now := d.Now()
		due, err := d.Outbox.TakeDue(ctx, now, now.Add(courierHold), 1)
		if err != nil {
			return Round{}, err
		}
		if len(due) == 0 {
			break
		}
		if symbolic(due[0].To) {
			if away, err = d.resolve(ctx, due[0], away); err != nil || ctx.Err() != nil {
				return Round{Next: now, Away: true}, err
			}
			continue
		}
		r, err := d.send(ctx, due[0])
		if err != nil || r.Away {
			return r, err
		}
	}
	next, _, err := d.Outbox.NextDue(ctx)
	return Round{Next: next}, err
}

// send tries one letter and tells whether the mail server is away, and until
// when it is left alone. Its error is the outbox's, not the mail server's.
func (d *Desk) send(ctx context.Context, l Letter) (Round, error) {
	sent := d.Post.Send(ctx, l)
	keep := context.WithoutCancel(ctx) // what was sent is noted, whatever happens
	now := d.Now()
	switch {
	case sent == nil:
		return Round{}, d.Outbox.Sent(keep, l.ID, now)
	case ctx.Err() != nil:
		return Round{Next: now, Away: true}, d.Outbox.Defer(keep, l.ID, now, "stopped while sending")
	}
	return Round{Next: now.Add(backOff(l.Tries)), Away: Is(sent, MailAway)}, d.tryLater(keep, l, sent)
}

// tryLater sets when a letter is tried again that was not sent, and gives it up
// where trying is in vain.
func (d *Desk) tryLater(ctx context.Context, l Letter, why error) error {
	log := d.Log.With("letter", l.ID, "run", l.Notice.Run, "tries", l.Tries+1, "err", why)
	due := d.Now().Add(backOff(l.Tries))
	if Is(why, MailRefused) || l.Tries+1 >= mostTries {
		due = time.Time{}
		log.Error("letter was given up")
	} else {
		log.Warn("letter was not sent")
	}
	return d.Outbox.Defer(ctx, l.ID, due, Clean(why.Error()))
}

func backOff(tries int) time.Duration {
	wait := firstRetry << min(tries, 10)
	return min(wait, longestWait)
}
