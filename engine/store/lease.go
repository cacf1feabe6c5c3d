package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"cardkiosk/engine"
)

// takeLease gives a card to a station and returns the new fence, greater than
// any the card had. Another station's lease that has not run out is Kind
// InWork. A station's own lease is always taken over: two programs of one
// station are kept apart by the card, which lies in the reader of one of them.
func takeLease(ctx context.Context, tx *sql.Tx, op string, card engine.CardID, l engine.Lease) (fence int64, err error) {
	err = tx.QueryRowContext(ctx, `
		INSERT INTO leases (card, station, fence, until) VALUES ($1, $2, 1, $3)
		ON CONFLICT (card) DO UPDATE SET station = excluded.station, fence = leases.fence + 1, until = excluded.until
			WHERE leases.station = excluded.station OR leases.until IS NULL OR leases.until <= $4
		RETURNING fence`, card, l.Station, stamp(l.Until), stamp(l.Now)).Scan(&fence)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, inWork(ctx, tx, op, card)
	}
	return fence, err
}

func inWork(ctx context.Context, tx *sql.Tx, op string, card engine.CardID) error {
	var (
		station string
		until   sql.NullInt64
	)
	err := tx.QueryRowContext(ctx, `SELECT station, until FROM leases WHERE card = $1`, card).Scan(&station, &until)
	if err != nil {
		return err
	}
	return &engine.Error{
		Op: op, Kind: engine.InWork, Subject: engine.Clean(station),
		Err: fmt.Errorf("its lease of card %s runs until %s", card, fromStamp(until).Format(time.RFC3339)),
	}
}

// keepLease makes sure that the run is open and the fence is its card's last
// one, and extends the lease. Else the run is Overtaken.
func keepLease(ctx context.Context, tx *sql.Tx, op string, run engine.RunID, l engine.Lease) error {
	n, err := exec(ctx, tx, `
		UPDATE leases SET until = $1
		WHERE fence = $2 AND card = (SELECT card FROM runs WHERE id = $3 AND ended IS NULL)`,
		stamp(l.Until), l.Fence, run)
	if err == nil && n == 0 {
		return overtaken(ctx, tx, op, run, l)
	}
	return err
}

// overtaken says which station has, or last had, the card of a run.
func overtaken(ctx context.Context, tx *sql.Tx, op string, run engine.RunID, l engine.Lease) error {
	var (
		station string
		fence   int64
		ended   bool
	)
	err := tx.QueryRowContext(ctx, `
		SELECT leases.station, leases.fence, runs.ended IS NOT NULL FROM runs JOIN leases ON leases.card = runs.card
		WHERE runs.id = $1`, run).Scan(&station, &fence, &ended)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("the journal has no run %s", run)
	}
	if err != nil {
		return err
	}
	why := fmt.Errorf("the fence is %d, not %d", fence, l.Fence)
	if ended {
		why = errors.New("the run has ended")
	}
	return &engine.Error{Op: op, Kind: engine.Overtaken, Subject: engine.Clean(station), Run: run, Err: why}
}

// freeLease lets a card go. Its row stays, and with it the fence.
func freeLease(ctx context.Context, tx *sql.Tx, run engine.RunID) error {
	_, err := exec(ctx, tx, `UPDATE leases SET until = NULL WHERE card = (SELECT card FROM runs WHERE id = $1)`, run)
	return err
}
