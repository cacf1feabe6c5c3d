package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"cardkiosk/engine"
)

// LastTold returns when each subject of a topic was told last.
func (s *Store) LastTold(ctx context.Context, t engine.Topic) (map[string]time.Time, error) {
	last := map[string]time.Time{}
	err := s.look(ctx, "read what was told", func(tx *sql.Tx) error {
		return each(ctx, tx, func(rows *sql.Rows) error {
			var (
				subject string
				at      sql.NullInt64
			)
			err := rows.Scan(&subject, &at)
			last[subject] = fromStamp(at)
			return err
		}, `SELECT subject, at FROM told WHERE card = $1 AND event = $2 AND recipient = $3`, t.Card, t.Event, t.To)
	})
	if err != nil {
		return nil, err
	}
	return last, nil
}

// errFaster ends a transaction in which somebody else was.
var errFaster = errors.New("it was told meanwhile")

// Announce notes that subjects are told, with what tells them. When one of them
// is not as it was when LastTold was asked, nothing happens.
func (s *Store) Announce(ctx context.Context, a engine.Announcement) (ok bool, err error) {
	err = s.change(ctx, "note what is told", func(tx *sql.Tx) error {
		if err := claim(ctx, tx, a); err != nil {
			return err
		}
		if a.Letter != nil {
			if err := addLetter(ctx, tx, *a.Letter); err != nil {
				return err
			}
		}
		if a.Audit != nil {
			return addAudit(ctx, tx, *a.Audit)
		}
		return nil
	})
	if errors.Is(err, errFaster) {
		return false, nil
	}
	return err == nil, err
}

// claim notes that the subjects are told, each only when it was not told since.
func claim(ctx context.Context, tx *sql.Tx, a engine.Announcement) error {
	for subject, before := range a.Subjects {
		query := `
			INSERT INTO told (card, event, recipient, subject, at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (card, event, recipient, subject) DO NOTHING`
		args := []any{a.Topic.Card, a.Topic.Event, a.Topic.To, subject, stamp(a.At)}
		if !before.IsZero() {
			query = `UPDATE told SET at = $5 WHERE card = $1 AND event = $2 AND recipient = $3 AND subject = $4 AND at = $6`
			args = append(args, stamp(before))
		}
		n, err := exec(ctx, tx, query, args...)
		if err != nil {
			return err
		}
		if n != 1 {
			return errFaster
		}
	}
	return nil
}
