//go:build linux

package sandbox

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The readers asked for are there, in pairs, and nothing of the machine's own.
func TestStart(t *testing.T) {
	d := Pcscd(t, 3)
	names := make([]string, len(d.Readers))
	for i, r := range d.Readers {
		names[i] = r.Name
		card, err := net.Dial("tcp", r.Addr)
		if err != nil {
			t.Errorf("put a card into %s: %v", r.Name, err)
			continue
		}
		_ = card.Close()
	}
	want := "Virtual PCD 00 00, Virtual PCD 00 01, Virtual PCD 2 00 00, Virtual PCD 2 00 01"
	if got := strings.Join(names, ", "); got != want {
		t.Errorf("got readers %s, want %s", got, want)
	}
	for pattern, want := range map[string]int{"/run/*": 2, "/usr/lib/pcsc/drivers/*": 0} {
		if found, err := filepath.Glob(pattern); err != nil || len(found) != want {
			t.Errorf("%s: found %v (%v), want %d", pattern, found, err, want)
		}
	}
	links, err := net.Interfaces()
	if err != nil || len(links) != 1 || links[0].Flags&net.FlagUp == 0 || links[0].Flags&net.FlagLoopback == 0 {
		t.Errorf("got network %v (%v), want only loopback, up", links, err)
	}
}

// A pcscd whose port is taken runs without that reader: that is an error here.
func TestPortTaken(t *testing.T) {
	d := Pcscd(t, 2)
	d.Stop()
	other, err := net.Listen("tcp", d.Readers[0].Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	_, err = Start(t.Context(), 2)
	if err == nil || !strings.Contains(err.Error(), d.Readers[0].Name) {
		t.Fatalf("got error %v, want one that names the reader", err)
	}
	if running(t.Context()) {
		t.Errorf("a pcscd was left running")
	}
}

// There is one pcscd at a time, of no more readers than can be had.
func TestStartRefused(t *testing.T) {
	d := Pcscd(t, 1)
	if _, err := Start(t.Context(), 1); err == nil {
		t.Errorf("a second pcscd started")
	}
	d.Stop()
	for _, n := range []int{0, maxReaders + 1} {
		if _, err := Start(t.Context(), n); err == nil {
			t.Errorf("pcscd started with %d readers", n)
		}
	}
}

// A killed pcscd is dead and leaves its socket; it can be started again as
// often as wanted; a stopped one has ended.
func TestKillAndRestart(t *testing.T) {
	d := Pcscd(t, maxReaders)
	for range 3 {
		d.Kill()
		if running(t.Context()) {
			t.Fatalf("pcscd answers after it was killed")
		}
		if _, err := os.Stat(socket); err != nil {
			t.Errorf("the socket is gone: %v", err)
		}
		if err := d.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !running(t.Context()) {
			t.Fatalf("pcscd does not answer after it was started")
		}
	}
	d.Stop()
	d.Stop() // twice is once
	if running(t.Context()) {
		t.Errorf("pcscd answers after it was stopped")
	}
}

// However the program ends, its pcscd ends with it.
func TestDiesWithProgram(t *testing.T) {
	Pcscd(t, 1).Stop() // where there is no sandbox this test ends here
	cmd, said := start(t, asOuter, "pcscd")
	line, err := said.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	pcscd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(pcscd) }()
	if err := cmd.Process.Kill(); err != nil { // and with it the one inside
		t.Fatal(err)
	}
	_ = cmd.Wait()
	// A pidfd is readable when its process has ended, pidfd_open(2).
	end := []unix.PollFd{{Fd: int32(pcscd), Events: unix.POLLIN}}
	n, err := unix.Poll(end, int(patience.Milliseconds()))
	for errors.Is(err, syscall.EINTR) {
		n, err = unix.Poll(end, int(patience.Milliseconds()))
	}
	if err != nil || n != 1 {
		t.Fatalf("pcscd outlives its program (%v)", err)
	}
}

// The driver is found where its package says it is, whatever else is configured.
func TestLibpath(t *testing.T) {
	folder := t.TempDir()
	driver := filepath.Join(folder, "libifdvpcd.so")
	if err := os.WriteFile(driver, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for content, want := range map[string]string{
		"FRIENDLYNAME \"Virtual PCD\"\nLIBPATH      " + driver + "\nCHANNELID 1\n": driver,
		"LIBPATH " + driver + ".gone\n":                                            "",
		"#LIBPATH " + driver + "\n":                                                "",
		"LIBPATH /usr/lib/pcsc/drivers/serial/libccidtwin.so\n":                    "",
		"LIBPATH\n": "",
		"":          "",
	} {
		name := filepath.Join(folder, "conf")
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := libpath(name); got != want {
			t.Errorf("%q: got %q, want %q", content, got, want)
		}
	}
}
