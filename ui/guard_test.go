package ui

import (
	"testing"
	"time"
)

// Whatever comes in whatever order: a screen that was locked shows nothing until
// somebody has signed in, a run is never cut off, and a walk that was left starts
// anew.
func TestGuard(t *testing.T) {
	t0 := time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)
	const lock, anew = 2 * time.Minute, 5 * time.Minute
	tests := map[string]struct {
		state     guardState
		mute      bool // nobody could open it again
		ending    bool
		event     guardEvent
		after     time.Duration // since the last key
		busy      bool
		atStart   bool
		want      guardAct
		then      guardState
		thenEnds  bool
		keptQuiet bool // the last use is still t0
	}{
		"somebody signs in":                    {state: guardShut, event: cameIn, after: time.Hour, want: openUp, then: guardOpen},
		"another signs in at the lock":         {state: guardLocked, event: cameIn, after: time.Hour, want: openUp, then: guardOpen},
		"nobody is there, time passes":         {state: guardShut, event: timePassed, after: time.Hour, want: stayAsIs, then: guardShut, keptQuiet: true},
		"nobody is there, a card is taken":     {state: guardShut, event: cardTaken, want: stayAsIs, then: guardShut, keptQuiet: true},
		"nobody is there, lock is asked":       {state: guardShut, event: lockAsked, want: stayAsIs, then: guardShut, keptQuiet: true},
		"nobody is there, an old answer":       {state: guardShut, event: unlocked, want: stayAsIs, then: guardShut, keptQuiet: true},
		"a key":                                {state: guardOpen, event: keyPressed, after: lock - 1, want: stayAsIs, then: guardOpen},
		"a key at the lock":                    {state: guardLocked, event: keyPressed, after: lock, want: stayAsIs, then: guardLocked, keptQuiet: true},
		"not long enough":                      {state: guardOpen, event: timePassed, after: lock - 1, want: stayAsIs, then: guardOpen, keptQuiet: true},
		"long enough":                          {state: guardOpen, event: timePassed, after: lock, want: lockUp, then: guardLocked, keptQuiet: true},
		"long enough at the start":             {state: guardOpen, event: timePassed, after: lock, atStart: true, want: lockUp, then: guardLocked, keptQuiet: true},
		"long enough during a run":             {state: guardOpen, event: timePassed, after: lock, busy: true, want: lockUp, then: guardLocked, keptQuiet: true},
		"on request":                           {state: guardOpen, event: lockAsked, want: lockUp, then: guardLocked, keptQuiet: true},
		"on request during a run":              {state: guardOpen, event: lockAsked, busy: true, want: lockUp, then: guardLocked, keptQuiet: true},
		"the card is taken":                    {state: guardOpen, event: cardTaken, want: lockUp, then: guardLocked, keptQuiet: true},
		"the card is taken from the lock":      {state: guardLocked, event: cardTaken, want: stayAsIs, then: guardLocked, keptQuiet: true},
		"locked for long":                      {state: guardLocked, event: timePassed, after: anew, want: startAnew, then: guardLocked, keptQuiet: true},
		"locked for long at the start":         {state: guardLocked, event: timePassed, after: anew, atStart: true, want: stayAsIs, then: guardLocked, keptQuiet: true},
		"locked for long during a run":         {state: guardLocked, event: timePassed, after: anew, busy: true, want: stayAsIs, then: guardLocked, keptQuiet: true},
		"unlocked":                             {state: guardLocked, event: unlocked, after: time.Hour, want: openUp, then: guardOpen},
		"signed out":                           {state: guardOpen, event: wentOut, want: endSession, then: guardShut, keptQuiet: true},
		"signed out at the lock":               {state: guardLocked, event: wentOut, want: endSession, then: guardShut, keptQuiet: true},
		"signed out twice":                     {state: guardShut, event: wentOut, want: stayAsIs, then: guardShut, keptQuiet: true},
		"cannot be opened: ends":               {state: guardOpen, mute: true, event: timePassed, after: lock, want: endSession, then: guardShut, keptQuiet: true},
		"cannot be opened: on request":         {state: guardOpen, mute: true, event: lockAsked, want: endSession, then: guardShut, keptQuiet: true},
		"cannot be opened: a run goes on":      {state: guardOpen, mute: true, event: timePassed, after: lock, busy: true, want: lockUp, then: guardLocked, thenEnds: true, keptQuiet: true},
		"cannot be opened: a run has not over": {state: guardLocked, mute: true, ending: true, event: timePassed, after: time.Hour, busy: true, want: stayAsIs, then: guardLocked, thenEnds: true, keptQuiet: true},
		"cannot be opened: the run is over":    {state: guardLocked, mute: true, ending: true, event: timePassed, after: lock, want: endSession, then: guardShut, keptQuiet: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := guard{lock: lock, countdown: 20 * time.Second, anew: anew, opens: !tt.mute, state: tt.state, ending: tt.ending, lastUse: t0}
			now := t0.Add(tt.after)
			got := g.happens(tt.event, now, tt.busy, !tt.atStart)
			if got != tt.want || g.state != tt.then || g.ending != tt.thenEnds {
				t.Errorf("act %d, state %d, ending %v; want %d, %d, %v", got, g.state, g.ending, tt.want, tt.then, tt.thenEnds)
			}
			if kept := g.lastUse.Equal(t0); tt.after > 0 && kept != tt.keptQuiet {
				t.Errorf("the last use is at %v", g.lastUse)
			}
		})
	}
}

// However the settings are, whoever never locks starts anew as before, and whoever
// locks sees it coming.
func TestGuardCountsDown(t *testing.T) {
	t0 := time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)
	g := guard{lock: 2 * time.Minute, countdown: 20 * time.Second, opens: true, state: guardOpen, lastUse: t0}
	for after, want := range map[time.Duration]time.Duration{
		0: 0, 99 * time.Second: 0, 100 * time.Second: 20 * time.Second, 103 * time.Second: 17 * time.Second, 3 * time.Minute: time.Second,
	} {
		if left := g.left(t0.Add(after)); left != want {
			t.Errorf("%v after the last key %v are left, want %v", after, left, want)
		}
	}
	never := guard{anew: 5 * time.Minute, state: guardOpen, lastUse: t0}
	if left := never.left(t0.Add(time.Hour)); left != 0 {
		t.Errorf("counts %v down to a lock that never comes", left)
	}
	if act := never.happens(timePassed, t0.Add(time.Hour), false, true); act != startAnew || never.state != guardOpen {
		t.Errorf("without a lock: act %d, state %d", act, never.state)
	}
}
