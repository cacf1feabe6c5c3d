package authority

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"cardkiosk/engine"
)

// book is the CA's database: what was asked, issued, revoked and published,
// and which stations there are. Each method is one transaction.
type book struct{ db *sql.DB }

//go:embed migrations/*.sql
var migrations embed.FS

// openBook opens the database and brings its tables up to date.
func openBook(ctx context.Context, path string) (*book, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, privateFileMode) // SQLite gives its other files this mode too
	if err != nil {
		return nil, &engine.Error{Op: "open CA", Kind: engine.StoreTrouble, Subject: path, Err: err}
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	// What a station was told must survive a power cut: synchronous=FULL makes
	// each commit reach the disk. Writers take the lock when they begin, so
	// that none finds at its end that another was faster.
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: "_txlock=immediate&_pragma=busy_timeout(10000)" +
		"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	b := &book{db}
	if err := b.migrate(ctx); err != nil {
		return nil, errors.Join(&engine.Error{Op: "open CA", Kind: engine.StoreTrouble, Subject: path, Err: err}, db.Close())
	}
	return b, nil
}

func (b *book) Close() error { return b.db.Close() }

func (b *book) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, b.db, files)
	if err != nil {
		return err
	}
	stored, known, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if stored > known {
		return fmt.Errorf("the database has version %d, this program knows %d: use a newer program", stored, known)
	}
	if _, err = p.Up(ctx); err == nil {
		return nil
	}
	// Another program may have done it meanwhile: kiosk ca serve, and a command
	// beside it, each as new.
	if stored, known, again := p.GetVersions(ctx); again == nil && stored == known {
		return nil
	}
	return err
}

// in runs one transaction.
func (b *book) in(ctx context.Context, op string, do func(tx *sql.Tx) error) error {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return storeTrouble(op, err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back
	if err := do(tx); err != nil {
		return storeTrouble(op, err)
	}
	return storeTrouble(op, tx.Commit())
}

// storeTrouble classes what the database says. Errors of ours pass through.
func storeTrouble(op string, err error) error {
	var ours *engine.Error
	if err == nil || errors.As(err, &ours) {
		return err
	}
	kind := engine.StoreTrouble
	var said *sqlite.Error
	if errors.As(err, &said) && said.Code()&0xff == sqlite3.SQLITE_FULL {
		kind = engine.StoreFull
	}
	return &engine.Error{Op: op, Kind: kind, Err: err}
}

// The acts of the audit.
const (
	actCreate        = "create CA"
	actMakeStation   = "make station"
	actRevokeStation = "revoke station"
	actIssue         = "issue certificate"
	actHold          = "hold request"
	actApprove       = "approve request"
	actReject        = "reject request"
	actWithdraw      = "withdraw request"
	actSee           = "see requests"
	actRevoke        = "revoke certificate"
	actRelease       = "release certificate"
	actPublish       = "publish CRL"
)

// auditRow is one act. Actor.Station is empty for what is done at the CA
// itself.
type auditRow struct {
	At      time.Time
	Actor   engine.Actor
	Act     string
	Subject string // a request id, a serial number, a station's name
	Detail  string
}

func (a auditRow) write(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO audit (at, station, who, act, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)`,
		a.At.Unix(), a.Actor.Station, a.Actor.Who, a.Act, a.Subject, a.Detail)
	return err
}

// witness writes an audit row for an act that has no other row.
func (b *book) witness(ctx context.Context, a auditRow) error {
	return b.in(ctx, "write audit", func(tx *sql.Tx) error { return a.write(ctx, tx) })
}
