package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

// heldTerminal is the terminal that a supervisor holds: raw from the first visit to the
// last, so that no key makes a signal at any moment.
type heldTerminal struct {
	in, out *os.File
	before  *term.State // as it was found
	raw     *unix.Termios
}

// holdTerminal makes the terminal raw.
func holdTerminal(in, out *os.File) (*heldTerminal, error) {
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, fmt.Errorf("take the terminal: %w", err)
	}
	raw, err := unix.IoctlGetTermios(int(in.Fd()), unix.TCGETS)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("take the terminal: %w", err), term.Restore(int(in.Fd()), before))
	}
	return &heldTerminal{in, out, before, raw}, nil
}

// untouched leaves whatever a program may have left on: the other screen, modes, colours,
// a hidden cursor; and clears the screen. What the terminal remembers is cleared last:
// some terminals remember what clearing takes away.
const untouched = "\x1b[?2026l\x1b[?1049l" +
	"\x1b[?2004l\x1b[?1004l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l" +
	"\x1b[!p\x1b[0m\x1b[r\x1b(B\x1b[?25h" +
	"\x1b[H\x1b[2J\x1b[3J"

// wipe makes the terminal as if nobody had been there: nothing on it, nothing in its
// memory, and nothing typed that the next would get.
func (c *heldTerminal) wipe() error {
	err := unix.IoctlSetTermios(int(c.in.Fd()), unix.TCSETS, c.raw)
	if err == nil {
		err = unix.IoctlSetInt(int(c.in.Fd()), unix.TCFLSH, unix.TCIFLUSH)
	}
	if err == nil {
		_, err = c.out.WriteString(untouched)
	}
	if err != nil {
		return fmt.Errorf("wipe the terminal: %w", err) // it is gone
	}
	return nil
}

// say shows a sentence while there is no visit.
func (c *heldTerminal) say(s words.Sign) {
	w, h, err := term.GetSize(int(c.out.Fd()))
	if err != nil || w < 20 || h < 6 {
		return
	}
	lines := append(widget.Large(s.Large, "#", w-4, h-6), "")
	lines = append(lines, widget.Wrap(s.Small, min(w-4, 64))...)
	text := widget.ASCII(strings.Join(widget.Centred(lines, w, h), "\r\n"))
	_, _ = c.out.WriteString("\x1b[?25l" + text) // the next wipe tells whether the terminal is there
}

// giveBack leaves the terminal as it was found.
func (c *heldTerminal) giveBack() error {
	return errors.Join(c.wipe(), term.Restore(int(c.in.Fd()), c.before))
}
