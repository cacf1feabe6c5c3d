package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"cardkiosk/engine"
)

var _ engine.OutboxList = (*Store)(nil)

// ListLetters returns the letters that were not sent: those that wait as they are
// due, then those given up since the time given, the latest first. Of a letter
// that was given up, due is until when its last courier held it: minutes after
// at most.
func (s *Store) ListLetters(ctx context.Context, since time.Time) (all []engine.Unsent, err error) {
	err = s.look(ctx, "list letters", func(tx *sql.Tx) error {
		all, err = collect(ctx, tx, scanUnsent, `
			SELECT id, card, recipient, created, tries, state, due, reason, format, notice,
				state = 'waiting' AND EXISTS (
					SELECT 1 FROM outbox AS earlier
					WHERE earlier.card = outbox.card AND earlier.state = 'waiting' AND earlier.created < outbox.created)
			FROM outbox
			WHERE state = 'waiting' OR state = 'given up' AND due >= $1
			ORDER BY state = 'given up', CASE WHEN state = 'waiting' THEN due ELSE -due END, created, id`, stamp(since))
		return err
	})
	return all, err
}

func scanUnsent(rows *sql.Rows) (u engine.Unsent, err error) {
	var (
		created, due sql.NullInt64
		card         engine.CardID
		state        string
		format       int
		notice       string
	)
	if err := rows.Scan(&u.ID, &card, &u.To, &created, &u.Tries, &state, &due, &u.Words, &format, &notice, &u.Behind); err != nil {
		return u, err
	}
	u.Created, u.Next, u.GaveUp = fromStamp(created), fromStamp(due), state == "given up"
	if format > noticeFormat {
		u.Newer, u.Notice.Card.ID = true, card
		return u, nil
	}
	if err := json.Unmarshal([]byte(notice), &u.Notice); err != nil {
		return u, fmt.Errorf("read letter %s: %w", u.ID, err)
	}
	return u, nil
}
