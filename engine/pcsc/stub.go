//go:build !cgo

package pcsc

import (
	"context"
	"errors"
	"log/slog"

	"cardkiosk/engine"
)

var errWithoutCgo = errors.New("this program was built without cgo, and so without PC/SC: " +
	"build it with CGO_ENABLED=1 and libpcsclite-dev")

func without(op string) error {
	return &engine.Error{Op: op, Kind: engine.NoReaders, Err: errWithoutCgo}
}

// Readers are no readers: this build has no PC/SC.
type Readers struct{}

// New returns readers whose every call says that this build has none.
func New(*slog.Logger) *Readers { return &Readers{} }

// Close does nothing.
func (*Readers) Close() error { return nil }

// List ends with engine.NoReaders.
func (*Readers) List(context.Context) ([]engine.Reader, error) { return nil, without("list readers") }

// Wait ends with engine.NoReaders when readers were known. Known to be none, it
// waits for ctx, since none will come.
func (*Readers) Wait(ctx context.Context, known []engine.Reader) ([]engine.Reader, error) {
	const op = "watch readers"
	if len(known) > 0 {
		return nil, without(op)
	}
	<-ctx.Done()
	return nil, &engine.Error{Op: op, Kind: engine.Stopped, Err: ctx.Err()}
}

// Open ends with engine.NoReaders.
func (*Readers) Open(context.Context, string) (*Session, error) { return nil, without("open card") }

// Session is never had: Open gives none.
type Session struct{}

// Extended is false.
func (*Session) Extended() bool { return false }

// T0 is false.
func (*Session) T0() bool { return false }

// Begin ends with engine.NoReaders.
func (*Session) Begin(context.Context) error { return without("begin transaction") }

// End ends with engine.NoReaders.
func (*Session) End(bool) error { return without("end transaction") }

// Transmit ends with engine.NoReaders.
func (*Session) Transmit(context.Context, []byte) ([]byte, error) {
	return nil, without("send command")
}

// Close does nothing.
func (*Session) Close() error { return nil }
