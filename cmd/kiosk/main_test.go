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
	time.Local = time.UTC // frames on file show times
	code := sandbox.Tests(m)
	if build.path != "" {
		_ = os.RemoveAll(filepath.Dir(build.path))
	}
	os.Exit(code)
}
