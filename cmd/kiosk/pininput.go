package main

import (
	"io"
	"os"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// typedInput is the terminal's input. While a PIN is typed, each byte is
// followed by a control string that means nothing: Bubble Tea's decoder keeps
// what it read last in one buffer, and so never a PIN as a whole.
type typedInput struct {
	*os.File
	secret atomic.Bool
}

// hush says whether a PIN is being typed.
func (t *typedInput) hush(on bool) { t.secret.Store(on) }

// filler is an application program command (ECMA-48, 8.3.2), longer than the
// decoder's buffer is at first.
var filler = "\x1b_" + strings.Repeat(" ", 96) + "\x1b\\"

const escape = 0x1b

// Read implements io.Reader. Keys that send more than one byte begin with ESC,
// and are passed on whole.
func (t *typedInput) Read(p []byte) (int, error) {
	if !t.secret.Load() || len(p) <= len(filler) {
		return t.File.Read(p)
	}
	n, err := t.File.Read(p[:1])
	switch {
	case n == 0 || err != nil:
		return n, err
	case p[0] != escape:
		more, err := t.rest(p)
		return n + more + copy(p[n+more:], filler), err
	case t.waits():
		more, err := t.File.Read(p[n:])
		return n + more, err
	}
	return n, nil
}

// rest reads what is left of a character that has begun (RFC 3629, 3): one
// that is torn would be lost without a word.
func (t *typedInput) rest(p []byte) (int, error) {
	size := 1
	switch {
	case p[0] >= 0xf0:
		size = 4
	case p[0] >= 0xe0:
		size = 3
	case p[0] >= 0xc0:
		size = 2
	}
	return io.ReadFull(t.File, p[1:size])
}

// waits reports whether more input is there already.
func (t *typedInput) waits() bool {
	fds := []unix.PollFd{{Fd: int32(t.Fd()), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 1
}
