package store

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"cardkiosk/engine"
)

// ChainEnd returns the last row of a station's chain, and its last checkpoint.
func (s *Store) ChainEnd(ctx context.Context, station string) (end *engine.ChainedRow, last *engine.Checkpoint, err error) {
	err = s.look(ctx, "read end of chain", func(tx *sql.Tx) error {
		if end, err = chainEnd(ctx, tx, station); err != nil {
			return err
		}
		last, err = lastCheckpoint(ctx, tx, station)
		return err
	})
	return end, last, err
}

const checkpointColumns = `station, number, n, seq, hash, at, format, key, signature`

func lastCheckpoint(ctx context.Context, tx *sql.Tx, station string) (*engine.Checkpoint, error) {
	all, err := collect(ctx, tx, scanCheckpoint,
		`SELECT `+checkpointColumns+` FROM checkpoints WHERE station = $1 ORDER BY number DESC LIMIT 1`, station)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// KeepCheckpoint writes the next checkpoint of a station. Kind Overtaken when it
// is not: somebody else at the same station was faster.
func (s *Store) KeepCheckpoint(ctx context.Context, c engine.Checkpoint) error {
	return s.change(ctx, "keep checkpoint", func(tx *sql.Tx) error {
		last, err := lastCheckpoint(ctx, tx, c.Station)
		if err != nil {
			return err
		}
		if last != nil && (last.Number != c.Number-1 || last.N >= c.N) {
			return &engine.Error{Op: "keep checkpoint", Kind: engine.Overtaken, Subject: engine.Clean(c.Station)}
		}
		_, err = exec(ctx, tx, `
			INSERT INTO checkpoints (`+checkpointColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			c.Station, c.Number, c.N, c.Seq, c.Hash.String(), stamp(c.At), c.Format,
			base64.StdEncoding.EncodeToString(c.Key), base64.StdEncoding.EncodeToString(c.Signature))
		return err
	})
}

func scanCheckpoint(rows *sql.Rows) (c engine.Checkpoint, err error) {
	var (
		hash, key, signature string
		at                   sql.NullInt64
	)
	if err := rows.Scan(&c.Station, &c.Number, &c.N, &c.Seq, &hash, &at, &c.Format, &key, &signature); err != nil {
		return c, err
	}
	c.At = fromStamp(at)
	var (
		errs [3]error
		raw  []byte
	)
	c.Hash, errs[0] = engine.ParseHash(hash)
	raw, errs[1] = base64.StdEncoding.DecodeString(key)
	c.Signature, errs[2] = base64.StdEncoding.DecodeString(signature)
	c.Key = ed25519.PublicKey(raw)
	if err := errors.Join(errs[:]...); err != nil {
		return c, fmt.Errorf("read checkpoint %d of %s: %w", c.Number, engine.Clean(c.Station), err)
	}
	return c, nil
}

// ChainRows returns rows of a station's chain in their order.
func (s *Store) ChainRows(ctx context.Context, station string, after int64, most int) (all []engine.ChainedRow, err error) {
	err = s.look(ctx, "read chain", func(tx *sql.Tx) error {
		all, err = collect(ctx, tx, scanAudit,
			`SELECT `+auditColumns+` FROM audit WHERE station = $1 AND n > $2 ORDER BY n LIMIT $3`, station, after, most)
		return err
	})
	return all, err
}

// Checkpoints returns checkpoints of a station in their order.
func (s *Store) Checkpoints(ctx context.Context, station string, after int64, most int) (all []engine.Checkpoint, err error) {
	err = s.look(ctx, "read checkpoints", func(tx *sql.Tx) error {
		all, err = collect(ctx, tx, scanCheckpoint,
			`SELECT `+checkpointColumns+` FROM checkpoints WHERE station = $1 AND number > $2 ORDER BY number LIMIT $3`, station, after, most)
		return err
	})
	return all, err
}

// TakeTurn takes the turn to bring something to a destination, unless somebody
// else has it.
func (s *Store) TakeTurn(ctx context.Context, d engine.Departure, now, until time.Time) (upTo int64, ok bool, err error) {
	err = s.change(ctx, "take turn", func(tx *sql.Tx) error {
		_, err := exec(ctx, tx, `
			INSERT INTO departures (station, what, destination, up_to) VALUES ($1, $2, $3, 0)
			ON CONFLICT (station, what, destination) DO NOTHING`, d.Station, d.What, d.Destination)
		if err != nil {
			return err
		}
		err = tx.QueryRowContext(ctx, `
			UPDATE departures SET held = $1
			WHERE station = $2 AND what = $3 AND destination = $4 AND (held IS NULL OR held <= $5) RETURNING up_to`,
			stamp(until), d.Station, d.What, d.Destination, stamp(now)).Scan(&upTo)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		ok = err == nil
		return err
	})
	return upTo, ok && err == nil, err
}

// Arrived notes what has arrived, and holds the turn on or lets it go.
func (s *Store) Arrived(ctx context.Context, d engine.Departure, held, until time.Time, upTo int64) error {
	return s.change(ctx, "note what has left", func(tx *sql.Tx) error {
		n, err := exec(ctx, tx, `
			UPDATE departures SET up_to = $1, held = $2
			WHERE station = $3 AND what = $4 AND destination = $5 AND held = $6`,
			upTo, stamp(until), d.Station, d.What, d.Destination, stamp(held))
		if err == nil && n != 1 {
			return &engine.Error{Op: "note what has left", Kind: engine.Overtaken, Subject: d.Destination}
		}
		return err
	})
}
