package store

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"cardkiosk/engine"
)

// trouble makes an engine.Error of what went wrong in a deed. One that the deed
// made itself is passed on.
func (s *Store) trouble(ctx context.Context, op string, err error) error {
	var known *engine.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &engine.Error{Op: op, Kind: kindOf(ctx, err), Subject: s.path, Err: err}
}

func kindOf(ctx context.Context, err error) engine.Kind {
	var e *sqlite.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return engine.Stopped
	case errors.As(err, &e):
		return kindOfCode(e.Code())
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return engine.StoreFull
	}
	return engine.StoreTrouble
}

// kindOfCode classes an extended result code
// (https://www.sqlite.org/rescode.html); its low byte is the primary one.
func kindOfCode(code int) engine.Kind {
	switch {
	case code == sqlite3.SQLITE_IOERR_SHMSIZE:
		return engine.StoreFull // no room for the -shm file, which is how a store on a full disk is opened
	case code&0xff == sqlite3.SQLITE_FULL:
		return engine.StoreFull // SQLite's word for ENOSPC while writing
	case code&0xff == sqlite3.SQLITE_CONSTRAINT:
		return engine.Broken // we wrote what the tables forbid
	}
	return engine.StoreTrouble
}

// readable tells whether JSON of a format can be read: every format up to our
// own can.
func readable(what string, format, newest int) error {
	if format <= newest {
		return nil
	}
	return fmt.Errorf("%s is of format %d and this program reads up to %d: use the newer program", what, format, newest)
}
