package main

import (
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// lobbyInput is the terminal's input where anybody may type. It lets through what a
// person presses, and nothing else: no pastes, however long, and no control strings,
// which whoever decodes them would keep until they end. While a PIN is typed it does
// what typedInput does.
type lobbyInput struct {
	*os.File
	secret atomic.Bool
	guard  keyGuard
	now    func() time.Time
	last   time.Time // when something came last
	flood  bool      // more came than anybody types
}

func newLobbyInput(in *os.File) *lobbyInput { return &lobbyInput{File: in, now: time.Now} }

// hush says whether a PIN is being typed.
func (l *lobbyInput) hush(on bool) { l.secret.Store(on) }

// What a person types at once at the most, in bytes. A held key that waits for a slow
// screen comes in one piece; a PIN is typed digit by digit.
const (
	mostTyped  = 128
	mostSecret = 24
	rested     = 100 * time.Millisecond // after this a flood is over
	together   = 5 * time.Millisecond   // what comes within it is of one piece
	loneEscape = 25 * time.Millisecond  // the bytes of a key come faster
)

// Read implements io.Reader. It may return nothing.
func (l *lobbyInput) Read(p []byte) (int, error) {
	raw := make([]byte, 2*mostTyped)
	defer clear(raw)
	n, err := l.File.Read(raw)
	if err != nil {
		return 0, err
	}
	if now := l.now(); now.Sub(l.last) > rested {
		l.flood = false
		l.guard.forget()
	}
	n = l.gather(raw, n)
	l.last = l.now()
	most := mostTyped
	if l.secret.Load() {
		most = mostSecret
	}
	if l.flood = l.flood || n > most; l.flood {
		l.guard.forget()
		return 0, nil
	}
	return l.pass(p, raw[:n]), nil
}

// gather adds what comes at once after several bytes: a paste comes in pieces, and
// the first may be short.
func (l *lobbyInput) gather(raw []byte, n int) int {
	for n > 6 && n < len(raw) && l.more(together) {
		m, err := l.File.Read(raw[n:])
		if err != nil || m == 0 {
			break
		}
		n += m
	}
	return n
}

// pass writes the keys among the bytes to p.
func (l *lobbyInput) pass(p, raw []byte) int {
	written := 0
	put := func(key []byte) {
		fill := ""
		if l.secret.Load() && key[0] != escape {
			fill = filler
		}
		if written+len(key)+len(fill) <= len(p) {
			written += copy(p[written:], key)
			written += copy(p[written:], fill)
		}
	}
	for _, b := range raw {
		l.guard.take(b, put)
	}
	if l.guard.begun() && !l.more(loneEscape) {
		l.guard.rest(put)
	}
	return written
}

// more reports whether something comes within a time.
func (l *lobbyInput) more(within time.Duration) bool {
	fds := []unix.PollFd{{Fd: int32(l.Fd()), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, int(within.Milliseconds()))
	return err == nil && n == 1
}
