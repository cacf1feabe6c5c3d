//go:build linux

package sandbox

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"testing"
	"time"
)

// patience bounds what must happen soon; nothing waits for it to pass.
const patience = 20 * time.Second

// part says which part of a test this program plays, besides running tests.
const part = "SANDBOX_TEST_PART"

// The parts.
const (
	asOuter    = "outer"    // enters a sandbox, with its arguments, to play asInner
	asInner    = "inner"    // does what its first argument says
	asOutsider = "outsider" // tries what can only be done inside
)

func TestMain(m *testing.M) {
	switch os.Getenv(part) {
	case asOuter:
		os.Exit(outer())
	case asInner:
		os.Exit(inner(os.Args[1]))
	case asOutsider:
		os.Exit(outsider())
	}
	os.Exit(Tests(m))
}

func outer() int {
	code, err := Reexec(os.Args[1:], append(os.Environ(), part+"="+asInner))
	if err != nil {
		fmt.Println(err)
		return 99
	}
	return code
}

// inner says "ready" when it is, and what it got.
func inner(deed string) int {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT)
	switch deed {
	case "exit":
		return 7
	case "die":
		signal.Reset()
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "signals": // until SIGTERM
		fmt.Println("ready")
		for s := range signals {
			fmt.Println("got", s)
			if s == syscall.SIGTERM {
				return 3
			}
		}
	case "pcscd": // until it is killed
		d, err := Start(context.Background(), 2)
		if err != nil {
			fmt.Println(err)
			return 98
		}
		fmt.Println(d.cmd.Process.Pid)
		select {}
	}
	return 97
}

// outsider returns 0 when everything was refused as it should be.
func outsider() int {
	if Inside() {
		fmt.Println("we are inside")
		return 1
	}
	if _, err := Start(context.Background(), 2); err == nil {
		fmt.Println("pcscd started on the machine itself")
		return 1
	}
	_ = os.Unsetenv("CI")
	here := &verdict{}
	here.of(func() { Pcscd(here, 2) })
	_ = os.Setenv("CI", "true")
	ci := &verdict{}
	ci.of(func() { Pcscd(ci, 2) })
	if !here.skipped || here.failed || ci.skipped || !ci.failed {
		fmt.Printf("a test is skipped %v, with CI set it fails %v\n", here.skipped, ci.failed)
		return 1
	}
	return 0
}

// verdict stands for a test, and keeps what became of it.
type verdict struct{ skipped, failed bool }

func (*verdict) Helper()                  {}
func (*verdict) Context() context.Context { return context.Background() }
func (*verdict) Cleanup(func())           {}

func (v *verdict) Skipf(string, ...any)  { v.skipped = true; panic(v) }
func (v *verdict) Fatalf(string, ...any) { v.failed = true; panic(v) }

// of runs a test.
func (v *verdict) of(test func()) {
	defer func() {
		if p := recover(); p != nil && p != any(v) {
			panic(p)
		}
	}()
	test()
}

// environment is ours for a program that plays a part. It is not told that it
// is in a sandbox.
func environment(play string) []string {
	env := slices.DeleteFunc(os.Environ(), func(s string) bool {
		return len(s) > len(outside) && s[:len(outside)+1] == outside+"="
	})
	return append(env, part+"="+play)
}
