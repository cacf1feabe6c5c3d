package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"cardkiosk/engine"
)

// SyntheticRow describes row i of an audit of several stations, as large as real
// ones. Like Synthetic it is for benchmarks and figures.
func SyntheticRow(i int, now time.Time) engine.AuditRow {
	acts := []engine.Privilege{engine.ViewCard, engine.UpdateCard, engine.FindUsers, engine.RevokeCard}
	return engine.AuditRow{
		At:    now.Add(time.Duration(i) * time.Second),
		Actor: engine.Actor{Who: fmt.Sprintf("operator%d", i%7), Station: fmt.Sprintf("lobby-%d", i*7919%5), Mode: engine.Operator, How: engine.ByCard},
		Act:   string(acts[i%len(acts)]), Card: engine.CardID(fmt.Sprintf("yubikey-%08d", i)),
		User: engine.UserID(fmt.Sprintf("%08x-1b2c-4d5e-8f90-a1b2c3d4e5f6", i)), Run: engine.RunID(digest("run", i, 0)[:32]),
		Result: "done", Detail: fmt.Sprintf("row %d: %s", i, "written were Authentication, Signature and Encryption"),
	}
}

// LoadAudit writes n rows, many in one transaction, as addAudit would.
func LoadAudit(ctx context.Context, s *Store, n int, row func(i int) engine.AuditRow) error {
	ends := map[string]*engine.ChainedRow{}
	for from := 0; from < n; from += loadAtOnce {
		err := s.change(ctx, "load audit", func(tx *sql.Tx) error {
			count, err := tx.PrepareContext(ctx, countAudit)
			if err != nil {
				return err
			}
			defer func() { _ = count.Close() }()
			insert, err := tx.PrepareContext(ctx, insertAudit)
			if err != nil {
				return err
			}
			defer func() { _ = insert.Close() }()
			for i := from; i < min(n, from+loadAtOnce); i++ {
				a := row(i).Storable()
				end, known := ends[a.Actor.Station]
				if !known {
					if end, err = chainEnd(ctx, tx, a.Actor.Station); err != nil {
						return err
					}
				}
				var seq int64
				if err := count.QueryRowContext(ctx).Scan(&seq); err != nil {
					return err
				}
				r := linked(a, seq, end)
				if _, err := insert.ExecContext(ctx, auditValues(r)...); err != nil {
					return err
				}
				ends[a.Actor.Station] = &r
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
