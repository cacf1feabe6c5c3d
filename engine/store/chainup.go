package store

import (
	"context"
	"database/sql"

	"github.com/pressly/goose/v3"

	"cardkiosk/engine"
)

// chainUp is the migration that chains the rows which were written before there
// were chains. What they say stays as it is; nobody vouches that it was so when
// they were written. From here on no number stands twice in a chain.
func chainUp(version int64) *goose.Migration {
	return goose.NewGoMigration(version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		ends := map[string]engine.ChainedRow{}
		for after := int64(0); ; {
			page, err := collect(ctx, tx, scanUnchained, `
				SELECT seq, at, who, station, mode, act, card, user_id, run, result, detail
				FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2`, after, fillPage)
			if err != nil {
				return err
			}
			if len(page) == 0 {
				_, err := exec(ctx, tx, `CREATE UNIQUE INDEX audit_chain ON audit (station, n)`)
				return err
			}
			for _, row := range page {
				end := ends[row.Actor.Station]
				row.N, row.Format, row.Prev = end.N+1, engine.ChainFormat, end.Hash
				row.Hash = row.Link()
				if err := putLink(ctx, tx, row); err != nil {
					return err
				}
				ends[row.Actor.Station] = row
			}
			after = page[len(page)-1].Seq
		}
	}}, nil)
}

func scanUnchained(rows *sql.Rows) (r engine.ChainedRow, err error) {
	var at sql.NullInt64
	a := &r.AuditRow
	err = rows.Scan(&r.Seq, &at, &a.Actor.Who, &a.Actor.Station, &a.Actor.Mode, &a.Act, &a.Card, &a.User, &a.Run, &a.Result, &a.Detail)
	a.At = fromStamp(at)
	return r, err
}

func putLink(ctx context.Context, tx *sql.Tx, r engine.ChainedRow) error {
	_, err := exec(ctx, tx, `UPDATE audit SET n = $1, chain = $2, prev = $3, hash = $4 WHERE seq = $5`,
		r.N, r.Format, r.Prev.String(), r.Hash.String(), r.Seq)
	return err
}
