package audit

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"cardkiosk/engine"
)

// Keeper makes a station's checkpoints, and brings them and its rows to where
// they leave it. Whatever has not arrived is brought again: a destination that
// is away loses nothing, and gets everything in its order, a piece twice at
// worst.
type Keeper struct {
	Station string
	Chain   engine.Chain
	Key     func() (ed25519.PrivateKey, error) // asked for the first checkpoint
	Rows    int64                              // a checkpoint after so many,
	Every   time.Duration                      // and after this time when there was any
	Now     func() time.Time

	RowsTo        []RowCarrier
	CheckpointsTo []CheckpointCarrier
}

// Carrier brings something somewhere. What it has returned nil for has arrived,
// as far as that can be told.
type Carrier interface {
	Destination() string // tells destinations apart, and stays the same
}

// RowCarrier brings rows, in the order they are given.
type RowCarrier interface {
	Carrier
	CarryRows(ctx context.Context, rows []engine.ChainedRow) error
}

// CheckpointCarrier brings checkpoints, in the order they are given.
type CheckpointCarrier interface {
	Carrier
	CarryCheckpoints(ctx context.Context, all []engine.Checkpoint) error
}

// Work makes a checkpoint when one is due, and brings away what has not arrived
// yet. It returns when the next checkpoint is due; zero when nothing is unsigned.
func (k *Keeper) Work(ctx context.Context) (next time.Time, err error) {
	next, err = k.sign(ctx, false)
	return next, errors.Join(err, k.carry(ctx))
}

// Finish does it a last time before the program ends, whatever is due.
func (k *Keeper) Finish(ctx context.Context) error {
	_, err := k.sign(ctx, true)
	return errors.Join(err, k.carry(ctx))
}

func (k *Keeper) sign(ctx context.Context, now bool) (next time.Time, err error) {
	end, last, err := k.Chain.ChainEnd(ctx, k.Station)
	if err != nil || end == nil || last != nil && last.N >= end.N {
		return time.Time{}, err
	}
	c := engine.Checkpoint{Station: k.Station, Number: 1, N: end.N, Seq: end.Seq, Hash: end.Hash, At: k.Now()}
	if last != nil {
		c.Number = last.Number + 1
		due := last.At.Add(k.Every)
		if early := due.After(c.At) && !last.At.After(c.At); early && end.N-last.N < k.Rows && !now {
			return due, nil
		}
	}
	key, err := k.Key()
	if err != nil {
		return time.Time{}, err
	}
	err = k.Chain.KeepCheckpoint(ctx, c.Sign(key))
	if engine.Is(err, engine.Overtaken) {
		return time.Time{}, nil // another program of this station has made one
	}
	return time.Time{}, err
}

// carry brings everything to everywhere. One destination that is away does not
// hold up the others.
func (k *Keeper) carry(ctx context.Context) error {
	var errs []error
	for _, to := range k.RowsTo {
		errs = append(errs, carry(ctx, k, "rows", to, k.Chain.ChainRows, to.CarryRows, func(r engine.ChainedRow) int64 { return r.N }))
	}
	for _, to := range k.CheckpointsTo {
		errs = append(errs, carry(ctx, k, "checkpoints", to, k.Chain.Checkpoints, to.CarryCheckpoints, func(c engine.Checkpoint) int64 { return c.Number }))
	}
	return errors.Join(errs...)
}

const (
	atOnce   = 200             // rows or checkpoints that are brought together
	turn     = 2 * time.Minute // how long a program that has died keeps others from bringing
	bringing = time.Minute     // how long a destination may take for so many: less than the turn
)

// carry brings to one destination all that follows what has arrived there.
func carry[T any](
	ctx context.Context, k *Keeper, what string, to Carrier,
	read func(ctx context.Context, station string, after int64, most int) ([]T, error),
	bring func(context.Context, []T) error, number func(T) int64,
) error {
	d := engine.Departure{Station: k.Station, What: what, Destination: to.Destination()}
	now := k.Now()
	held := now.Add(turn)
	upTo, ok, err := k.Chain.TakeTurn(ctx, d, now, held)
	if err != nil || !ok {
		return err
	}
	for err == nil {
		var some []T
		if some, err = read(ctx, k.Station, upTo, atOnce); err != nil || len(some) == 0 {
			break
		}
		if err = within(ctx, bringing, func(ctx context.Context) error { return bring(ctx, some) }); err != nil {
			err = fmt.Errorf("bring %s to %s: %w", what, d.Destination, err)
			break
		}
		upTo = number(some[len(some)-1])
		until := k.Now().Add(turn)
		err = k.Chain.Arrived(context.WithoutCancel(ctx), d, held, until, upTo) // it has arrived, whoever stops now
		held = until
	}
	if engine.Is(err, engine.Overtaken) {
		return nil // somebody else has the turn
	}
	return errors.Join(err, k.Chain.Arrived(context.WithoutCancel(ctx), d, held, time.Time{}, upTo))
}

func within(ctx context.Context, most time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	return do(ctx)
}
