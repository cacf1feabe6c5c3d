package store

import (
	"context"
	"database/sql"
	"strings"

	"cardkiosk/engine"
)

// Change writes a record over the version it was read as, with its letters, its
// errands and its audit row, and ends c.Ends. Kind InWork when another run of the
// card is open, or some station is at c.Ends; Overtaken when the record was
// written since it was read, or c.Ends has ended.
func (s *Store) Change(ctx context.Context, c engine.Change) error {
	return s.change(ctx, "change card", func(tx *sql.Tx) error {
		if err := endWith(ctx, tx, c); err != nil {
			return err
		}
		if err := notInWork(ctx, tx, c.Record.Card.ID); err != nil {
			return err
		}
		if err := putRecord(ctx, tx, "change card", c.Record); err != nil {
			return err
		}
		for _, l := range c.Letters {
			if err := addLetter(ctx, tx, l); err != nil {
				return err
			}
		}
		for _, e := range c.Errands {
			if err := addErrand(ctx, tx, e); err != nil {
				return err
			}
		}
		if err := keepRequests(ctx, tx, c.Requests); err != nil {
			return err
		}
		return addAudit(ctx, tx, c.Audit)
	})
}

// endWith ends the run that ends with a change. Taking the lease keeps whoever
// was at it from going on.
func endWith(ctx context.Context, tx *sql.Tx, c engine.Change) error {
	if c.Ends == "" {
		return nil
	}
	lease := engine.Lease{Station: c.Audit.Actor.Station, Now: c.Audit.At, Until: c.Audit.At}
	if _, err := openRun(ctx, tx, c.Ends, lease); err != nil {
		return err
	}
	if _, err := takeLease(ctx, tx, "change card", c.Record.Card.ID, lease); err != nil {
		return err
	}
	return endRun(ctx, tx, c.Ends, lease, c.End)
}

// CardsNumbered returns the records of the cards with this id, or with this
// number printed on them.
func (s *Store) CardsNumbered(ctx context.Context, number string) (found []engine.Record, err error) {
	err = s.look(ctx, "find card", func(tx *sql.Tx) error {
		found, err = collect(ctx, tx, scanRecord,
			`SELECT id, format, version, facts FROM cards WHERE id = $1 OR serial <> '' AND serial = $2 ORDER BY id`,
			number, strings.TrimLeft(number, "0"))
		return err
	})
	return found, err
}
