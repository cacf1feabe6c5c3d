package ldap

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// After a sign-in the password is nowhere in memory, where a core dump would
// show it. The same look finds a copy that is planted.
func TestPasswordIsWiped(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc/self/mem")
	}
	s := newSlapd(t)
	s.kill()
	dn := "cn=secret,dc=corp,dc=example"
	shell := exec.Command("sh", "-c", `tr -dc a-z </dev/urandom | head -c 20 >password
		tr a-z n-za-m <password >masked
		cat head.ldif password >secret.ldif`)
	shell.Dir = s.dir
	s.file("head.ldif", fmt.Sprintf("dn: %s\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\nuserPassword: ", dn))
	if out, err := shell.CombinedOutput(); err != nil {
		t.Fatalf("draw password: %v\n%s", err, out)
	}
	masked, err := os.ReadFile(s.path("masked"))
	if err != nil || len(masked) != 20 {
		t.Fatalf("password of %d letters: %v", len(masked), err)
	}
	if out, err := exec.Command("slapadd", "-q", "-f", s.path("slapd.conf"), "-l", s.path("secret.ldif")).CombinedOutput(); err != nil {
		t.Fatalf("slapadd: %v\n%s", err, out)
	}
	s.start()
	cfg := s.config()
	cfg.BindDN = dn
	if got := found(t, open(t, cfg), "user0042"); len(got) != 1 {
		t.Fatalf("found %q", got)
	}
	if n := copies(t, masked); n != 0 {
		t.Errorf("%d copies are in memory", n)
	}
	planted := bytes.Map(rot13, masked)
	if copies(t, masked) == 0 {
		t.Error("a planted copy was not found")
	}
	runtime.KeepAlive(planted)
}

// rot13 masks a small letter, and unmasks it. The test knows the password only
// masked: what it held itself it could not search for.
func rot13(letter rune) rune { return 'a' + (letter-'a'+13)%26 }

// copies counts where a masked secret stands unmasked in what a core dump would
// hold.
func copies(t *testing.T, masked []byte) (n int) {
	t.Helper()
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	defer maps.Close()
	mem, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	const most = 1 << 30 // the race detector's shadow is terabytes
	for line := bufio.NewScanner(maps); line.Scan(); {
		var from, to uint64
		if _, err := fmt.Sscanf(line.Text(), "%x-%x", &from, &to); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(line.Text(), " rw-p ") && to-from <= most {
			n += countIn(masked, io.NewSectionReader(mem, int64(from), int64(to-from)))
		}
	}
	return n
}

// countIn counts the secret in a piece of memory; what cannot be read ends it.
func countIn(masked []byte, piece *io.SectionReader) (n int) {
	window := make([]byte, 1<<20)
	for at := int64(0); at < piece.Size(); at += int64(len(window) - len(masked) + 1) {
		got, err := piece.ReadAt(window, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return n
		}
		n += count(masked, window[:got])
	}
	return n
}

// count counts the secret in memory, without ever putting it together.
func count(masked, memory []byte) (n int) {
	for {
		at := bytes.IndexByte(memory, byte(rot13(rune(masked[0]))))
		if at < 0 || len(memory)-at < len(masked) {
			return n
		}
		same := 0
		for same < len(masked) && rune(memory[at+same]) == rot13(rune(masked[same])) {
			same++
		}
		if same == len(masked) {
			n++
		}
		memory = memory[at+1:]
	}
}
