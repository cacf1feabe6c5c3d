// Package store keeps the cards' records, the journal of runs, the outbox, the
// errands, the snapshot of the directory, the policies' texts and the audit in
// one SQLite file.
//
// What a method has returned nil for survives a power cut: the file is in WAL
// mode with synchronous=FULL, which syncs the log before COMMIT returns. Several
// kiosks may share a file as long as it lies on a local disk of theirs; who has
// to wait for another's write waits Options.Patience. Times have a resolution of
// a microsecond, but for those inside JSON, which keep what they had.
//
// What reports read of every card stands twice: in the record, as JSON, and in
// the table due, packed and in the order it is read, with what is known of the
// person. A million cards go by in seconds that way. Whatever writes a record or
// a person writes both, in one transaction.
//
// Nothing here is a secret: PUKs arrive sealed. But names and addresses are, so
// the file is its owner's only.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"

	"cardkiosk/engine"
)

var (
	_ engine.Ledger  = (*Store)(nil)
	_ engine.Journal = (*Store)(nil)
	_ engine.Audit   = (*Store)(nil)
	_ engine.Outbox  = (*Store)(nil)

	_ engine.AuditLog = (*Store)(nil)
	_ engine.Chain    = (*Store)(nil)

	_ engine.Requests = (*Store)(nil)

	_ engine.Errands     = (*Store)(nil)
	_ engine.People      = (*Store)(nil)
	_ engine.PolicyTexts = (*Store)(nil)
	_ engine.Notices     = (*Store)(nil)
)

// Store is an open store. Its methods may be called at the same time. Their
// errors are of Kind StoreFull when the disk has no room, StoreTrouble when the
// file cannot be read, written or understood, Stopped when ctx was cancelled,
// or what engine's ports say.
type Store struct {
	path   string
	writer *sql.DB // one connection: our own writers queue here, not at the file's lock
	reader *sql.DB
}

// Options are the choices of Open. The zero value will do.
type Options struct {
	Patience time.Duration // how long to wait while another kiosk writes; 0 means 10 s

	observe func(driver.Connector) driver.Connector // nil but in benchmarks, which count statements
}

const (
	defaultPatience = 10 * time.Second
	readers         = 4 // connections for reading, which never wait for a writer
)

// Open opens the store at path, and makes it, for its owner only, when there is
// none. A store that a newer program has made is refused and not touched.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	if o.Patience == 0 {
		o.Patience = defaultPatience
	}
	s := &Store{path: path}
	if err := s.open(ctx, o); err != nil {
		return nil, s.trouble(ctx, "open store", errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, o Options) error {
	unlock, err := lockFolder(ctx, s.path, o.Patience)
	if err != nil {
		return err
	}
	defer unlock()
	if err := create(s.path); err != nil {
		return err
	}
	if s.writer, err = connect(s.path, o, "_txlock=immediate"); err != nil {
		return err
	}
	s.writer.SetMaxOpenConns(1)
	if s.reader, err = connect(s.path, o, "_query_only=on"); err != nil {
		return err
	}
	s.reader.SetMaxOpenConns(readers)
	s.reader.SetMaxIdleConns(readers)
	if err := migrate(ctx, s.writer); err != nil {
		return err
	}
	return logAhead(ctx, s.writer)
}

// connect prepares connections to the file; none is made yet.
func connect(path string, o Options, more string) (*sql.DB, error) {
	name, err := dataSource(path, o.Patience, more)
	if err != nil {
		return nil, err
	}
	c, err := sqlite.NewConnector(name)
	if err != nil {
		return nil, err
	}
	if o.observe != nil {
		c = o.observe(c)
	}
	return sql.OpenDB(c), nil
}

// Close ends all connections. The last one to close folds the log into the
// file.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.reader, s.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close store %s: %w", s.path, err)
	}
	return nil
}
