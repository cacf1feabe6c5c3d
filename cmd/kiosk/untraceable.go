package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// keepToOneself closes the process's memory to everybody else, those too who run as
// the same account: nobody traces it, reads its memory in /proc, or gets a core dump
// of it. Starting a program undoes it, so it comes after overwriteFreed.
func keepToOneself() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("forbid core dumps: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("forbid tracing: %w", err)
	}
	return untraced()
}

// untraced makes sure that nobody was faster.
func untraced() error {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return fmt.Errorf("see whether the program is traced: %w", err)
	}
	for line := range bytes.Lines(status) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if string(name) != "TracerPid" {
			continue
		}
		if tracer, err := strconv.Atoi(string(bytes.TrimSpace(value))); err != nil || tracer != 0 {
			return errors.New("the program is traced by another: it shows nobody's card")
		}
		return nil
	}
	return errors.New("the system does not say whether the program is traced")
}

// turnDeaf ignores every signal that can be ignored but the one that ends a service
// (SIGTERM), and those by which the system and the Go runtime work.
func turnDeaf() {
	signal.Ignore(deafTo()...)
}

func deafTo() []os.Signal {
	heard := map[syscall.Signal]bool{
		unix.SIGTERM: true, unix.SIGCHLD: true, unix.SIGCONT: true, unix.SIGWINCH: true, unix.SIGURG: true, unix.SIGPROF: true,
		unix.SIGKILL: true, unix.SIGSTOP: true, // nobody can
		unix.SIGSEGV: true, unix.SIGBUS: true, unix.SIGFPE: true, unix.SIGILL: true, unix.SIGTRAP: true, // faults
		32: true, 33: true, 34: true, // the C libraries'
	}
	var all []os.Signal
	for s := syscall.Signal(1); s <= 64; s++ {
		if !heard[s] {
			all = append(all, s)
		}
	}
	return all
}
