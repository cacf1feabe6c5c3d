package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"cardkiosk/engine"
)

// Record writes the card's record, the letters, the errands, the audit row and
// the notes in one transaction, and ends the run when o.End is not "". One of o.Notes must
// say that the record step is done: when the journal has that note already,
// nothing is written and the answer is nil. Kind Overtaken when the fence is
// old, also then: who is overtaken must not go on to the next step.
func (s *Store) Record(ctx context.Context, id engine.RunID, lease engine.Lease, o engine.Outcome) error {
	i := slices.IndexFunc(o.Notes, func(n engine.Note) bool { return n.Kind == engine.Done })
	if i < 0 {
		return &engine.Error{Op: "record outcome", Kind: engine.Broken, Run: id, Err: errors.New("no note says that the record is done")}
	}
	return s.change(ctx, "record outcome", func(tx *sql.Tx) error {
		recorded, err := noted(ctx, tx, id, lease, o.Notes[i])
		if err != nil || recorded {
			return err
		}
		return record(ctx, tx, id, lease, o)
	})
}

func record(ctx context.Context, tx *sql.Tx, id engine.RunID, lease engine.Lease, o engine.Outcome) error {
	if err := keepLease(ctx, tx, "record outcome", id, lease); err != nil {
		return err
	}
	if err := putRecord(ctx, tx, "record outcome", o.Record); err != nil {
		return err
	}
	for _, l := range o.Letters {
		if err := addLetter(ctx, tx, l); err != nil {
			return err
		}
	}
	for _, e := range o.Errands {
		if err := addErrand(ctx, tx, e); err != nil {
			return err
		}
	}
	if err := keepRequests(ctx, tx, o.Requests); err != nil {
		return err
	}
	for _, row := range append([]engine.AuditRow{o.Audit}, o.Also...) {
		if err := addAudit(ctx, tx, row); err != nil {
			return err
		}
	}
	if err := addNotes(ctx, tx, id, o.Notes); err != nil {
		return err
	}
	return endRun(ctx, tx, id, lease, o.End)
}

// Rest writes the outcome of a run that waits for a CA, in one transaction, and
// lets the card go; the run stays open.
func (s *Store) Rest(ctx context.Context, id engine.RunID, lease engine.Lease, o engine.Outcome) error {
	return s.change(ctx, "put run down", func(tx *sql.Tx) error {
		if err := record(ctx, tx, id, lease, o); err != nil {
			return err
		}
		return freeLease(ctx, tx, id)
	})
}

// noted reports whether the journal has this note about a step, for who holds
// the card's last fence; for others it is false. The run may have ended.
func noted(ctx context.Context, tx *sql.Tx, id engine.RunID, lease engine.Lease, note engine.Note) (bool, error) {
	var last int64
	err := tx.QueryRowContext(ctx, `
		SELECT leases.fence FROM runs JOIN leases ON leases.card = runs.card WHERE runs.id = $1`, id).Scan(&last)
	if errors.Is(err, sql.ErrNoRows) || err == nil && last != lease.Fence {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	notes, err := notesOf(ctx, tx, id)
	return slices.ContainsFunc(notes, func(n engine.Note) bool {
		return n.Step == note.Step && n.Undo == note.Undo && n.Kind == note.Kind
	}), err
}
