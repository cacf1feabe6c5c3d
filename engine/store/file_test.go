package store_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

func asError(err error, e **engine.Error) bool { return errors.As(err, e) }

// A store has names and addresses in it: only its owner may read its files, and
// strange characters in the path are just characters.
func TestFileIsItsOwnersOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kiosk ?#%41&mode=ro.db")
	s := open(t, path)
	begin(t, s, run("r1", "c1"), "north")
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		must(t, err)
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("%s has mode %o", name, got)
		}
	}
}

// What Open promises of durability stands in two settings; every connection
// that writes has them.
func TestDurabilitySettings(t *testing.T) {
	s := open(t, newPath(t))
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		must(t, s.Raw().QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
		if got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
}

// A store can be closed and opened again and is as it was.
func TestReopen(t *testing.T) {
	path := newPath(t)
	s, err := store.Open(t.Context(), path, store.Options{})
	must(t, err)
	begin(t, s, run("r1", "c1"), "north")
	must(t, s.Close())
	runs, err := open(t, path).Runs(t.Context(), "c1")
	must(t, err)
	if len(runs) != 1 || runs[0].ID != "r1" {
		t.Fatalf("runs are %v", runs)
	}
}

// Many kiosks that start at once on a file that is not there yet all get a
// store, and it is one.
func TestManyOpenAtOnce(t *testing.T) {
	path := newPath(t)
	results := make(chan error)
	const many = 8
	for range many {
		go func() {
			s, err := store.Open(context.Background(), path, store.Options{})
			if err == nil {
				err = errors.Join(s.Write(context.Background(), auditRow("c1", "", "done")), s.Close())
			}
			results <- err
		}()
	}
	for range many {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if n := count(t, open(t, path), `SELECT COUNT(*) FROM audit`); n != many {
		t.Errorf("%d audit rows, want %d", n, many)
	}
}

// Where there can be no store, Open says so, with the path.
func TestCannotOpen(t *testing.T) {
	folder := t.TempDir()
	for name, path := range map[string]string{
		"no folder": filepath.Join(folder, "absent", "kiosk.db"),
		"a folder":  folder,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := store.Open(t.Context(), path, store.Options{})
			says(t, wants(t, err, engine.StoreTrouble), path)
		})
	}
}

// A file that is not a store is refused and left alone.
func TestNotAStore(t *testing.T) {
	path := newPath(t)
	words := []byte("Dear diary, this is not a database, but it is longer than a page header of one hundred bytes would be.")
	must(t, os.WriteFile(path, words, 0o600))
	_, err := store.Open(t.Context(), path, store.Options{})
	wants(t, err, engine.StoreTrouble)
	same(t, path, words)
}

// A damaged file is trouble, not a panic and not an empty store.
func TestDamaged(t *testing.T) {
	path := newPath(t)
	s, err := store.Open(t.Context(), path, store.Options{})
	must(t, err)
	for i := range 50 {
		must(t, s.Assign(t.Context(), record(engine.CardID(rune('A'+i)), jana), auditRow("", "", "done")))
	}
	must(t, s.Close())
	whole, err := os.ReadFile(path)
	must(t, err)
	for i := 4096; i < len(whole); i++ { // all but the first page
		whole[i] = 0xa5
	}
	must(t, os.WriteFile(path, whole, 0o600))
	s, err = store.Open(t.Context(), path, store.Options{})
	if err == nil {
		_, _, err = s.Card(t.Context(), "A")
		must(t, s.Close())
	}
	wants(t, err, engine.StoreTrouble)
}

// Tables that a newer program made are refused in words, and not touched.
func TestNewerTables(t *testing.T) {
	path := newPath(t)
	s, err := store.Open(t.Context(), path, store.Options{})
	must(t, err)
	_, err = s.Raw().ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
	must(t, err)
	must(t, s.Close())
	before, err := os.ReadFile(path)
	must(t, err)
	_, err = store.Open(t.Context(), path, store.Options{})
	says(t, wants(t, err, engine.StoreTrouble), "9999", "use the newer program")
	same(t, path, before)
}

func same(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	must(t, err)
	if string(got) != string(want) {
		t.Errorf("%s was changed", path)
	}
}

// hold takes the file's write lock, as a program that hangs would, until the
// function it returns is called.
func hold(t *testing.T, path string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
	must(t, err)
	tx, err := db.BeginTx(t.Context(), nil)
	must(t, err)
	return func() {
		must(t, tx.Rollback())
		must(t, db.Close())
	}
}

// A file that another program keeps locked is trouble after the time one is
// willing to wait, and reading goes on meanwhile.
func TestLockedTooLong(t *testing.T) {
	path := newPath(t)
	s, err := store.Open(t.Context(), path, store.Options{Patience: 20 * time.Millisecond})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	l := begin(t, s, run("r1", "c1"), "north")
	release := hold(t, path)
	err = s.Note(t.Context(), "r1", l, []engine.Note{note(0, engine.Begun)}, "", nil)
	says(t, wants(t, err, engine.StoreTrouble), "locked", path)
	_, err = s.Runs(t.Context(), "c1")
	must(t, err)
	release()
	must(t, s.Note(t.Context(), "r1", l, []engine.Note{note(0, engine.Begun)}, "", nil))
}

// Nobody waits for a lock longer than their context lasts.
func TestWaitEndsWithContext(t *testing.T) {
	path := newPath(t)
	s, err := store.Open(t.Context(), path, store.Options{Patience: time.Hour})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	defer hold(t, path)()
	soon, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	wants(t, s.Write(soon, auditRow("c1", "", "done")), engine.StoreTrouble)
	gone, leave := context.WithCancel(t.Context())
	leave()
	wants(t, s.Write(gone, auditRow("c1", "", "done")), engine.Stopped)
}
