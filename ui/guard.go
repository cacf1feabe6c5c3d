package ui

import "time"

// guard decides when nobody is believed to sit at the screen any more: when it is
// locked, when the session ends, and when a walk starts anew. It only decides; the
// app does it.
//
//	        quiet for lock, asked, card out                 another person
//	shut ──► open ───────────────────────────────► locked ─────────────► open
//	 ▲        │ ▲                                   │  │
//	 │ left   │ └───────────────────────────────────┘  │
//	 └────────┴───── the same person, as signed in ────┘ left
//
// A lock that nobody could open again ends the session instead, once no run is under
// way. Whether locked or not, a walk that was left starts anew when its time is up.
type guard struct {
	lock      time.Duration // without a key, until the screen is locked; zero for never
	countdown time.Duration // how long before that it is counted down
	anew      time.Duration // without a key, until a walk starts anew; zero for never
	opens     bool          // who has locked it can open it again

	state   guardState
	ending  bool      // the session ends as soon as no run is under way
	lastUse time.Time // the last key, or the end of the last run
}

type guardState int

// The states.
const (
	guardShut   guardState = iota // nobody is signed in
	guardOpen                     // somebody works
	guardLocked                   // somebody has left, or may have
)

// guardEvent is what happens to a guard.
type guardEvent int

// The events.
const (
	cameIn     guardEvent = iota // somebody has signed in
	keyPressed                   // by whoever is there
	timePassed                   // a look at the clock
	lockAsked                    // by key
	cardTaken                    // the card that somebody has signed in with
	unlocked                     // by the same person
	wentOut                      // signed out
)

// guardAct is what the app is to do.
type guardAct int

// The acts.
const (
	stayAsIs   guardAct = iota
	openUp              // show the page
	lockUp              // show nothing but the lock
	startAnew           // the walk
	endSession          // let everything go, and ask who is there
)

// happens takes an event. busy: a run is under way, or the card is asked something;
// at: the walk is somewhere, and not at its start.
func (g *guard) happens(e guardEvent, now time.Time, busy, somewhere bool) guardAct {
	switch e {
	case cameIn:
		g.state, g.lastUse, g.ending = guardOpen, now, false
		return openUp
	case keyPressed:
		if g.state == guardOpen { // somebody else may try the lock's keys
			g.lastUse = now
		}
	case timePassed:
		return g.passes(now, busy, somewhere)
	case lockAsked, cardTaken:
		return g.locks(busy)
	case unlocked:
		if g.state == guardLocked {
			g.state, g.lastUse = guardOpen, now
			return openUp
		}
	case wentOut:
		if g.state != guardShut {
			g.state, g.ending = guardShut, false
			return endSession
		}
	}
	return stayAsIs
}

// passes looks at the clock.
func (g *guard) passes(now time.Time, busy, somewhere bool) guardAct {
	quiet := now.Sub(g.lastUse)
	switch {
	case g.state == guardShut:
	case g.ending && !busy:
		g.state, g.ending = guardShut, false
		return endSession
	case g.state == guardOpen && !g.ending && g.lock > 0 && quiet >= g.lock:
		return g.locks(busy)
	case g.anew > 0 && quiet >= g.anew && !busy && somewhere:
		return startAnew
	}
	return stayAsIs
}

func (g *guard) locks(busy bool) guardAct {
	switch {
	case g.state != guardOpen:
		return stayAsIs
	case g.opens:
		g.state = guardLocked
		return lockUp
	case busy: // whoever cannot come back may not see it out, but it is not cut off
		g.state, g.ending = guardLocked, true
		return lockUp
	}
	g.state = guardShut
	return endSession
}

// left is how long it is until the screen is locked; zero while it is not counted
// down.
func (g *guard) left(now time.Time) time.Duration {
	left := g.lock - now.Sub(g.lastUse)
	if g.state != guardOpen || g.lock <= 0 || left > g.countdown {
		return 0
	}
	return max(left, time.Second)
}
