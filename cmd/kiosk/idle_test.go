package main

import (
	"sync/atomic"
	"testing"
	"time"

	"cardkiosk/ui"
)

// sitIdle starts the app with an idle time of five minutes; looked counts how
// often it was told to look at the clock.
func (l *lobby) sitIdle(t *testing.T) (*pilot, *atomic.Int64) {
	t.Helper()
	after, looked := clockLooks(t)
	return sitDown(t, l.parts, func(n *ui.Needs) { n.Idle, n.After = 5*time.Minute, after }), looked
}

// clockLooks is a time.After that fires whenever it is asked, and counts.
func clockLooks(t *testing.T) (after func(time.Duration) <-chan time.Time, looked *atomic.Int64) {
	looks, ended := make(chan time.Time), make(chan struct{})
	looked = &atomic.Int64{}
	go func() {
		for {
			select {
			case looks <- time.Time{}:
				looked.Add(1)
			case <-ended:
				return
			}
		}
	}()
	t.Cleanup(func() { close(ended) })
	return func(time.Duration) <-chan time.Time { return looks }, looked
}

// looks waits until the app has looked at the clock as it is now.
func (s *pilot) looks(looked *atomic.Int64) {
	s.t.Helper()
	before := looked.Load()
	s.until("the app looks at the clock", func() bool { return looked.Load() > before+2 })
}

// A walk that nobody goes on with ends: the PIN that was verified and the plan
// that waits for Enter are there for nobody else.
func TestIdle(t *testing.T) {
	l := openLobby(t)
	s, looked := l.sitIdle(t)
	l.toConfirm(s)
	for range 3 { // each key counts
		l.clock.turn(4 * time.Minute)
		s.press("right")
		s.looks(looked)
	}
	s.sees("This is what will happen")
	l.clock.turn(4 * time.Minute)
	s.press("ctrl+c")
	s.sees("Leave the kiosk?")
	l.clock.turn(5 * time.Minute)
	s.golden("idle", s.sees("Nobody was there", "Type a name"))
	s.press("esc")
	l.clock.turn(time.Hour)
	s.sees("Nobody was there") // also a question is closed
	s.types("ada")
	s.sees("4 found")
	l.clock.turn(time.Hour)
	s.sees("Nobody was there", "Type a name")
	l.toConfirm(s)
	s.press("enter")
	s.sees("Card updated")
}

// A run is not left, however long it takes; its result stays as long as any
// page.
func TestIdleDuringRun(t *testing.T) {
	l := openLobby(t)
	hold, held := make(chan struct{}), make(chan struct{}, 1)
	l.desk.CAs["Corp Issuing CA"] = slowCA{l.desk.CAs["Corp Issuing CA"], held, hold}
	s, looked := l.sitIdle(t)
	l.toConfirm(s)
	s.press("enter")
	s.until("the CA is asked", func() bool { return len(held) > 0 })
	l.clock.turn(time.Hour)
	s.looks(looked)
	s.sees("Do not remove the card")
	close(hold)
	s.sees("Card updated")
	l.clock.turn(4 * time.Minute)
	s.looks(looked)
	s.sees("Card updated")
	l.clock.turn(time.Minute)
	s.sees("Nobody was there")
}
