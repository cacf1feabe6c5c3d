//go:build cgo

package pcsc_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/ebfe/scard"
	"go.uber.org/goleak"

	"cardkiosk/engine"
	"cardkiosk/engine/pcsc"
	"cardkiosk/engine/pcsc/sandbox"
)

// patience bounds what must happen soon; nothing waits for it to pass.
const patience = 20 * time.Second

func TestMain(m *testing.M) { os.Exit(sandbox.Tests(m)) }

// start gives a test a pcscd with two readers, and a watch of them that is
// closed, with nothing left behind, when the test ends.
func start(t testing.TB) (*pcsc.Readers, *sandbox.Daemon) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	daemon := sandbox.Pcscd(t, 2)
	return watch(t), daemon
}

// watch watches the readers until the test ends.
func watch(t testing.TB) *pcsc.Readers {
	t.Helper()
	readers := pcsc.New(slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		if err := readers.Close(); err != nil {
			t.Errorf("close readers: %v", err)
		}
	})
	return readers
}

// soon is a context for what must happen soon.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// until waits until the readers are as wanted.
func until(t testing.TB, r *pcsc.Readers, wanted func([]engine.Reader) bool) []engine.Reader {
	t.Helper()
	ctx := soon(t)
	now, err := r.List(ctx)
	for err == nil && !wanted(now) {
		now, err = r.Wait(ctx, now)
	}
	if err != nil {
		t.Fatalf("wait for readers: %v", err)
	}
	return now
}

// inserted says that a card lies in the first reader.
func inserted(r []engine.Reader) bool { return r[0].Card }

// empty says that no card lies in the first reader.
func empty(r []engine.Reader) bool { return !r[0].Card }

// insert puts a card into the first reader and waits until it is seen.
func insert(t testing.TB, r *pcsc.Readers, d *sandbox.Daemon, c *virtualCard) []engine.Reader {
	t.Helper()
	c.plug(t, d.Readers[0].Addr)
	return until(t, r, inserted)
}

// open opens the card in the first reader.
func open(t testing.TB, r *pcsc.Readers, d *sandbox.Daemon) *pcsc.Session {
	t.Helper()
	s, err := r.Open(soon(t), d.Readers[0].Name)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s
}

// otherProgram has the card in the first reader open, as any program may.
func otherProgram(t testing.TB, d *sandbox.Daemon, mode scard.ShareMode) *scard.Card {
	t.Helper()
	ctx, err := scard.EstablishContext()
	if err != nil {
		t.Fatalf("other program: %v", err)
	}
	t.Cleanup(func() { _ = ctx.Release() })
	card, err := ctx.Connect(d.Readers[0].Name, mode, scard.ProtocolAny)
	if err != nil {
		t.Fatalf("other program: %v", err)
	}
	return card
}

// must fails the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// isKind fails the test unless err is trouble of this kind.
func isKind(t testing.TB, err error, kind engine.Kind) {
	t.Helper()
	var e *engine.Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("got error %v, want kind %d", err, kind)
	}
}
