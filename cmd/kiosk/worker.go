package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"cardkiosk/engine"
)

// workerCmd does what a kiosk does behind its screen, without one: as a service
// of its own beside kiosks that share its store.
type workerCmd struct {
	Config string `placeholder:"FILE" help:"The configuration. Left out: config.toml in this folder, or else /etc/kiosk/config.toml."`
	Once   bool   `help:"Do everything once, and end."`
}

// Run works until it is told to stop.
func (cmd workerCmd) Run(ctx context.Context) error {
	p, err := openKiosk(ctx, cmd.Config)
	if err != nil {
		return err
	}
	if cmd.Once {
		err := p.workOnce(ctx)
		p.finishAudit(ctx)
		return errors.Join(err, p.close())
	}
	o := newOwner(ctx, p.log)
	p.startWork(o)
	_, _ = fmt.Fprintln(os.Stderr, "kiosk worker: at work; Ctrl-C stops it")
	<-ctx.Done()
	o.wait()
	p.finishAudit(ctx)
	return p.close()
}

const (
	revocationsEvery = 10 * time.Minute
	newsEvery        = time.Hour
	longestPause     = time.Minute // when nothing waits, or there was trouble
)

// job is one thing that goes on behind the screen. It returns when it wants to
// be done again; zero when nothing waits.
type job struct {
	name    string
	do      func(ctx context.Context) (next time.Time, err error)
	ofRuns  bool          // a run may leave something for it
	writes  bool          // it may leave letters
	longest time.Duration // pause, where another kiosk on the same store may leave something; zero: any
}

// pause is how long the job waits until it is done again.
func (j job) pause(next, now time.Time) time.Duration {
	wait := longestPause
	if !next.IsZero() {
		wait = max(next.Sub(now), time.Second)
	}
	if j.longest > 0 {
		wait = min(wait, j.longest)
	}
	return wait
}

// jobs are what a worker does beside sending letters.
func (p *parts) jobs() []job {
	jobs := []job{
		{name: "errands", do: p.desk.RunErrands, ofRuns: true, longest: lookAgain},
		{name: "requests", do: p.desk.AskHeld, ofRuns: true, writes: true, longest: lookAgain},
		{name: "audit", do: p.keeper.Work, ofRuns: true, longest: lookAgain},
		{name: "revocations", do: func(ctx context.Context) (time.Time, error) {
			_, err := p.desk.RefreshRevocations(ctx)
			return p.desk.Now().Add(revocationsEvery), err
		}},
	}
	if p.desk.Roll != nil {
		jobs = append(jobs, job{name: "snapshot", do: func(ctx context.Context) (time.Time, error) {
			_, err := p.desk.RefreshPeople(ctx, p.snapshot.Full)
			return p.desk.Now().Add(p.snapshot.Refresh), err
		}})
	}
	return append(jobs, job{name: "news", writes: true, do: func(ctx context.Context) (time.Time, error) { // of what the others found
		_, err := p.desk.Tell(ctx)
		return p.desk.Now().Add(newsEvery), err
	}})
}

// startWork begins everything that goes on behind the screen.
func (p *parts) startWork(o *owner) {
	o.deliver(p.desk.Deliver, p.desk.Now)
	for _, j := range p.jobs() {
		o.keepDoing(j, p.desk.Now)
	}
}

// workOnce does everything once.
func (p *parts) workOnce(ctx context.Context) error {
	if err := p.deliverAll(ctx); err != nil {
		return err
	}
	for _, j := range p.jobs() {
		if _, err := j.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", j.name, err)
		}
	}
	return p.deliverAll(ctx) // what the jobs have left
}

// deliverAll sends every letter whose time has come, unless the mail server is
// away.
func (p *parts) deliverAll(ctx context.Context) error {
	for {
		r, err := p.desk.Deliver(ctx)
		if err != nil || r.Away || r.Next.IsZero() || r.Next.After(p.desk.Now()) {
			return err
		}
	}
}

// keepDoing does a job again and again until the program ends. Trouble is
// logged; a job that has some is tried again after a while.
func (o *owner) keepDoing(j job, now func() time.Time) {
	var wake <-chan struct{} // of nil nothing ever comes
	if j.ofRuns {
		wake = o.listen()
	}
	o.work.Go(func() {
		defer o.catch(j.name)
		for {
			next, err := j.do(o.ctx)
			if j.writes {
				o.wrote()
			}
			if err != nil && o.ctx.Err() == nil {
				o.log.Error("work was not done", "work", j.name, "kind", engine.KindOf(err), "err", err)
				next = time.Time{}
			}
			select {
			case <-o.ctx.Done():
				return
			case <-wake:
			case <-time.After(j.pause(next, now())):
			}
		}
	})
}
