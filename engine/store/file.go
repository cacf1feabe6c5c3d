package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lockFolder keeps other kiosks from opening a store in the same folder until
// unlock is called: making the file and bringing its tables up to date is for
// one at a time. The lock is on the folder because closing any descriptor of
// the file itself would drop the locks SQLite holds on it
// (https://www.sqlite.org/howtocorrupt.html, 2.2).
func lockFolder(ctx context.Context, path string, patience time.Duration) (unlock func(), err error) {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = folder.Close() }, nil // closing unlocks
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			_ = folder.Close()
			return nil, fmt.Errorf("lock folder %s: %w", folder.Name(), err)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			_ = folder.Close()
			return nil, fmt.Errorf("another program is opening a store in %s: %w", folder.Name(), ctx.Err())
		}
	}
}

// create makes an empty file that only its owner may read, unless there is one.
// SQLite gives its -wal and -shm files the same mode.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// dataSource names the file and how every connection to it behaves.
//
// synchronous=FULL: a commit is on the disk before it returns. busy_timeout:
// who finds the file locked waits so long, or until its context ends.
// _txlock=immediate, for the writer: a transaction takes the write lock when it
// begins, since one that reads first and writes later can find that it has read
// old facts, and no waiting helps it then. page_size, which only a new file
// heeds: a row of due fits into a page whole, and lies there beside others.
func dataSource(path string, patience time.Duration, more string) (string, error) {
	whole, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	u := url.URL{Scheme: "file", OmitHost: true, Path: whole}
	return fmt.Sprintf("%s?_busy_timeout=%d&_synchronous=FULL&_foreign_keys=on&_dqs=0&_error_rc=1&_pragma=page_size(8192)&%s",
		u.String(), patience.Milliseconds(), more), nil
}

// logAhead puts the file in WAL mode, which it keeps. Readers and the writer do
// not wait for each other then, and a commit is one write and one sync.
func logAhead(ctx context.Context, db *sql.DB) error {
	var mode string
	if err := db.QueryRowContext(ctx, `PRAGMA journal_mode = WAL`).Scan(&mode); err != nil {
		return fmt.Errorf("set journal mode: %w", err)
	}
	if mode != "wal" {
		return fmt.Errorf("set journal mode: the file stays in mode %q; it must lie on a local disk", mode)
	}
	return nil
}
