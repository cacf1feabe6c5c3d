package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"cardkiosk/engine/walk"
	"cardkiosk/ui/plain"
)

var _ plain.Input = (*lineInput)(nil)

// lineInput reads answers from a file or a terminal. It reads byte by byte and
// never ahead, so that no buffer keeps a PIN.
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
	return string(b), err
}

// Secret reads one line without showing it, where there is a terminal.
func (l *lineInput) Secret(ctx context.Context, _ walk.Stage) ([]byte, error) {
	fd := int(l.in.Fd())
	if !term.IsTerminal(fd) {
		return l.read(ctx)
	}
	b, err := term.ReadPassword(fd)
	_, _ = fmt.Fprintln(l.out)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read PIN: %w", err)
	}
	return b, err
}

// read reads up to the end of a line. What comes beyond the longest answer is
// dropped.
func (l *lineInput) read(ctx context.Context) ([]byte, error) {
	line := make([]byte, 0, longest)
	for one := make([]byte, 1); ; {
		if err := ctx.Err(); err != nil {
			clear(line)
			return nil, io.EOF
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
