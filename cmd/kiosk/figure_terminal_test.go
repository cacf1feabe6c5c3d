package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// console is a pseudo-terminal with a program on it, and with somebody who
// looks at the screen and presses keys. It is read only while something is
// awaited.
type console struct {
	b       testing.TB
	keys    *os.File // the side of the keyboard
	program *exec.Cmd
	screen  *screen
	started time.Time
	gone    chan struct{}
	came    []byte // all that the program has written
}

// onTerminal starts a program on a terminal of 256 colours, which has every sign.
func onTerminal(b testing.TB, of size, program string, args ...string) *console {
	b.Helper()
	return onTerminalOf(b, "xterm-256color", of, program, args...)
}

// onTerminalOf starts a program on a terminal of this kind, as sshd names it.
func onTerminalOf(b testing.TB, kind string, of size, program string, args ...string) *console {
	b.Helper()
	keyboard, other := openConsole(b, of)
	t := &console{b: b, keys: keyboard, gone: make(chan struct{})}
	t.screen = newScreen(of, t.press)
	t.program = exec.Command(program, args...)
	t.program.Stdin, t.program.Stdout, t.program.Stderr = other, other, other
	t.program.Env = append(os.Environ(), "TERM="+kind, "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "COLORTERM=", "TMUX=")
	t.program.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	t.started = time.Now()
	if err := t.program.Start(); err != nil {
		b.Fatal(err)
	}
	_ = other.Close()
	go func() { _ = t.program.Wait(); close(t.gone) }()
	return t
}

// openConsole opens both sides of a pseudo-terminal (pty(7)).
func openConsole(b testing.TB, of size) (keyboard, program *os.File) {
	b.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = keyboard.Close() })
	raw, err := keyboard.SyscallConn()
	if err != nil {
		b.Fatal(err)
	}
	number := 0
	cerr := raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err != nil {
			return
		}
		if number, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN); err != nil {
			return
		}
		err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: uint16(of.height), Col: uint16(of.width)})
	})
	if err = errors.Join(cerr, err); err != nil {
		b.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		b.Fatal(err)
	}
	return keyboard, program
}

// press sends what keys send.
func (t *console) press(keys string) {
	if _, err := t.keys.WriteString(keys); err != nil {
		t.b.Fatal(err)
	}
}

// patient is how long a figure waits for a frame.
const patient = time.Minute

// await reads until the screen is as wanted, at the end of a frame, and
// returns when that was.
func (t *console) await(what string, is func(*screen) bool) time.Time {
	t.b.Helper()
	if err := t.keys.SetReadDeadline(time.Now().Add(patient)); err != nil {
		t.b.Fatal(err)
	}
	at, buf := time.Now(), make([]byte, 64<<10)
	for t.screen.drawing || !is(t.screen) {
		n, err := t.keys.Read(buf)
		at = time.Now()
		_, _ = t.screen.Write(buf[:n])
		t.came = append(t.came, buf[:n]...)
		switch {
		case err != nil:
			t.b.Fatalf("never saw %s: %v; the screen shows\n%s", what, err, t.screen.text())
		case len(t.screen.unknown) > 0:
			t.b.Fatalf("this terminal does not know %q", t.screen.unknown)
		}
	}
	return at
}

// sees waits until the screen shows a text.
func (t *console) sees(text string) time.Time {
	t.b.Helper()
	return t.await(fmt.Sprintf("%q", text), func(s *screen) bool { return strings.Contains(s.text(), text) })
}

// leave ends the program and waits until it has ended.
func (t *console) leave() {
	_ = t.keys.SetReadDeadline(time.Time{})
	_ = t.program.Process.Signal(syscall.SIGTERM)
	go func() { // it may have something to say to the end
		for buf := make([]byte, 4<<10); ; {
			if _, err := t.keys.Read(buf); err != nil {
				return
			}
		}
	}()
	select {
	case <-t.gone:
	case <-time.After(patient):
		_ = t.program.Process.Kill()
		t.b.Fatal("the program does not end")
	}
	_ = t.keys.Close()
}

// built builds a program of this module, with these settings in the
// environment.
func built(b testing.TB, what string, settings ...string) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), filepath.Base(what))
	build := exec.Command("go", "build", "-trimpath", "-o", program, what)
	build.Env = append(os.Environ(), settings...)
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build %s: %v\n%s", what, err, out)
	}
	return program
}
