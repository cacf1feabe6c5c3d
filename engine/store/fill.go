package store

import (
	"context"
	"database/sql"

	"github.com/pressly/goose/v3"

	"cardkiosk/engine"
)

// fillPage bounds what is held in memory while rows are filled in.
const fillPage = 500

// fillDue is the migration that writes every record anew, and with it its row in
// due. It is one transaction: the tables are never half filled.
func fillDue(version int64) *goose.Migration {
	return goose.NewGoMigration(version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		if _, err := exec(ctx, tx, `DELETE FROM due`); err != nil {
			return err
		}
		for after := engine.CardID(""); ; {
			page, err := collect(ctx, tx, scanRecord,
				`SELECT id, format, version, facts FROM cards WHERE id > $1 ORDER BY id LIMIT $2`, after, fillPage)
			if err != nil || len(page) == 0 {
				return err
			}
			for _, r := range page {
				if err := putFacts(ctx, tx, r); err != nil {
					return err
				}
			}
			after = page[len(page)-1].Card.ID
		}
	}}, nil)
}
