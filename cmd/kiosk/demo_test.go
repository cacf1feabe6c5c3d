package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/engine/pcsc/sandbox"
	"cardkiosk/engine/words"
)

// The demo through pcscd walks its update in a sandbox of its own, and leaves
// nothing behind: no process, no folder.
func TestDemoThroughPcscd(t *testing.T) {
	needs(t, "pcscd")
	if !sandbox.Inside() {
		t.Skip("this machine does not let us make namespaces")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	folder := t.TempDir()
	cmd := exec.CommandContext(ctx, kioskProgram(t), "demo", "--pcsc")
	// Not told that it is in a sandbox already, it makes one.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "CARDKIOSK_") })
	cmd.Env = append(cmd.Env, "TMPDIR="+folder)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, &out, &errs)
	}
	for _, want := range []string{"Virtual PCD 00 00", "the certificate verifies the signature", "Letter to ada@corp.example"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// The program as `make run` builds it, without cgo, walks an update by itself
// when nobody sits at it, and ends with 0 when it has verified the card.
func TestDemoWithoutCgo(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	kiosk := filepath.Join(t.TempDir(), "kiosk")
	build := exec.CommandContext(ctx, "go", "build", "-o", kiosk, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	folder := t.TempDir()
	demo := exec.CommandContext(ctx, kiosk, "demo") // its standard input is /dev/null
	demo.Env = append(os.Environ(), "TMPDIR="+folder)
	out, err := demo.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{words.English.Result.Pending, "theo approves it", words.English.Pending.Ready, words.English.Demo.Verified, "the certificate verifies the signature", "Letter to ada@corp.example"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// late are readers that show what is in them only after a look.
type late struct {
	engine.Readers
	looks int
}

func (l *late) List(ctx context.Context) ([]engine.Reader, error) {
	all, err := l.Readers.List(ctx)
	for i := range all {
		all[i].Card = false
	}
	return all, err
}

func (l *late) Wait(ctx context.Context, known []engine.Reader) ([]engine.Reader, error) {
	l.looks++
	return l.Readers.Wait(ctx, known)
}

// The demo begins when its readers show its cards: pcscd is slow to tell.
func TestDemoAwaitsItsCards(t *testing.T) {
	virtual := demo.NewVirtualReaders(newChip(t, 1), newChip(t, 2))
	if err := virtual.Insert(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	readers := &late{Readers: virtual}
	if err := awaitCards(t.Context(), readers, virtual, 2); err != nil || readers.looks != 1 {
		t.Errorf("waited %d times, %v", readers.looks, err)
	}
}
