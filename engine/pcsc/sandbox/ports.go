//go:build linux

package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// listening returns the TCP ports on which a process waits for connections; none
// when it has ended. We do not ask by connecting: that would put a card in.
func listening(pid int) map[int]bool {
	owned := socketsOf(pid)
	ports := map[int]bool{}
	table, err := os.ReadFile("/proc/self/net/tcp")
	if err != nil {
		return ports
	}
	for line := range strings.Lines(string(table)) {
		// proc(5): sl, local address:port, remote, state (0A is LISTEN), …;
		// the inode is the tenth field.
		field := strings.Fields(line)
		if len(field) < 10 || field[3] != "0A" || !owned[field[9]] {
			continue
		}
		_, port, _ := strings.Cut(field[1], ":")
		if n, err := strconv.ParseUint(port, 16, 16); err == nil {
			ports[int(n)] = true
		}
	}
	return ports
}

// socketsOf returns the inodes of a process' open sockets.
func socketsOf(pid int) map[string]bool {
	inodes := map[string]bool{}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid)) // the pattern is sound
	for _, name := range files {
		target, err := os.Readlink(name)
		if err != nil {
			continue // closed in between
		}
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			inodes[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return inodes
}
