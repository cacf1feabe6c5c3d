package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
	"cardkiosk/engine/words"
	"cardkiosk/ui/plain"
)

// script answers line by line; after the last line it gives its error.
type script struct {
	lines []string
	err   error
	asked int
}

func (s *script) Line(context.Context, walk.Stage) (string, error) {
	s.asked++
	if len(s.lines) == 0 {
		return "", s.err
	}
	first := s.lines[0]
	s.lines = s.lines[1:]
	return first, nil
}

func (s *script) Secret(ctx context.Context, at walk.Stage) ([]byte, error) {
	line, err := s.Line(ctx, at)
	return []byte(line), err
}

func (l *lobby) walkPlain(t *testing.T, input plain.Input, out io.Writer) (*engine.Result, error) {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	o := newOwner(ctx, l.log)
	defer o.wait()
	defer end()
	return plain.Walk(ctx, plain.Needs{
		Desk: l.desk, Actor: l.actor, Text: l.text, Now: l.desk.Now, Out: out, Input: input, Start: o.start,
	})
}

// renewal answers every question of Ada's update.
var renewal = []string{"ada love", "1", "1", "n", "y", testPIN, "n", "y"}

// Wherever the answers end, or cannot be read, the walk ends: nobody is asked
// in vain a second time, and the card is as it was.
func TestPlainWithoutAnswers(t *testing.T) {
	l := openLobby(t)
	for n := range renewal {
		for _, cause := range []error{io.EOF, errors.New("the line is broken")} {
			input := &script{lines: renewal[:n:n], err: cause}
			var out bytes.Buffer
			result, err := l.walkPlain(t, input, &out)
			if result != nil || !errors.Is(err, cause) || input.asked != n+1 {
				t.Errorf("%d answers, then %v: asked %d times, ended with %v, %v", n, cause, input.asked, result, err)
			}
			if !strings.HasSuffix(out.String(), words.English.Plain.Left+"\n") {
				t.Errorf("%d answers, then %v: the last words are %q", n, cause, out.String()[max(out.Len()-80, 0):])
			}
		}
	}
	var out bytes.Buffer
	if result, err := l.walkPlain(t, &script{lines: renewal}, &out); err != nil || result.End != engine.Finished {
		t.Errorf("with all answers: %v\n%s", err, &out)
	}
}

// Back works at every question, also where what is typed is a PIN; "more" is
// offered only where there are more users; and nobody is told to tick what has
// no box.
func TestPlainBack(t *testing.T) {
	l := openLobby(t)
	var out bytes.Buffer
	input := &script{lines: []string{
		"ada", "b", "ada love", "1", "1", "b", // at the templates, back to the profile
		"1", "n", "y", "", // at the PIN, back to the templates
		"n", "y", testPIN, "b", "", "n", "y", testPIN, "n", "n", "q",
	}, err: io.EOF}
	if result, err := l.walkPlain(t, input, &out); err != nil || result != nil {
		t.Errorf("ended with %v, %v", result, err)
	}
	said := out.String()
	for _, never := range []string{words.English.Plain.WhichMore, "tick to", "Tick", "!"} {
		if strings.Contains(said, never) {
			t.Errorf("%q is in\n%s", never, said)
		}
	}
	if tries := l.world.Chips()[0].State().PIN.Left; tries != 3 {
		t.Errorf("the card has %d tries left", tries)
	}
}

// A terminal that knows ASCII only is told nothing else.
func TestPlainASCII(t *testing.T) {
	l := openLobby(t)
	var out bytes.Buffer
	input := &script{lines: []string{"asimecka", "1", "q"}}
	_, err := plain.Walk(t.Context(), plain.Needs{
		Desk: l.desk, Actor: l.actor, Text: &words.English, Now: l.desk.Now, Out: &out, Input: input, ASCII: true,
	})
	if err != nil || !strings.Contains(out.String(), "Adam Simecka") {
		t.Errorf("%v\n%s", err, &out)
	}
	for _, r := range out.String() {
		if r > 0x7e {
			t.Fatalf("%q went to a terminal that knows ASCII only", r)
		}
	}
}

// deaf is an output that nobody reads any more.
type deaf struct{}

func (deaf) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// Nobody is asked what they cannot read.
func TestPlainUnread(t *testing.T) {
	l := openLobby(t)
	input := &script{lines: renewal}
	if result, err := l.walkPlain(t, input, deaf{}); result != nil || err == nil || input.asked != 0 {
		t.Errorf("asked %d times, ended with %v, %v", input.asked, result, err)
	}
}

// terminal is a pseudo-terminal: what is typed into keyboard is read from screen.
func terminal(t *testing.T) (keyboard, screen *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	fd := int(keyboard.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = screen.Close() })
	return keyboard, screen
}

func echoes(t *testing.T, screen *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(screen.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// A PIN is read without being shown, and afterwards the terminal shows what is
// typed again; Ctrl-D is the end of the answers.
func TestPINIsNotShown(t *testing.T) {
	keyboard, screen := terminal(t)
	input := &lineInput{screen, io.Discard}
	show, err := input.hide()
	if err != nil || echoes(t, screen) {
		t.Fatalf("the terminal would show a PIN: %v", err)
	}
	if err := show(); err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]error{testPIN + "\n": nil, "\x04": io.EOF} {
		if _, err := keyboard.WriteString(typed); err != nil {
			t.Fatal(err)
		}
		pin, err := input.Secret(t.Context(), walk.EnterPIN)
		if string(pin) != strings.Trim(typed, "\n\x04") || !errors.Is(err, want) || !echoes(t, screen) {
			t.Errorf("typed %q, read %q, %v; what is typed next is shown: %v", typed, pin, err, echoes(t, screen))
		}
	}
}

// Ctrl-C is heard while an answer is waited for, also a hidden one.
func TestQuestionEndsWithProgram(t *testing.T) {
	_, screen := terminal(t)
	input := &lineInput{screen, io.Discard}
	for name, ask := range map[string]func(context.Context) error{
		"line":   func(ctx context.Context) error { _, err := input.Line(ctx, walk.FindUser); return err },
		"secret": func(ctx context.Context) error { _, err := input.Secret(ctx, walk.EnterPIN); return err },
	} {
		ctx, end := context.WithCancel(t.Context())
		answered := make(chan error, 1)
		go func() { answered <- ask(ctx) }()
		end()
		select {
		case err := <-answered:
			if !errors.Is(err, io.EOF) || !echoes(t, screen) {
				t.Errorf("%s: %v; what is typed next is shown: %v", name, err, echoes(t, screen))
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: the question goes on", name)
		}
	}
}
