package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// tmuxScreen is a terminal of 80×24 with a program in it: tmux.
type tmuxScreen struct {
	t      *testing.T
	socket string
	output *os.File // what the program writes, as it does
	pid    int      // of the program
}

// openTerminal starts a program in a terminal of its own. Its environment is
// the test's, and env.
func openTerminal(t *testing.T, env []string, program ...string) *tmuxScreen {
	t.Helper()
	needs(t, "tmux")
	dir := t.TempDir()
	s := &tmuxScreen{t: t, socket: filepath.Join(dir, "tmux")}
	fifo := filepath.Join(dir, "output")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	output, err := os.OpenFile(fifo, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.output = output
	s.tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24",
		"tmux -S "+s.socket+" wait-for go; exec env "+strings.Join(append(env, program...), " "))
	t.Cleanup(func() {
		_ = exec.Command("tmux", "-S", s.socket, "kill-server").Run()
		_ = output.Close()
	})
	s.tmux("set-option", "-g", "remain-on-exit", "on")
	s.tmux("pipe-pane", "-O", "cat > "+fifo)
	s.tmux("wait-for", "-S", "go")
	if s.pid, err = strconv.Atoi(strings.TrimSpace(s.tmux("display-message", "-p", "#{pane_pid}"))); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *tmuxScreen) tmux(args ...string) string {
	s.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", s.socket}, args...)...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("tmux %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}

// frame is the screen as text.
func (s *tmuxScreen) frame() string { return s.tmux("capture-pane", "-p") }

// sees waits until the screen shows all of these.
func (s *tmuxScreen) sees(texts ...string) string {
	s.t.Helper()
	if err := s.output.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		s.t.Fatal(err)
	}
	for b := make([]byte, 1<<16); ; {
		frame, missing := s.frame(), ""
		for _, text := range texts {
			if !strings.Contains(frame, text) {
				missing = text
			}
		}
		if missing == "" {
			return frame
		}
		switch _, err := s.output.Read(b); {
		case errors.Is(err, os.ErrDeadlineExceeded):
			s.t.Fatalf("never saw %q; the screen shows\n%s", missing, frame)
		case err != nil:
			s.t.Fatal(err)
		}
	}
}

// press presses keys, by tmux's names.
func (s *tmuxScreen) press(keys ...string) {
	s.t.Helper()
	s.tmux(append([]string{"send-keys"}, keys...)...)
}

// types types a text, a key at a time.
func (s *tmuxScreen) types(text string) {
	s.t.Helper()
	for _, r := range text {
		s.tmux("send-keys", "-l", string(r))
	}
}
