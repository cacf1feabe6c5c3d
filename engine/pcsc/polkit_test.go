//go:build cgo

package pcsc_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/pcsc/sandbox"
)

// The commands of pcsc-lite's protocol at which pcscd asks polkit. When polkit
// says no, pcscd closes the connection without an answer. (Debian's pcscd is
// built without polkit.)
const (
	commandVersion = 0x11 // the first that a client sends: access_pcsc
	commandConnect = 0x04 // access_card
)

// forbids fails the test unless polkit's action is named.
func forbids(t *testing.T, err error, action string) {
	t.Helper()
	isKind(t, err, engine.ReadersForbidden)
	var e *engine.Error
	if errors.As(err, &e); e.Subject != action {
		t.Errorf("got subject %q, want %q", e.Subject, action)
	}
}

// Whoever polkit keeps from the service is told which action a rule has to
// allow, and not that the service is away.
func TestServiceForbidden(t *testing.T) {
	daemon := sandbox.Pcscd(t, 2)
	(&between{refuse: func(c uint32) bool { return c == commandVersion }}).stand(t)
	readers := watch(t)
	_, err := readers.List(soon(t))
	forbids(t, err, "org.debian.pcsc-lite.access_pcsc")
	_, err = readers.Open(soon(t), daemon.Readers[0].Name)
	forbids(t, err, "org.debian.pcsc-lite.access_pcsc")
}

// Whoever may speak to the service but not open cards is told so too.
func TestCardForbidden(t *testing.T) {
	daemon := sandbox.Pcscd(t, 2)
	(&between{refuse: func(c uint32) bool { return c == commandConnect }}).stand(t)
	readers := watch(t)
	insert(t, readers, daemon, &virtualCard{})
	_, err := readers.Open(soon(t), daemon.Readers[0].Name)
	forbids(t, err, "org.debian.pcsc-lite.access_card")
}

// A pcscd that breaks off only once, because it was stopped just then, forbids
// nothing.
func TestBrokenOff(t *testing.T) {
	sandbox.Pcscd(t, 2)
	var knocked atomic.Bool
	(&between{refuse: func(uint32) bool { return !knocked.Swap(true) }}).stand(t)
	now, err := watch(t).List(soon(t))
	must(t, err)
	if len(now) != 2 {
		t.Errorf("got readers %v", now)
	}
}
