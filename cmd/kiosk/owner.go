package main

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"cardkiosk/engine"
)

// owner owns what goes on behind the screen: the run of a card, the courier that
// sends letters, and the worker's jobs. When the program ends it asks them to
// stop and waits for their safe note.
type owner struct {
	ctx  context.Context //nolint:containedctx // the life of the program
	log  *slog.Logger
	work sync.WaitGroup

	mu      sync.Mutex
	wakes   []chan struct{}    // of those who look for work that a run has left
	courier chan struct{}      // wakes whoever sends letters
	stopRun context.CancelFunc // asks the run under way to stop
}

func newOwner(ctx context.Context, log *slog.Logger) *owner {
	return &owner{ctx: ctx, log: log, stopRun: func() {}}
}

// start begins a run and returns. The run goes on when the screen goes away;
// it is asked to stop, and waited for, when the program ends.
func (o *owner) start(run func(ctx context.Context)) {
	ctx, cancel := context.WithCancel(o.ctx)
	o.mu.Lock()
	o.stopRun = cancel
	o.mu.Unlock()
	o.work.Go(func() {
		defer cancel()
		defer o.nudge()
		defer forget()
		defer o.catch("run")
		run(ctx)
	})
}

// stop asks the run under way to stop at its next safe note.
func (o *owner) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stopRun()
}

// nudge lets everybody look for what a run has left: letters, errands.
func (o *owner) nudge() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, wake := range o.wakes {
		rouse(wake)
	}
}

// wrote lets the courier look for letters that a job may have written.
func (o *owner) wrote() {
	o.mu.Lock()
	defer o.mu.Unlock()
	rouse(o.courier)
}

// rouse wakes whoever listens, once; of nil it wakes nobody.
func rouse(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// listen returns what nudge wakes.
func (o *owner) listen() chan struct{} {
	wake := make(chan struct{}, 1)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wakes = append(o.wakes, wake)
	return wake
}

// lookAgain is how often letters and errands are looked for that another kiosk
// on the same store has left.
const lookAgain = 30 * time.Second

// rest is how long the courier waits after a round.
func rest(r engine.Round, now time.Time) time.Duration {
	switch {
	case r.Away:
		return r.Next.Sub(now)
	case r.Next.IsZero():
		return lookAgain
	}
	return min(lookAgain, r.Next.Sub(now))
}

// deliver sends letters as they become due, until the program ends.
func (o *owner) deliver(send func(context.Context) (engine.Round, error), now func() time.Time) {
	wake := o.listen()
	o.mu.Lock()
	o.courier = wake
	o.mu.Unlock()
	o.work.Go(func() {
		defer o.catch("courier")
		for {
			round, err := send(o.ctx)
			forget() // what the mail client keeps of a password
			if err != nil && o.ctx.Err() == nil {
				o.log.Error("letters were not looked through", "err", err)
			}
			select {
			case <-o.ctx.Done():
				return
			case <-wake: // a run has ended, or a job was done: its letter is worth a try
			case <-time.After(rest(round, now())):
			}
		}
	})
}

// wait returns when everything has stopped. The owner's context must have
// ended.
func (o *owner) wait() { o.work.Wait() }

// catch keeps a panic from leaving the terminal in pieces; the log has it.
func (o *owner) catch(what string) {
	if r := recover(); r != nil {
		o.log.Error("panic", "in", what, "value", r, "stack", string(debug.Stack()))
	}
}
