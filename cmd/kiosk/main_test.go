package main

import (
	"os"
	"testing"

	"cardkiosk/engine/pcsc/sandbox"
)

// The stories run in namespaces of their own, where a pcscd can be started
// without being in anybody's way.
func TestMain(m *testing.M) { os.Exit(sandbox.Tests(m)) }
