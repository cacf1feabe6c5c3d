package store

import (
	"context"
	"database/sql"

	"cardkiosk/engine"
)

// Write adds a row to the audit. The tables refuse to change or delete one.
func (s *Store) Write(ctx context.Context, a engine.AuditRow) error {
	return s.change(ctx, "write audit", func(tx *sql.Tx) error {
		return addAudit(ctx, tx, a)
	})
}

func addAudit(ctx context.Context, tx *sql.Tx, a engine.AuditRow) error {
	var seq int64
	if err := tx.QueryRowContext(ctx, `UPDATE audit_last SET seq = seq + 1 RETURNING seq`).Scan(&seq); err != nil {
		return err
	}
	_, err := exec(ctx, tx, `
		INSERT INTO audit (seq, at, who, station, mode, act, card, user_id, run, result, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		seq, stamp(a.At), a.Actor.Who, a.Actor.Station, a.Actor.Mode, a.Act, a.Card, a.User, a.Run, a.Result, a.Detail)
	return err
}
