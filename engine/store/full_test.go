package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// noteUntilFull writes large notes until the store refuses one, and returns how
// many it took.
func noteUntilFull(ctx context.Context, s *store.Store, l engine.Lease) (int, error) {
	for n := 0; ; n++ {
		large := note(n, engine.Done)
		large.Data.Certificate = bytes.Repeat([]byte{byte(n)}, 3000)
		if err := s.Note(ctx, "r1", l, []engine.Note{large}, "", nil); err != nil {
			return n, err
		}
	}
}

// When the disk is full, a note is refused as StoreFull and is not in the
// journal; those before it are, and once there is room the run goes on under
// the same fence.
func TestStoreFull(t *testing.T) {
	s := open(t, newPath(t))
	r := run("r1", "c1")
	l := begin(t, s, r, "north")
	must(t, s.FillUp(t.Context()))
	n, err := noteUntilFull(t.Context(), s, l)
	wants(t, err, engine.StoreFull)
	runs, err := s.Runs(t.Context(), "c1")
	must(t, err)
	if len(runs[0].Notes) != n {
		t.Errorf("%d notes were taken, the journal has %d", n, len(runs[0].Notes))
	}
	full := outcome(r, 0)
	full.Audit.Detail = strings.Repeat("long ", 20000)
	wants(t, s.Record(t.Context(), "r1", l, full), engine.StoreFull)
	if _, ok, err := s.Card(t.Context(), "c1"); ok || err != nil {
		t.Errorf("half an outcome was recorded: %v, %v", ok, err)
	}

	must(t, s.MakeRoom(t.Context()))
	must(t, s.Note(t.Context(), "r1", l, []engine.Note{note(n, engine.Begun)}, "", nil))
	must(t, s.Record(t.Context(), "r1", l, full))
}

// deedFull: the process fills a small disk of its own and reports in words what
// is wrong; nothing when all is well.
const deedFull = "full"

// The same on a disk that really is full: when a note is written, when a store
// is opened and when it is made.
func TestDiskFull(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDeed+"="+deedFull, "FOLDER="+t.TempDir())
	// A small disk needs a mount, and a mount a namespace; who is not root needs
	// one more, which not every system allows.
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		}
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.ENOSPC) {
		if os.Getenv("CI") != "" {
			t.Fatalf("this system does not allow user namespaces: %v", err)
		}
		t.Skipf("this system does not allow user namespaces: %v", err)
	}
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func fillDisk() int {
	if err := onFullDisk(context.Background(), os.Getenv("FOLDER")); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

func onFullDisk(ctx context.Context, folder string) error {
	if err := syscall.Mount("none", folder, "tmpfs", 0, "size=3m"); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	path, spare, filler := filepath.Join(folder, "kiosk.db"), filepath.Join(folder, "spare"), filepath.Join(folder, "filler")
	if err := errors.Join(beginThere(ctx, path), os.WriteFile(spare, make([]byte, 1<<20), 0o600), fillRest(filler)); err != nil {
		return err
	}
	for _, p := range []string{path, filepath.Join(folder, "new.db")} {
		if err := openOnFullDisk(ctx, p); !engine.Is(err, engine.StoreFull) {
			return fmt.Errorf("open %s on the full disk: %w", p, err)
		}
	}
	if err := os.Remove(filler); err != nil {
		return err
	}
	n, err := noteOnFullDisk(ctx, path)
	if err != nil {
		return err
	}
	if err := os.Remove(spare); err != nil {
		return err
	}
	return goOn(ctx, path, n)
}

func beginThere(ctx context.Context, path string) error {
	s, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return err
	}
	_, err = s.Begin(ctx, run("r1", "c1"), lease("north", 0))
	return errors.Join(err, s.Close())
}

// noteOnFullDisk writes notes until the disk is full, and returns how many were
// taken.
func noteOnFullDisk(ctx context.Context, path string) (int, error) {
	s, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return 0, err
	}
	n, err := noteUntilFull(ctx, s, lease("north", 1))
	if !engine.Is(err, engine.StoreFull) || n == 0 {
		return 0, fmt.Errorf("%d notes on the full disk, then: %w", n, err)
	}
	return n, s.Close()
}

// fillRest takes what is left of the disk.
func fillRest(name string) error {
	f, err := os.Create(name)
	for err == nil {
		_, err = f.Write(make([]byte, 512))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	return f.Close()
}

func openOnFullDisk(ctx context.Context, path string) error {
	s, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return err
	}
	return errors.Join(errors.New("it was opened"), s.Close())
}

// goOn finds n notes in the journal and writes one more.
func goOn(ctx context.Context, path string, n int) error {
	s, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return fmt.Errorf("open with room again: %w", err)
	}
	r, err := s.Take(ctx, "r1", lease("north", 0))
	if err == nil && len(r.Notes) != n {
		err = fmt.Errorf("%d notes were taken, the journal has %d", n, len(r.Notes))
	}
	if err == nil {
		err = s.Note(ctx, "r1", lease("north", r.Fence), []engine.Note{note(n, engine.Begun)}, "", nil)
	}
	return errors.Join(err, s.Close())
}
