package ui

import (
	"context"
	"fmt"
	"sync"

	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
)

// runWatch carries a run's events from whoever runs it to the screen. Telling
// never blocks; the screen takes what has come since it last looked.
type runWatch struct {
	mu     sync.Mutex
	events []engine.Event
	ended  *runEnded
	wake   chan struct{} // holds one token while there is something to take
}

type (
	// runEnded is how a run ended: with a result, or with trouble.
	runEnded struct {
		result engine.Result
		err    error
	}
	// runNews is what came of a run since the last time.
	runNews struct {
		events []engine.Event
		ended  *runEnded
	}
)

func newRunWatch() *runWatch { return &runWatch{wake: make(chan struct{}, 1)} }

func (w *runWatch) tell(e engine.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
	w.nudge()
}

func (w *runWatch) end(result engine.Result, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = &runEnded{result, err}
	w.nudge()
}

func (w *runWatch) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// listen waits for news. It ends with ctx, or with the run.
func (w *runWatch) listen(ctx context.Context) tea.Cmd {
	return func() tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case <-w.wake:
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		news := runNews{w.events, w.ended}
		w.events = nil
		return news
	}
}

// endIfPanic ends the watch when the run panicked before it had an id: the
// screen must not wait for ever. The panic goes on to whoever owns the run, and
// into the log.
func (w *runWatch) endIfPanic() {
	if cause := recover(); cause != nil {
		w.end(engine.Result{}, &engine.Error{Op: "carry out plan", Kind: engine.Broken, Effect: engine.CanContinue, Err: fmt.Errorf("panic: %v", cause)})
		panic(cause)
	}
}
