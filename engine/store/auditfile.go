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
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"cardkiosk/engine"
)

// AuditFile is the audit in a store's file, opened only to be read, by whoever
// has the file: a kiosk's own, which may be in use, or a copy of one. What it
// returns is what stands there, however wrong; nothing is brought up to date.
type AuditFile struct {
	path string
	db   *sql.DB
}

// OpenAuditFile opens the file at path. It has to have chains: of an older
// program's, and of no store's, the error says so.
func OpenAuditFile(ctx context.Context, path string) (*AuditFile, error) {
	a := &AuditFile{path: path}
	if err := a.open(ctx); err != nil {
		return nil, a.trouble(ctx, "open store", errors.Join(err, a.Close()))
	}
	return a, nil
}

func (a *AuditFile) open(ctx context.Context) error {
	if _, err := os.Stat(a.path); err != nil {
		return err
	}
	for _, mode := range a.modes() {
		if err := a.Close(); err != nil {
			return err
		}
		db, err := sql.Open("sqlite", mode)
		if err != nil {
			return err
		}
		a.db = db
		a.db.SetMaxOpenConns(1)
		err = a.known(ctx)
		if !shut(err) {
			return err
		}
	}
	return errors.New("it may not be opened here: copy it, together with the files beside it that end in -wal and -shm, to a folder of yours")
}

// modes are the ways to open the file, best first. A copy in a folder that
// nobody may write can only be read as one that does not change, which it does
// not where there is no log beside it.
func (a *AuditFile) modes() []string {
	whole, err := filepath.Abs(a.path)
	if err != nil {
		whole = a.path
	}
	u := url.URL{Scheme: "file", OmitHost: true, Path: whole}
	const how = "&_busy_timeout=10000&_query_only=on&_error_rc=1&_pragma=cell_size_check(on)&_pragma=trusted_schema(off)"
	ways := []string{u.String() + "?mode=ro" + how}
	if _, err := os.Stat(a.path + "-wal"); errors.Is(err, fs.ErrNotExist) {
		ways = append(ways, u.String()+"?mode=ro&immutable=1"+how)
	}
	return ways
}

// shut reports whether a file was not opened because nothing may be written
// beside it.
func shut(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	code := e.Code() & 0xff
	return code == sqlite3.SQLITE_CANTOPEN || code == sqlite3.SQLITE_READONLY
}

// known looks whether there is an audit with chains.
func (a *AuditFile) known(ctx context.Context) error {
	var tables, columns int
	err := a.db.QueryRowContext(ctx, `
		SELECT (SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('audit', 'audit_last', 'checkpoints')),
			(SELECT COUNT(*) FROM pragma_table_info('audit') WHERE name IN ('n', 'chain', 'prev', 'hash', 'how'))`).Scan(&tables, &columns)
	const all, ofChains = 3, 5
	switch {
	case err != nil:
		return err
	case tables < all-1:
		return errors.New("it is not the store of a kiosk, or its audit was taken away")
	case tables < all || columns != ofChains:
		return errors.New("its audit has no chains: an older kiosk wrote it, or somebody took them away. A kiosk of this version makes them when it opens its store")
	}
	return nil
}

// Close ends the connection.
func (a *AuditFile) Close() error {
	if a.db == nil {
		return nil
	}
	return a.db.Close()
}

func (a *AuditFile) trouble(ctx context.Context, op string, err error) error {
	return (&Store{path: a.path}).trouble(ctx, op, err)
}

// Read reads the audit as it is at one moment: first each checkpoint, then every
// row, and at last how many rows were ever counted. A row whose columns hold
// something else than the kiosk writes there comes with what is odd about it. The
// error is ErrDisorder when the rows have to be sorted, which takes far longer.
func (a *AuditFile) Read(ctx context.Context, sorted bool, checkpoint func(engine.Checkpoint, error) error, row func(r engine.ChainedRow, odd string) error) (counted int64, err error) {
	tx, err := a.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return 0, a.trouble(ctx, "read audit", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	err = each(ctx, tx, func(rows *sql.Rows) error {
		c, err := scanCheckpoint(rows)
		return checkpoint(c, err)
	}, `SELECT `+checkpointColumns+` FROM checkpoints NOT INDEXED ORDER BY rowid`)
	if err == nil {
		err = a.rows(ctx, tx, sorted, row)
	}
	if err == nil {
		err = tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(seq), 0) FROM audit_last`).Scan(&counted)
	}
	return counted, a.trouble(ctx, "read audit", err)
}

// ErrDisorder says that rows do not lie in the order of their numbers, in which
// the kiosk writes them: they have to be sorted.
var ErrDisorder = errors.New("the rows do not lie in the order of their numbers")

// rows reads the table itself, past its indexes: what they say may be another
// thing than what is there, or hide it.
func (a *AuditFile) rows(ctx context.Context, tx *sql.Tx, sorted bool, f func(engine.ChainedRow, string) error) error {
	order := "rowid"
	if sorted {
		order = "+seq, rowid" // the + keeps the index out
	}
	last := int64(0)
	return each(ctx, tx, func(rows *sql.Rows) error {
		r, odd, err := scanStrictly(rows)
		if err != nil {
			return err
		}
		if !sorted && r.Seq < last {
			return ErrDisorder
		}
		last = r.Seq
		return f(r, odd)
	}, `SELECT `+auditColumns+` FROM audit NOT INDEXED ORDER BY `+order)
}

// Guards says which of the tables' guards are not there as the kiosk made them.
func (a *AuditFile) Guards(ctx context.Context) (missing []string, err error) {
	rows, err := a.db.QueryContext(ctx, `SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'`)
	if err != nil {
		return nil, a.trouble(ctx, "read guards", err)
	}
	defer func() { _ = rows.Close() }() // it was only read
	there := map[string]string{}
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, a.trouble(ctx, "read guards", err)
		}
		there[name] = text
	}
	if err := rows.Err(); err != nil {
		return nil, a.trouble(ctx, "read guards", err)
	}
	for _, g := range guards() {
		if there[g.name] != g.text {
			missing = append(missing, g.name)
		}
	}
	return missing, nil
}

// guard is a trigger of the audit, as its migration makes it.
type guard struct{ name, text string }

// guards are read from the migrations, so that none is forgotten.
func guards() (all []guard) {
	for _, file := range []string{"00002_audit_append_only_sqlite.sql", "00012_chain_guards_sqlite.sql"} {
		text, err := migrations.ReadFile("migrations/" + file)
		if err != nil {
			panic(err) // it is part of the program
		}
		for _, statement := range strings.Split(string(text), "-- +goose StatementBegin\n")[1:] {
			body, _, _ := strings.Cut(statement, "\n-- +goose StatementEnd")
			name, _, _ := strings.Cut(strings.TrimPrefix(body, "CREATE TRIGGER "), " ")
			g := guard{name, strings.TrimSuffix(body, ";")}
			for i := range all {
				if all[i].name == name { // a later migration made it anew
					all[i] = g
					g.name = ""
				}
			}
			if g.name != "" {
				all = append(all, g)
			}
		}
	}
	return all
}

// strict is a column that holds just what the kiosk writes there: text or a
// number. Bytes that read like the text would keep a row's hash, and hide the
// row from whoever looks for the text.
type strict[T string | int64] struct {
	value T
	odd   bool
}

// Scan takes what the driver found.
func (s *strict[T]) Scan(found any) error {
	value, is := found.(T)
	s.value, s.odd = value, !is
	return nil
}

// scanStrictly reads a row as it stands; odd names the first column that holds
// what the kiosk never writes.
func scanStrictly(rows *sql.Rows) (r engine.ChainedRow, odd string, err error) {
	var (
		numbers [4]strict[int64]   // seq, at, n, chain
		texts   [12]strict[string] // the others, in their order
	)
	err = rows.Scan(&numbers[0], &numbers[1], &texts[0], &texts[1], &texts[2], &texts[3], &texts[4], &texts[5], &texts[6], &texts[7], &texts[8],
		&texts[9], &numbers[2], &numbers[3], &texts[10], &texts[11])
	if err != nil {
		return r, "", err
	}
	for i, name := range []string{"seq", "at", "n", "chain"} {
		if numbers[i].odd {
			odd = name + " is not a number"
		}
	}
	for i, name := range []string{"who", "station", "mode", "act", "card", "user_id", "run", "result", "detail", "how", "prev", "hash"} {
		if texts[i].odd {
			odd = name + " is not text"
		}
	}
	r.Seq, r.N, r.Format = numbers[0].value, numbers[2].value, int(numbers[3].value)
	r.At = fromStamp(sql.NullInt64{Int64: numbers[1].value, Valid: true})
	r.Actor = engine.Actor{
		Who: texts[0].value, Station: texts[1].value, Mode: engine.Mode(texts[2].value), How: engine.SignedIn(texts[9].value),
	}
	r.Act, r.Card, r.User = texts[3].value, engine.CardID(texts[4].value), engine.UserID(texts[5].value)
	r.Run, r.Result, r.Detail = engine.RunID(texts[6].value), texts[7].value, texts[8].value
	for _, h := range []struct {
		text string
		into *engine.Hash
		name string
	}{{texts[10].value, &r.Prev, "prev"}, {texts[11].value, &r.Hash, "hash"}} {
		if *h.into, err = engine.ParseHash(h.text); err != nil && odd == "" {
			odd = fmt.Sprintf("%s: %v", h.name, err)
		}
	}
	return r, odd, nil
}
