package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"cardkiosk/engine/walk"
	"cardkiosk/ui/plain"
)

var _ plain.Input = (*lineInput)(nil)

// lineInput reads answers from a file or a terminal. It reads byte by byte and
// never ahead, so that no buffer keeps a PIN. A question ends with its context:
// Ctrl-C is heard while an answer is waited for.
type lineInput struct {
	in  *os.File
	out io.Writer
}

// longest is more than any answer has.
const longest = 1024

// Line reads one line.
func (l *lineInput) Line(ctx context.Context, _ walk.Stage) (string, error) {
	b, err := l.read(ctx)
	defer clear(b)
	if ctx.Err() != nil {
		_, _ = fmt.Fprintln(l.out) // the line began with the question's answer, or with ^C
	}
	return string(b), err
}

// Secret reads one line without showing it, where there is a terminal.
func (l *lineInput) Secret(ctx context.Context, _ walk.Stage) ([]byte, error) {
	show, err := l.hide()
	if err != nil {
		return l.read(ctx) // no terminal: nothing is shown
	}
	b, err := l.read(ctx)
	_, _ = fmt.Fprintln(l.out)
	if err := show(); err != nil {
		clear(b)
		return nil, fmt.Errorf("let the terminal show what is typed: %w", err)
	}
	return b, err
}

// hide keeps the terminal from showing what is typed, until show is called.
func (l *lineInput) hide() (show func() error, err error) {
	fd := int(l.in.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, err
	}
	hidden := *before
	hidden.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &hidden); err != nil {
		return nil, err
	}
	return func() error { return unix.IoctlSetTermios(fd, unix.TCSETS, before) }, nil
}

// read reads up to the end of a line. What comes beyond the longest answer is
// dropped.
func (l *lineInput) read(ctx context.Context) ([]byte, error) {
	ended, end, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("wait for an answer: %w", err)
	}
	defer ended.Close() //nolint:errcheck // only waited on
	// Once only: by the context's end, or when the line is read.
	finish := context.AfterFunc(ctx, func() { _ = end.Close() })
	defer func() {
		if finish() {
			_ = end.Close()
		}
	}()
	line := make([]byte, 0, longest)
	for one := make([]byte, 1); ; {
		if err := l.await(ended); err != nil {
			clear(line)
			return nil, err
		}
		n, err := l.in.Read(one)
		switch {
		case n == 1 && one[0] == '\n':
			return line, nil
		case n == 1 && len(line) < longest:
			line = append(line, one[0])
		case errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		case err != nil:
			clear(line)
			return nil, io.EOF
		}
	}
}

// await waits for input, or for the end of everything.
func (l *lineInput) await(ended *os.File) error {
	fds := []unix.PollFd{{Fd: int32(l.in.Fd()), Events: unix.POLLIN}, {Fd: int32(ended.Fd()), Events: unix.POLLIN}}
	_, err := unix.Poll(fds, -1)
	for errors.Is(err, syscall.EINTR) {
		_, err = unix.Poll(fds, -1)
	}
	switch {
	case err != nil:
		return fmt.Errorf("wait for an answer: %w", err)
	case fds[1].Revents != 0:
		return io.EOF
	}
	return nil
}
