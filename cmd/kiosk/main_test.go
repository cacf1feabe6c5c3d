package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"cardkiosk/engine/pcsc/sandbox"
)

// The stories run in namespaces of their own, where a pcscd can be started
// without being in anybody's way.
func TestMain(m *testing.M) {
	time.Local = time.UTC                                    // frames on file show times
	for _, name := range []string{"SUDO_USER", "SUDO_UID"} { // of whoever ran the tests through sudo: they are not who calls the kiosk
		_ = os.Unsetenv(name)
	}
	code := sandbox.Tests(m)
	if build.path != "" {
		_ = os.RemoveAll(filepath.Dir(build.path))
	}
	os.Exit(code)
}
