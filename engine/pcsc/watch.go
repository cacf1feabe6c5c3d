//go:build cgo

package pcsc

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ebfe/scard"

	"cardkiosk/engine"
)

const (
	// pcscd tells no event when another program opens a card, and one for a
	// reader plugged in between two calls is lost: look again without any.
	lookAgain = time.Second

	retryAway      = 250 * time.Millisecond // pcscd is not there
	retryForbidden = 5 * time.Second        // each try is a line in polkit's log
	retryCancel    = 20 * time.Millisecond  // pcscd ignores a cancel that comes early

	plugAndPlay = `\\?PnP?\Notification` // the name under which pcsc-lite tells of readers
	maxStates   = 16                     // pcsc-lite takes no more in one call
)

// watch looks at the readers until Close. It alone calls GetStatusChange: the
// binding keeps one buffer per reader name, so a second call at the same time
// would free the first one's.
func (r *Readers) watch() {
	defer r.owned.Done()
	defer close(r.watched)
	visits := &visits{}
	for !r.stopping() {
		visits.forget()
		number := r.begin()
		err := r.serve(number, visits)
		if r.stopping() {
			return
		}
		r.publish(view{number: number, err: err})
		r.pause(engine.KindOf(err))
	}
}

// serve watches the readers until the service goes away, and says why it did.
func (r *Readers) serve(number int, visits *visits) error {
	const op = "watch readers"
	pcscd, err := establish(op, "")
	if err != nil {
		return err
	}
	r.hold(pcscd)
	defer r.release()
	var states []scard.ReaderState
	for !r.stopping() {
		turn := r.turn()
		if states, err = look(pcscd, states[:0]); err == nil {
			r.show(number, turn, states, visits)
			err = wait(pcscd, states)
		}
		switch {
		case err == nil, errors.Is(err, scard.ErrTimeout), errors.Is(err, scard.ErrCancelled),
			errors.Is(err, scard.ErrUnknownReader): // unplugged between two calls
		default:
			return trouble(op, "", err)
		}
		number = r.begin()
	}
	return errClosed
}

// look asks for the readers and their state as it is now.
func look(pcscd *scard.Context, states []scard.ReaderState) ([]scard.ReaderState, error) {
	names, err := pcscd.ListReaders()
	if errors.Is(err, scard.ErrNoReadersAvailable) {
		return states, nil
	}
	if err != nil {
		return states, fmt.Errorf("list readers: %w", err)
	}
	for _, name := range names {
		states = append(states, scard.ReaderState{Reader: name, CurrentState: scard.StateUnaware})
	}
	if err := pcscd.GetStatusChange(states, 0); err != nil {
		return states, fmt.Errorf("ask for state of readers: %w", err)
	}
	return states, nil
}

// wait returns when something differs from the states, or as if it did.
func wait(pcscd *scard.Context, states []scard.ReaderState) error {
	for i := range states {
		states[i].CurrentState = states[i].EventState &^ scard.StateChanged
	}
	if len(states) < maxStates {
		states = append(states, scard.ReaderState{Reader: plugAndPlay})
	}
	if err := pcscd.GetStatusChange(states, lookAgain); err != nil {
		return fmt.Errorf("wait for readers: %w", err)
	}
	return nil
}

// show publishes what a look saw.
func (r *Readers) show(number, turn int, states []scard.ReaderState, visits *visits) {
	readers := make([]engine.Reader, len(states))
	names := make(map[string]string, len(states))
	counters := make(map[string]int, len(states))
	for i, s := range states {
		name := engine.Clean(s.Reader) // a USB device can call itself anything
		names[name] = s.Reader
		counters[s.Reader] = int(s.EventState >> 16)
		readers[i] = engine.Reader{
			Name:   name,
			Card:   s.EventState&scard.StatePresent != 0,
			Mute:   s.EventState&scard.StateMute != 0,
			Shared: s.EventState&(scard.StateInuse|scard.StateExclusive) != 0,
		}
	}
	visits.update(counters)
	for i := range readers {
		readers[i].Visit = visits.of(states[i].Reader)
	}
	r.correct(turn, readers, names)
	v := view{number: number, service: true, readers: readers}
	if len(readers) == 0 {
		v.err = &engine.Error{Op: "watch readers", Kind: engine.NoReaders, Err: errNoReaders}
	}
	r.publish(v)
}

// correct takes our own sessions out of Shared, which pcscd counts like those
// of any program. When one was opened or closed since the look began, who it
// saw is not known, and the last answer stands.
func (r *Readers) correct(turn int, readers []engine.Reader, names map[string]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pcscd = names
	for i, now := range readers {
		switch {
		case r.sessions[names[now.Name]] > 0:
			readers[i].Shared = false
		case r.turns != turn:
			readers[i].Shared = slices.ContainsFunc(r.seen.readers, func(was engine.Reader) bool {
				return was.Name == now.Name && was.Visit == now.Visit && was.Shared
			})
		}
	}
}

// begin numbers the next look.
func (r *Readers) begin() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun++
	return r.begun
}

// publish tells everybody who waits what a look saw, and the log what is new.
func (r *Readers) publish(v view) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case v.service && !r.seen.service:
		r.log.Info("smart card service answers", "readers", v.readers)
	case !v.service && (r.seen.service || r.seen.number == 0):
		r.log.Warn("smart card service away", "cause", v.err)
	case !slices.Equal(v.readers, r.seen.readers):
		r.log.Debug("readers changed", "readers", v.readers)
	}
	r.seen = v
	close(r.news)
	r.news = make(chan struct{})
}

// pause waits until it is time to look for the service again.
func (r *Readers) pause(why engine.Kind) {
	again := retryAway
	if why == engine.ReadersForbidden {
		again = retryForbidden
	}
	timer := time.NewTimer(again)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.kick:
	case <-r.stop:
	}
}

// hurry ends a pause, or the next one.
func (r *Readers) hurry() {
	select {
	case r.kick <- struct{}{}:
	default: // it will hurry already
	}
}

func (r *Readers) stopping() bool {
	select {
	case <-r.stop:
		return true
	default:
		return false
	}
}

func (r *Readers) hold(pcscd *scard.Context) {
	r.contexts.Lock()
	defer r.contexts.Unlock()
	r.context = pcscd
}

func (r *Readers) release() {
	r.contexts.Lock()
	defer r.contexts.Unlock()
	_ = r.context.Release() // pcscd may be gone
	r.context = nil
}

// wakeToStop wakes the watch when it is to stop: releasing its context would
// not do it.
func (r *Readers) wakeToStop() {
	defer r.owned.Done()
	<-r.stop
	tick := time.NewTicker(retryCancel)
	defer tick.Stop()
	for {
		r.contexts.Lock()
		if r.context != nil {
			_ = r.context.Cancel() // pcscd may be gone
		}
		r.contexts.Unlock()
		select {
		case <-r.watched:
			return
		case <-tick.C:
		}
	}
}
