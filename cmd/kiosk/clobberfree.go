package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
)

// overwriteFreed starts the program anew with a runtime that overwrites memory
// when it is freed, unless it runs so already. Libraries make copies of
// passwords, and of keys that were typed, which nobody can reach; this way
// they last no longer than the next garbage collection. Where that is not to
// be had, the program goes on without.
func overwriteFreed(args []string) {
	const setting = "clobberfree=1" // runtime, "Environment Variables"
	old := os.Getenv("GODEBUG")
	if runtime.GOOS != "linux" || strings.Contains(old, "clobberfree") {
		return
	}
	if old != "" {
		old += ","
	}
	self, err := os.Executable()
	if err != nil {
		return
	}
	env := append(os.Environ(), "GODEBUG="+old+setting) // the last one counts
	_ = syscall.Exec(self, args, env)                   //nolint:gosec // ourselves, with our own arguments
}

// forget collects garbage until nothing freed is left anywhere: pools let go of
// their buffers at the second collection.
func forget() {
	for range 3 {
		runtime.GC()
	}
	debug.FreeOSMemory()
}

// mostMemory is from where on garbage is collected at once, not when there is as
// much of it as of memory in use: a kiosk shares a small machine with others,
// and its own file takes 22 MB besides. Memory in use is never refused.
const mostMemory = 36 << 20
