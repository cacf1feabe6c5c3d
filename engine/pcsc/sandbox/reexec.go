//go:build linux

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

// outside is set for the program inside, to the mount namespace of the program
// outside.
const outside = "CARDKIOSK_OUTSIDE"

// Inside reports whether this program runs in a sandbox.
func Inside() bool {
	// A variable that was only left in somebody's environment names the
	// namespace we are in, or that of no parent of ours.
	before := os.Getenv(outside)
	now, err := mountNamespace()
	return err == nil && before != "" && before != now
}

func mountNamespace() (string, error) { return os.Readlink("/proc/self/ns/mnt") }

// Reexec runs this program again, in a sandbox, with these arguments (without
// the program's name) and this environment, on our own standard input, output
// and error. It returns the program's exit code, 128 + n when signal n ended
// it. SIGTERM and SIGHUP are passed on; so are SIGINT and SIGQUIT, unless there
// is a terminal, which has sent them to both of us. An error means that the
// program was not run.
func Reexec(args, env []string) (int, error) {
	before, err := mountNamespace()
	if err != nil {
		return 0, fmt.Errorf("enter sandbox: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("enter sandbox: %w", err)
	}
	cmd := exec.CommandContext(context.Background(), self, args...) //nolint:gosec // ourselves, with our caller's arguments
	cmd.Env = append(env[:len(env):len(env)], outside+"="+before)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = namespaces()

	// Pdeathsig is sent when the thread that started the program ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT)
	if err := cmd.Start(); err != nil {
		signal.Stop(signals)
		return 0, startError(err)
	}
	passed := passOn(signals, cmd.Process, haveTerminal())
	err = cmd.Wait()
	signal.Stop(signals)
	close(signals)
	<-passed
	return exitCode(cmd, err)
}

// namespaces asks for a private mount table and network, and, when we are not
// root, for a user namespace in which we are.
func namespaces() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET,
		Pdeathsig:  syscall.SIGKILL,
	}
	if os.Geteuid() != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	return attr
}

// forbidden is what clone(2) says where namespaces are not to be had: not to
// this user, no more of them, or not with this kernel.
var forbidden = []error{syscall.EPERM, syscall.ENOSPC, syscall.EUSERS, syscall.EINVAL}

func startError(err error) error {
	for _, f := range forbidden {
		if errors.Is(err, f) {
			// The cause alone would mislead: ENOSPC is not about a disk.
			return fmt.Errorf("enter sandbox: this machine does not let us make namespaces: a container needs the capability "+
				"SYS_ADMIN, an ordinary user needs user.max_user_namespaces above 0 and no rule against unprivileged user namespaces (clone: %w)", f)
		}
	}
	return fmt.Errorf("enter sandbox: %w", err)
}

// haveTerminal reports whether a terminal controls us: it sends its signals to
// the whole process group.
func haveTerminal() bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	_ = tty.Close()
	return true
}

// passOn passes signals on until they are closed; then the answer is closed.
func passOn(signals <-chan os.Signal, to *os.Process, terminal bool) <-chan struct{} {
	passed := make(chan struct{})
	go func() {
		defer close(passed)
		for s := range signals {
			if terminal && (s == syscall.SIGINT || s == syscall.SIGQUIT) {
				continue
			}
			_ = to.Signal(s) // it may have ended by now
		}
	}()
	return passed
}

func exitCode(cmd *exec.Cmd, err error) (int, error) {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, fmt.Errorf("wait for the program in the sandbox: %w", err)
	}
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return cmd.ProcessState.ExitCode(), nil
}
