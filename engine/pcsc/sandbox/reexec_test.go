//go:build linux

package sandbox

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// start starts this program to play a part, and reads what it says.
func start(t *testing.T, play string, args ...string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	need(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = environment(play)
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	// A session of its own: no terminal.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewReader(said)
}

// ends waits until a program has ended, and returns its exit code and what else
// it said.
func ends(t *testing.T, cmd *exec.Cmd, said io.Reader) (int, string) {
	t.Helper()
	rest, err := io.ReadAll(said)
	if err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its exit code says it
	return cmd.ProcessState.ExitCode(), string(rest)
}

// says fails the test unless a program's next line is this.
func says(t *testing.T, said *bufio.Reader, want string) {
	t.Helper()
	line, err := said.ReadString('\n')
	if got := strings.TrimSpace(line); err != nil || got != want {
		t.Fatalf("it says %q (%v), want %q", got, err, want)
	}
}

// The exit code comes out, and a signal that ended the program as the shell
// counts it.
func TestExitCode(t *testing.T) {
	for deed, want := range map[string]int{"exit": 7, "die": 128 + int(syscall.SIGKILL)} {
		cmd, said := start(t, asOuter, deed)
		if code, rest := ends(t, cmd, said); code != want {
			t.Errorf("%s: exit code %d, want %d; it said %q", deed, code, want, rest)
		}
	}
}

// Signals sent to the program outside reach the one inside.
func TestSignals(t *testing.T) {
	cmd, said := start(t, asOuter, "signals")
	says(t, said, "ready")
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM} {
		if err := cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		says(t, said, "got "+s.String())
	}
	if code, rest := ends(t, cmd, said); code != 3 || rest != "" {
		t.Errorf("exit code %d, it said %q", code, rest)
	}
}

// The terminal inside is the one outside, and a Ctrl-C typed there comes once.
func TestTerminal(t *testing.T) {
	need(t)
	master, terminal := openTerminal(t)
	cmd := exec.Command(os.Args[0], "signals")
	cmd.Env = environment(asOuter)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it has ended, unless the test failed
	_ = terminal.Close()
	said := bufio.NewReader(master)
	says(t, said, "ready")
	if _, err := master.Write([]byte{'C' & 0x1f}); err != nil {
		t.Fatal(err)
	}
	says(t, said, "^Cgot interrupt") // the terminal echoes
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	says(t, said, "got terminated") // and no second interrupt before
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
}

// openTerminal makes a pseudo-terminal, pty(7).
func openTerminal(t *testing.T) (master, terminal *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, terminal
}

// Outside a sandbox pcscd is never started, and a test that wants it is
// skipped, but fails with CI set.
func TestOutside(t *testing.T) {
	cmd, said := start(t, asOutsider)
	if code, rest := ends(t, cmd, said); code != 0 {
		t.Error(rest)
	}
}
