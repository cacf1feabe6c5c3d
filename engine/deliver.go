package engine

import (
	"context"
	"time"
)

// Letters are tried again after a minute, then after twice as long each time
// up to an hour, and given up after three days.
const (
	firstRetry  = time.Minute
	longestWait = time.Hour
	giveUpAfter = 72 * time.Hour
	courierHold = 5 * time.Minute // how long one courier may be at one letter
	mostLetters = 20
)

// Deliver sends the letters whose time has come and returns when the next one
// is due; ok is false when none waits. A letter that cannot be sent waits
// longer each time. When the mail server is away the round ends there.
func (d *Desk) Deliver(ctx context.Context) (next time.Time, ok bool, err error) {
	for range mostLetters {
		now := d.Now()
		due, err := d.Outbox.TakeDue(ctx, now, now.Add(courierHold), 1)
		if err != nil {
			return time.Time{}, false, err
		}
		if len(due) == 0 {
			break
		}
		away, err := d.send(ctx, due[0])
		if err != nil {
			return time.Time{}, false, err
		}
		if away {
			break // the server is: the others would wait for it as long
		}
	}
	return d.Outbox.NextDue(ctx)
}

// send tries one letter and tells whether the mail server is away. Its error is
// the outbox's, not the mail server's.
func (d *Desk) send(ctx context.Context, l Letter) (away bool, err error) {
	sent := d.Post.Send(ctx, l)
	keep := context.WithoutCancel(ctx) // what was sent is noted, whatever happens
	switch {
	case sent == nil:
		return false, d.Outbox.Sent(keep, l.ID, d.Now())
	case ctx.Err() != nil:
		return true, d.Outbox.Defer(keep, l.ID, d.Now(), "stopped while sending")
	}
	d.Log.Warn("letter was not sent", "letter", l.ID, "run", l.Notice.Run, "tries", l.Tries+1, "err", sent)
	at := d.Now().Add(backOff(l.Tries))
	if Is(sent, MailRefused) || d.Now().After(l.Created.Add(giveUpAfter)) {
		at = time.Time{}
	}
	return Is(sent, MailAway), d.Outbox.Defer(keep, l.ID, at, Clean(sent.Error()))
}

func backOff(tries int) time.Duration {
	wait := firstRetry << min(tries, 10)
	return min(wait, longestWait)
}
