package store

import (
	"context"
	"database/sql"
)

// change runs f in a transaction that has the file to itself for writing. When
// f returns an error, nothing has happened.
func (s *Store) change(ctx context.Context, op string, f func(*sql.Tx) error) error {
	return s.within(ctx, s.writer, nil, op, f)
}

// look runs f in a transaction that sees the file as it is now, whatever others
// write meanwhile.
func (s *Store) look(ctx context.Context, op string, f func(*sql.Tx) error) error {
	return s.within(ctx, s.reader, &sql.TxOptions{ReadOnly: true}, op, f)
}

func (s *Store) within(ctx context.Context, db *sql.DB, o *sql.TxOptions, op string, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, o)
	if err != nil {
		return s.trouble(ctx, op, err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	if err := f(tx); err != nil {
		return s.trouble(ctx, op, err)
	}
	return s.trouble(ctx, op, tx.Commit())
}

// exec runs one statement and returns how many rows it wrote.
func exec(ctx context.Context, tx *sql.Tx, query string, args ...any) (int64, error) {
	res, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// each calls f with every row of a question.
func each(ctx context.Context, tx *sql.Tx, f func(*sql.Rows) error, query string, args ...any) (err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := rows.Close(); err == nil {
			err = cerr
		}
	}()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// collect reads all rows of a question.
func collect[T any](ctx context.Context, tx *sql.Tx, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	var all []T
	err := each(ctx, tx, func(rows *sql.Rows) error {
		one, err := scan(rows)
		all = append(all, one)
		return err
	}, query, args...)
	if err != nil {
		return nil, err
	}
	return all, nil
}
