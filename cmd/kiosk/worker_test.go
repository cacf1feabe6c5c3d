package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"cardkiosk/engine"
)

// A certificate that is to be revoked in a month does not keep the worker from
// errands that another kiosk on the same store leaves meanwhile.
func TestErrandsOfOtherKiosks(t *testing.T) {
	p := openLobby(t).parts
	errands := p.jobs()[0]
	now := p.desk.Now()
	if pause := errands.pause(now.AddDate(0, 1, 0), now); errands.name != "errands" || pause > lookAgain {
		t.Errorf("%s are looked for again after %v, want %v at most", errands.name, pause, lookAgain)
	}
	if pause := errands.pause(now.Add(-time.Hour), now); pause != time.Second {
		t.Errorf("with one that is overdue the pause is %v: it must neither stand still nor spin", pause)
	}
}

// A letter about what a CA has decided, or about what ends soon, leaves as soon as
// the worker knows of it.
func TestLettersOfJobsLeaveAtOnce(t *testing.T) {
	for _, j := range openLobby(t).jobs() {
		if wants := j.name == "requests" || j.name == "news"; j.writes != wants {
			t.Errorf("%s leaves letters: %v, want %v", j.name, j.writes, wants)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		o := newOwner(ctx, silent)
		var letters, sent int
		o.deliver(func(context.Context) (engine.Round, error) { sent += letters; letters = 0; return engine.Round{}, nil }, time.Now)
		synctest.Wait()
		o.keepDoing(job{name: "news", writes: true, do: func(context.Context) (time.Time, error) {
			letters = 1
			return time.Now().Add(time.Hour), nil
		}}, time.Now)
		synctest.Wait()
		if sent != 1 {
			t.Errorf("%d letters were sent, want 1", sent)
		}
		end()
		o.wait()
	})
}

// When a run ends, only those look whom it may have left something: to read all
// cards and the directory once more would be for nothing.
func TestNudgeWakesWhomItConcerns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		o := newOwner(ctx, silent)
		var errands, snapshot int
		count := func(rounds *int) func(context.Context) (time.Time, error) {
			return func(context.Context) (time.Time, error) { *rounds++; return time.Now().Add(time.Hour), nil }
		}
		o.keepDoing(job{name: "errands", do: count(&errands), ofRuns: true}, time.Now)
		o.keepDoing(job{name: "snapshot", do: count(&snapshot)}, time.Now)
		synctest.Wait()
		o.nudge()
		synctest.Wait()
		if errands != 2 || snapshot != 1 {
			t.Errorf("after a run errands were looked for %d times, want 2, and the directory was read %d times, want 1", errands, snapshot)
		}
		end()
		o.wait()
	})
}
