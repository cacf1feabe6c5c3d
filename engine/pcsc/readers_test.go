//go:build cgo

package pcsc_test

import (
	"bytes"
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ebfe/scard"

	"cardkiosk/engine"
	"cardkiosk/engine/pcsc/sandbox"
)

// A card put in is seen, pulled it is seen to be gone, and put in again it is
// another visit.
func TestVisits(t *testing.T) {
	readers, daemon := start(t)
	now := until(t, readers, empty)
	if len(now) != 2 || now[0].Name != daemon.Readers[0].Name || now[1].Name != daemon.Readers[1].Name {
		t.Fatalf("got readers %v, want %v", now, daemon.Readers)
	}
	card := &virtualCard{}
	first := insert(t, readers, daemon, card)
	if first[1].Card {
		t.Errorf("the card is seen in both readers")
	}
	card.pull()
	until(t, readers, empty)
	second := insert(t, readers, daemon, card)
	if second[0].Visit == first[0].Visit {
		t.Errorf("both visits have number %d", first[0].Visit)
	}
	if second[1].Visit != first[1].Visit {
		t.Errorf("the visit in the other reader went from %d to %d", first[1].Visit, second[1].Visit)
	}
}

// Whoever knows the readers from before the card was pulled and put back is told
// at once that it is another visit.
func TestVisitMissed(t *testing.T) {
	readers, daemon := start(t)
	card := &virtualCard{}
	before := insert(t, readers, daemon, card)
	card.pull()
	until(t, readers, empty)
	insert(t, readers, daemon, card)
	after, err := readers.Wait(soon(t), before)
	must(t, err)
	if !after[0].Card || after[0].Visit == before[0].Visit {
		t.Errorf("got %v after %v", after[0], before[0])
	}
}

// A reader unplugged and plugged in again while we watch is seen to go and to
// come; what lies in it then is another visit. The other reader is as before.
func TestPlugged(t *testing.T) {
	daemon := sandbox.Pcscd(t, 2)
	var unplugged atomic.Bool
	name := []byte(daemon.Readers[1].Name)
	proxy := &between{change: func(answer []byte) {
		if i := bytes.Index(answer, name); i >= 0 && unplugged.Load() {
			clear(answer[i : i+len(name)]) // pcscd's table has no name where no reader is
		}
	}}
	proxy.stand(t)
	readers := watch(t)
	(&virtualCard{}).plug(t, daemon.Readers[1].Addr)
	(&virtualCard{}).plug(t, daemon.Readers[0].Addr)
	before := until(t, readers, func(r []engine.Reader) bool { return r[0].Card && r[1].Card })

	unplugged.Store(true)
	without, err := readers.Wait(soon(t), before)
	must(t, err)
	if len(without) != 1 || without[0] != before[0] {
		t.Errorf("got readers %v, want only %v", without, before[0])
	}
	unplugged.Store(false)
	after, err := readers.Wait(soon(t), without)
	must(t, err)
	if len(after) != 2 || after[0] != before[0] || after[1].Visit == before[1].Visit {
		t.Errorf("got readers %v after %v", after, before)
	}
}

// No reader at all is an error that says so, and the first one plugged in ends
// the wait for it.
func TestNoReaders(t *testing.T) {
	daemon := sandbox.Pcscd(t, 2)
	var plugged atomic.Bool
	(&between{change: func(answer []byte) {
		for _, r := range daemon.Readers {
			if i := bytes.Index(answer, []byte(r.Name)); i >= 0 && !plugged.Load() {
				clear(answer[i : i+len(r.Name)])
			}
		}
	}}).stand(t)
	readers := watch(t)
	_, err := readers.List(soon(t))
	isKind(t, err, engine.NoReaders)
	plugged.Store(true)
	now, err := readers.Wait(soon(t), nil)
	must(t, err)
	if len(now) != 2 {
		t.Errorf("got readers %v", now)
	}
}

// A reader's name is fit for a terminal, whatever the device calls itself.
func TestReaderName(t *testing.T) {
	sandbox.Pcscd(t, 2)
	(&between{change: func(answer []byte) {
		copy(answer, bytes.ReplaceAll(answer, []byte("Virtual PCD"), []byte("Evil\x1b[2JPCD")))
	}}).stand(t)
	now, err := watch(t).List(soon(t))
	must(t, err)
	if want := "Evil\uFFFD[2JPCD 00 00"; now[0].Name != want {
		t.Errorf("got name %q, want %q", now[0].Name, want)
	}
}

// A card that does not answer is shown as mute, and opening it is CardTrouble.
func TestMute(t *testing.T) {
	readers, daemon := start(t)
	noATR := make([]byte, 34) // longer than any can be
	(&virtualCard{atr: noATR}).plug(t, daemon.Readers[0].Addr)
	now := until(t, readers, func(r []engine.Reader) bool { return r[0].Card && r[0].Mute })
	_, err := readers.Open(soon(t), now[0].Name)
	isKind(t, err, engine.CardTrouble)
}

// Shared means other programs: our own session does not count.
func TestShared(t *testing.T) {
	readers, daemon := start(t)
	insert(t, readers, daemon, &virtualCard{})
	session := open(t, readers, daemon)
	(&virtualCard{}).plug(t, daemon.Readers[1].Addr) // has the readers looked at
	if now := until(t, readers, func(r []engine.Reader) bool { return r[1].Card }); now[0].Shared {
		t.Errorf("shared with ourselves")
	}
	must(t, session.Close())
	other := otherProgram(t, daemon, scard.ShareShared)
	until(t, readers, func(r []engine.Reader) bool { return r[0].Shared })
	must(t, other.Disconnect(scard.LeaveCard))
	until(t, readers, func(r []engine.Reader) bool { return !r[0].Shared })
}

// However pcscd dies, Wait says so once, and the readers are there again as
// soon as pcscd is: with other visits, since nobody watched.
func TestRestart(t *testing.T) {
	readers, daemon := start(t)
	card := &virtualCard{}
	before := insert(t, readers, daemon, card)

	daemon.Kill()
	gone, err := readers.Wait(soon(t), before)
	isKind(t, err, engine.NoReaders)
	if len(gone) != 0 {
		t.Errorf("got readers %v with the error", gone)
	}
	_, err = readers.List(soon(t))
	isKind(t, err, engine.NoReaders)
	_, err = readers.Open(soon(t), before[0].Name)
	isKind(t, err, engine.NoReaders)

	type seen struct {
		readers []engine.Reader
		err     error
	}
	back := make(chan seen)
	ctx := soon(t)
	go func() {
		now, err := readers.Wait(ctx, nil)
		back <- seen{now, err}
	}()
	must(t, daemon.Restart(ctx))
	now, err := readers.List(ctx) // at once: pcscd is there
	must(t, err)
	if len(now) != 2 {
		t.Errorf("got readers %v", now)
	}
	if woken := <-back; woken.err != nil || len(woken.readers) != 2 {
		t.Errorf("Wait returned %v", woken)
	}
	card.pull()
	after := insert(t, readers, daemon, card)
	if after[0].Visit == before[0].Visit {
		t.Errorf("visit %d before and after the restart", after[0].Visit)
	}
	must(t, open(t, readers, daemon).Close())
}

// A call that waits ends with its context, and with the readers.
func TestWaitEnds(t *testing.T) {
	readers, _ := start(t)
	now := until(t, readers, empty)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	wait := func(ctx context.Context) {
		_, err := readers.Wait(ctx, now)
		ended <- err
	}
	go wait(ctx)
	cancel()
	isKind(t, <-ended, engine.Stopped)
	go wait(soon(t))
	begun := time.Now()
	must(t, readers.Close())
	if took := time.Since(begun); took > 900*time.Millisecond {
		t.Errorf("Close took %v: it waited for the watch to look again", took)
	}
	isKind(t, <-ended, engine.Stopped)
	_, err := readers.Open(soon(t), now[0].Name)
	isKind(t, err, engine.Stopped)
}
