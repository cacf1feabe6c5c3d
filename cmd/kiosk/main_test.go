package main

import (
	"os"
	"testing"
	"time"

	"cardkiosk/engine/pcsc/sandbox"
)

// The stories run in namespaces of their own, where a pcscd can be started
// without being in anybody's way.
func TestMain(m *testing.M) {
	time.Local = time.UTC // frames on file show times
	os.Exit(sandbox.Tests(m))
}
