package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// queue is a table of things that wait until they are done.
type queue struct {
	thing string // what one is called
	place string // what the table is called
	find  string // counts those of id $1
	done  string // notes at $1 that the one of id $2 is done
	later string // sets, for the one of id $4 that waits, the next try $1 unless NULL, reason $2 and state $3
}

// settle notes that a thing is done, whatever was noted of it before.
func (s *Store) settle(ctx context.Context, q queue, id string, at time.Time) error {
	return s.change(ctx, "note "+q.thing+" done", func(tx *sql.Tx) error {
		if err := q.has(ctx, tx, id); err != nil {
			return err
		}
		_, err := exec(ctx, tx, q.done, stamp(at), id)
		return err
	})
}

// putOff sets when a thing is tried next and why it was not done; at zero it is
// given up, kept, and never due again. One that another worker has done or
// given up meanwhile stays so.
func (s *Store) putOff(ctx context.Context, q queue, id string, at time.Time, why string) error {
	state := "waiting"
	if at.IsZero() {
		state = "given up"
	}
	return s.change(ctx, "defer "+q.thing, func(tx *sql.Tx) error {
		if err := q.has(ctx, tx, id); err != nil {
			return err
		}
		_, err := exec(ctx, tx, q.later, stamp(at), why, state, id)
		return err
	})
}

func (q queue) has(ctx context.Context, tx *sql.Tx, id string) error {
	var n int
	err := tx.QueryRowContext(ctx, q.find, id).Scan(&n)
	if err == nil && n == 0 {
		return fmt.Errorf("%s has no %s %s", q.place, q.thing, id)
	}
	return err
}
