package store

import (
	"context"
	"database/sql"
	"errors"
)

// KeepPolicy keeps what a policy said under its hash. A hash that is known
// changes nothing.
func (s *Store) KeepPolicy(ctx context.Context, hash string, text []byte) error {
	return s.change(ctx, "keep policy", func(tx *sql.Tx) error {
		_, err := exec(ctx, tx, `INSERT INTO policies (hash, text) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING`, hash, string(text))
		return err
	})
}

// PolicyText returns what the policy of this hash said; ok is false when the
// hash is not known.
func (s *Store) PolicyText(ctx context.Context, hash string) (text []byte, ok bool, err error) {
	err = s.look(ctx, "read policy", func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT text FROM policies WHERE hash = $1`, hash).Scan(&text)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		ok = err == nil
		return err
	})
	return text, ok, err
}
