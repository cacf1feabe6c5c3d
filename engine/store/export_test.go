package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// Raw is the writer's connection, to look at the tables past the Store.
func (s *Store) Raw() *sql.DB { return s.writer }

// FillUp lets the file grow no more: what needs a new page fails with
// SQLITE_FULL, until MakeRoom.
func (s *Store) FillUp(ctx context.Context) error {
	_, err := s.writer.ExecContext(ctx, `PRAGMA max_page_count = 1`) // SQLite takes the present size for it
	return err
}

// MakeRoom undoes FillUp.
func (s *Store) MakeRoom(ctx context.Context) error {
	_, err := s.writer.ExecContext(ctx, `PRAGMA max_page_count = 1000000`)
	return err
}

// Observed are options with which every connection is made through observe.
func Observed(observe func(driver.Connector) driver.Connector) Options {
	return Options{observe: observe}
}

// The packed rows, to look at the encoding itself.
var (
	PackDue      = packDue
	UnpackDue    = unpackDue
	PackPerson   = packPerson
	UnpackPerson = unpackPerson
)
