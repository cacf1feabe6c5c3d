//go:build cgo

package pcsc

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/ebfe/scard"

	"cardkiosk/engine"
)

// closeLimit is how long Close waits for calls that cannot be cancelled.
const closeLimit = 2 * time.Second

// Readers are the card readers of this machine, as pcscd knows them.
type Readers struct {
	log     *slog.Logger
	stop    chan struct{}  // closed by Close
	kick    chan struct{}  // has the watch look for the service at once
	watched chan struct{}  // closed when the watch has ended
	owned   sync.WaitGroup // every goroutine of ours

	mu       sync.Mutex
	closed   bool
	begun    int               // looks at the readers begun so far
	seen     view              // the latest look
	news     chan struct{}     // closed when seen is replaced
	pcscd    map[string]string // a reader's name to the one pcscd has for it
	sessions map[string]int    // open sessions of ours, by pcscd's name of the reader
	turns    int               // sessions opened and closed so far

	contexts sync.Mutex
	context  *scard.Context // the watch's, nil when there is no service
}

// view is what one look at the readers saw.
type view struct {
	number  int // the look's; 0 before the first
	readers []engine.Reader
	err     error // why there are no readers
	service bool  // pcscd answers
}

// New starts to watch the readers. That there are none, or no pcscd, is no
// error here: List says so.
func New(log *slog.Logger) *Readers {
	r := &Readers{
		log:      log,
		stop:     make(chan struct{}),
		kick:     make(chan struct{}, 1),
		watched:  make(chan struct{}),
		news:     make(chan struct{}),
		pcscd:    map[string]string{},
		sessions: map[string]int{},
	}
	r.owned.Add(2)
	go r.watch()
	go r.wakeToStop()
	return r
}

// Close ends the watch and lets go of every card; calls in progress end with
// engine.Stopped. A command that a card is still working on cannot be called
// back: after two seconds Close leaves it behind and says so. The goroutine
// that waits for it then resets the card and ends when the answer comes, or
// with the program.
func (r *Readers) Close() error {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.stop)
	}
	r.mu.Unlock()
	done := make(chan struct{})
	go func() {
		r.owned.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-time.After(closeLimit):
		return &engine.Error{Op: "close readers", Kind: engine.CardTrouble, Err: errLeft}
	}
}

// List returns the readers as they are now, in pcscd's order. Without readers
// it is an error, which says why: engine.NoReaders, also when pcscd is not
// there, or engine.ReadersForbidden.
//
// Shared is about other programs, and only known while no session of ours is
// open in the reader; it may be a second old. Visit grows with each card put in
// and taken out. It also grows when a reader is plugged in and when pcscd was
// restarted, since nobody watched then.
func (r *Readers) List(ctx context.Context) ([]engine.Reader, error) {
	r.mu.Lock()
	oldest := 1
	if r.seen.number > 0 && !r.seen.service {
		oldest = r.begun + 1 // pcscd may be back: look again, at once
		r.hurry()
	}
	r.mu.Unlock()
	return r.await(ctx, "list readers", func(v view) bool { return v.service || v.number >= oldest })
}

// Wait returns the readers as soon as they differ from known. When the last
// one goes, it returns the reason as List does; known to be empty, it waits for
// the first to come, whatever the reason.
func (r *Readers) Wait(ctx context.Context, known []engine.Reader) ([]engine.Reader, error) {
	return r.await(ctx, "watch readers", func(v view) bool {
		return v.number > 0 && !slices.Equal(v.readers, known)
	})
}

// await waits for a look that is enough.
func (r *Readers) await(ctx context.Context, op string, enough func(view) bool) ([]engine.Reader, error) {
	for {
		r.mu.Lock()
		seen, news, closed := r.seen, r.news, r.closed
		r.mu.Unlock()
		switch {
		case closed:
			return nil, &engine.Error{Op: op, Kind: engine.Stopped, Err: errClosed}
		case enough(seen):
			return seen.answer(op)
		}
		select {
		case <-news:
		case <-r.stop:
		case <-ctx.Done():
			return nil, &engine.Error{Op: op, Kind: engine.Stopped, Err: ctx.Err()}
		}
	}
}

// answer is a copy of the view for one caller.
func (v view) answer(op string) ([]engine.Reader, error) {
	var e *engine.Error
	if errors.As(v.err, &e) {
		own := *e
		own.Op = op
		return nil, &own
	}
	return slices.Clone(v.readers), v.err
}

// adopt counts a session that is about to be opened, and returns pcscd's name
// for the reader.
func (r *Readers) adopt(reader string) (name string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return "", false
	}
	name, ok = r.pcscd[reader]
	if !ok {
		name = reader // not seen yet: pcscd shall say
	}
	r.owned.Add(1)
	r.sessions[name]++
	r.turns++
	return name, true
}

// orphan is adopt's end.
func (r *Readers) orphan(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sessions[name]--
	r.turns++
	r.owned.Done()
}

// turn changes whenever a session is opened or closed.
func (r *Readers) turn() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.turns
}
