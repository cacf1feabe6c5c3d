package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"cardkiosk/engine"
)

// Begin takes the card's lease and writes the run. Kind InWork, with the
// station as Subject, when another station holds the lease; Unfinished, with
// the open run and the station that began it, when the card has one.
func (s *Store) Begin(ctx context.Context, r engine.Run, lease engine.Lease) (fence int64, err error) {
	err = s.change(ctx, "begin run", func(tx *sql.Tx) error {
		if fence, err = takeLease(ctx, tx, "begin run", r.Plan.Card.ID, lease); err != nil {
			return err
		}
		if err := noneOpen(ctx, tx, r.Plan.Card.ID); err != nil {
			return err
		}
		return addRun(ctx, tx, r, fence)
	})
	if err != nil {
		return 0, err
	}
	return fence, nil
}

// noneOpen is nil when the card has no open run.
func noneOpen(ctx context.Context, tx *sql.Tx, card engine.CardID) error {
	var run, station string
	err := tx.QueryRowContext(ctx, `SELECT id, station FROM runs WHERE card = $1 AND ended IS NULL`, card).Scan(&run, &station)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return &engine.Error{
		Op: "begin run", Kind: engine.Unfinished, Effect: engine.CanContinue,
		Subject: engine.Clean(station), Run: engine.RunID(run),
	}
}

func addRun(ctx context.Context, tx *sql.Tx, r engine.Run, fence int64) error {
	whole, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write run %s: %w", r.ID, err)
	}
	_, err = exec(ctx, tx, `
		INSERT INTO runs (id, card, user_id, who, station, fence, started, format, run)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		r.ID, r.Plan.Card.ID, r.Plan.User.ID, r.Actor.Who, r.Actor.Station, fence, stamp(r.Started), r.Plan.Format, string(whole))
	return err
}

// Take takes an open run over: it returns the run with all its notes and a new
// fence. Kind InWork as with Begin, Overtaken when the run has ended meanwhile.
func (s *Store) Take(ctx context.Context, id engine.RunID, lease engine.Lease) (r engine.Run, err error) {
	err = s.change(ctx, "take run over", func(tx *sql.Tx) error {
		if r, err = openRun(ctx, tx, id, lease); err != nil {
			return err
		}
		if r.Fence, err = takeLease(ctx, tx, "take run over", r.Plan.Card.ID, lease); err != nil {
			return err
		}
		r.Notes, err = notesOf(ctx, tx, id)
		return err
	})
	if err != nil {
		return engine.Run{}, err
	}
	return r, nil
}

func openRun(ctx context.Context, tx *sql.Tx, id engine.RunID, lease engine.Lease) (engine.Run, error) {
	found, err := collect(ctx, tx, scanRun, `SELECT id, format, run, ended_as FROM runs WHERE id = $1`, id)
	switch {
	case err != nil:
		return engine.Run{}, err
	case len(found) == 0 || found[0].End != "":
		return engine.Run{}, overtaken(ctx, tx, "take run over", id, lease)
	}
	return found[0], nil
}

// Note adds notes in their order, and ends the run and frees the card when end
// is not "". Kind Overtaken when the fence is old or the run has ended.
func (s *Store) Note(ctx context.Context, id engine.RunID, lease engine.Lease, notes []engine.Note, end engine.RunEnd, c *engine.Closing) error {
	return s.change(ctx, "write note", func(tx *sql.Tx) error {
		if err := keepLease(ctx, tx, "write note", id, lease); err != nil {
			return err
		}
		if err := addNotes(ctx, tx, id, notes); err != nil {
			return err
		}
		if err := closeRun(ctx, tx, c); err != nil {
			return err
		}
		return endRun(ctx, tx, id, lease, end)
	})
}

// closeRun writes what is said when a run ends or stops without an outcome; nil is
// nothing.
func closeRun(ctx context.Context, tx *sql.Tx, c *engine.Closing) error {
	if c == nil {
		return nil
	}
	for _, l := range c.Letters {
		if err := addLetter(ctx, tx, l); err != nil {
			return err
		}
	}
	return addAudit(ctx, tx, c.Audit)
}

func addNotes(ctx context.Context, tx *sql.Tx, run engine.RunID, notes []engine.Note) error {
	for _, n := range notes {
		whole, err := json.Marshal(n)
		if err != nil {
			return fmt.Errorf("write note of run %s: %w", run, err)
		}
		_, err = exec(ctx, tx, `
			INSERT INTO notes (run, seq, note)
			VALUES ($1, (SELECT COALESCE(MAX(seq), 0) + 1 FROM notes WHERE run = $1), $2)`, run, string(whole))
		if err != nil {
			return err
		}
	}
	return nil
}

func endRun(ctx context.Context, tx *sql.Tx, run engine.RunID, lease engine.Lease, end engine.RunEnd) error {
	if end == "" {
		return nil
	}
	if _, err := exec(ctx, tx, `UPDATE runs SET ended = $1, ended_as = $2 WHERE id = $3`, stamp(lease.Now), end, run); err != nil {
		return err
	}
	return freeLease(ctx, tx, run)
}

// Runs returns the runs of a card, the latest first; only an open one has its
// notes, and none has a fence: reading gives no right to write.
func (s *Store) Runs(ctx context.Context, card engine.CardID) (runs []engine.Run, err error) {
	err = s.look(ctx, "read runs", func(tx *sql.Tx) error {
		runs, err = collect(ctx, tx, scanRun, `SELECT id, format, run, ended_as FROM runs WHERE card = $1 ORDER BY fence DESC`, card)
		for i := range runs {
			if err == nil && runs[i].End == "" {
				runs[i].Notes, err = notesOf(ctx, tx, runs[i].ID)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return runs, nil
}

func scanRun(rows *sql.Rows) (engine.Run, error) {
	var (
		id, whole string
		format    int
		end       sql.NullString
		r         engine.Run
	)
	if err := rows.Scan(&id, &format, &whole, &end); err != nil {
		return engine.Run{}, err
	}
	if err := readable("run "+id, format, engine.PlanFormat); err != nil {
		return engine.Run{}, err
	}
	if err := json.Unmarshal([]byte(whole), &r); err != nil {
		return engine.Run{}, fmt.Errorf("read run %s: %w", id, err)
	}
	r.End = engine.RunEnd(end.String)
	return r, nil
}

func notesOf(ctx context.Context, tx *sql.Tx, run engine.RunID) ([]engine.Note, error) {
	scan := func(rows *sql.Rows) (n engine.Note, err error) {
		var whole string
		if err := rows.Scan(&whole); err != nil {
			return n, err
		}
		if err := json.Unmarshal([]byte(whole), &n); err != nil {
			return n, fmt.Errorf("read note of run %s: %w", run, err)
		}
		return n, nil
	}
	return collect(ctx, tx, scan, `SELECT note FROM notes WHERE run = $1 ORDER BY seq`, run)
}
