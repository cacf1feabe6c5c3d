package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"cardkiosk/engine"
)

// Write adds a row to the audit. The tables refuse to change or delete one.
func (s *Store) Write(ctx context.Context, a engine.AuditRow) error {
	return s.change(ctx, "write audit", func(tx *sql.Tx) error {
		return addAudit(ctx, tx, a)
	})
}

// addAudit is the one way into the audit. It is part of the transaction of the
// deed: the row of audit_last is the lock under which the next number is given
// out and the chain goes on.
func addAudit(ctx context.Context, tx *sql.Tx, a engine.AuditRow) error {
	a = a.Storable()
	var seq int64
	if err := tx.QueryRowContext(ctx, countAudit).Scan(&seq); err != nil {
		return err
	}
	end, err := chainEnd(ctx, tx, a.Actor.Station)
	if err != nil {
		return err
	}
	n, err := exec(ctx, tx, insertAudit, auditValues(linked(a, seq, end))...)
	if err == nil && n != 1 { // somebody has added a trigger that swallows rows
		err = fmt.Errorf("audit row %d was not taken", seq)
	}
	return err
}

// linked is a row in its place: behind the end of its chain, or the first of one.
func linked(a engine.AuditRow, seq int64, end *engine.ChainedRow) engine.ChainedRow {
	r := engine.ChainedRow{AuditRow: a, Seq: seq, N: 1, Format: engine.ChainFormat}
	if end != nil {
		r.N, r.Prev = end.N+1, end.Hash
	}
	r.Hash = r.Link()
	return r
}

const (
	countAudit  = `UPDATE audit_last SET seq = seq + 1 RETURNING seq`
	insertAudit = `INSERT INTO audit (` + auditColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`
)

// auditValues are a row in the order of auditColumns.
func auditValues(r engine.ChainedRow) []any {
	return []any{
		r.Seq, stamp(r.At), r.Actor.Who, r.Actor.Station, r.Actor.Mode, r.Act, r.Card, r.User, r.Run, r.Result, r.Detail,
		r.Actor.How, r.N, r.Format, r.Prev.String(), r.Hash.String(),
	}
}

// auditColumns are a row of the audit, in the order scanAudit takes them.
const auditColumns = `seq, at, who, station, mode, act, card, user_id, run, result, detail, how, n, chain, prev, hash`

// chainEnd is the last row of a station's chain; nil when there is none.
func chainEnd(ctx context.Context, tx *sql.Tx, station string) (*engine.ChainedRow, error) {
	last, err := collect(ctx, tx, scanAudit, `SELECT `+auditColumns+` FROM audit WHERE station = $1 ORDER BY n DESC LIMIT 1`, station)
	if err != nil || len(last) == 0 {
		return nil, err
	}
	return &last[0], nil
}

func scanAudit(rows *sql.Rows) (r engine.ChainedRow, err error) {
	var (
		at         sql.NullInt64
		prev, hash string
		a          = &r.AuditRow
	)
	err = rows.Scan(&r.Seq, &at, &a.Actor.Who, &a.Actor.Station, &a.Actor.Mode, &a.Act, &a.Card, &a.User, &a.Run, &a.Result, &a.Detail,
		&a.Actor.How, &r.N, &r.Format, &prev, &hash)
	if err != nil {
		return r, err
	}
	a.At = fromStamp(at)
	var errs [2]error
	r.Prev, errs[0] = engine.ParseHash(prev)
	r.Hash, errs[1] = engine.ParseHash(hash)
	if err := errors.Join(errs[:]...); err != nil {
		return r, fmt.Errorf("read row %d of the audit: %w", r.Seq, err)
	}
	return r, nil
}
