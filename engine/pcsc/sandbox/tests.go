//go:build linux

package sandbox

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// Tests is a TestMain: it runs a package's tests in a sandbox, by running the
// test program there again, and returns the exit code.
//
//	func TestMain(m *testing.M) { os.Exit(sandbox.Tests(m)) }
//
// Where there can be no sandbox the tests run outside, and those that call
// Pcscd say what is missing.
func Tests(m interface{ Run() int }) int {
	if len(Missing()) > 0 {
		return m.Run()
	}
	if Inside() {
		if err := loopbackUp(); err != nil { // servers of tests that start no pcscd want it too
			fmt.Fprintln(os.Stderr, err)
		}
		return m.Run()
	}
	code, err := Reexec(os.Args[1:], os.Environ())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return m.Run()
	}
	return code
}

// TB is what Pcscd needs of a *testing.T.
type TB interface {
	Helper()
	Context() context.Context
	Cleanup(func())
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Pcscd starts pcscd with this many virtual readers for one test, and stops it
// when the test ends. Only one test at a time may do so. Where there is no
// sandbox the test is skipped, with words; with CI set in the environment it
// fails.
func Pcscd(t TB, readers int) *Daemon {
	t.Helper()
	need(t)
	d, err := Start(t.Context(), readers)
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(d.Stop)
	return d
}

// need ends a test that wants a sandbox where there is none.
func need(t TB) {
	t.Helper()
	why := unfit()
	switch {
	case why == "":
	case os.Getenv("CI") != "":
		t.Fatalf("no sandbox: %s", why)
	default:
		t.Skipf("no sandbox: %s", why)
	}
}

// unfit says why there is no sandbox here, or "".
func unfit() string {
	if missing := Missing(); len(missing) > 0 {
		return "install the packages " + strings.Join(missing, ", ")
	}
	if !Inside() {
		return "this machine does not let us make namespaces, or TestMain does not call sandbox.Tests"
	}
	return ""
}
