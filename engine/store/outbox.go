package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"cardkiosk/engine"
)

// noticeFormat counts the changes of meaning of an engine.Notice's JSON.
// Letters of a newer format are left to the newer kiosk that wrote them.
const noticeFormat = 1

// first is the rule by which a card's letters stay in order: one waits while an
// earlier one of the same card does. Letters of the same moment do not wait for
// each other: they tell the same thing to several people. Nor do letters of no
// card.
const first = `
	state = 'waiting' AND format <= $1 AND NOT EXISTS (
		SELECT 1 FROM outbox AS earlier
		WHERE earlier.card = outbox.card AND earlier.card <> '' AND earlier.state = 'waiting' AND earlier.created < outbox.created)`

// sameTold is the rule by which an address gets one letter about an event, however
// it was named: $1 to $4 are card, moment, notice and recipient.
const sameTold = `SELECT COUNT(*) FROM outbox WHERE card = $1 AND created = $2 AND notice = $3 AND LOWER(recipient) = LOWER($4)`

// addLetter puts a letter into the outbox. One that is there already, sent or
// not, stays as it is.
func addLetter(ctx context.Context, tx *sql.Tx, l engine.Letter) error {
	notice, err := json.Marshal(l.Notice)
	if err != nil {
		return fmt.Errorf("write letter %s: %w", l.ID, err)
	}
	var n int
	err = tx.QueryRowContext(ctx, sameTold, l.Notice.Card.ID, stamp(l.Created), string(notice), l.To).Scan(&n)
	if err != nil || n > 0 {
		return err
	}
	_, err = exec(ctx, tx, `
		INSERT INTO outbox (id, card, recipient, created, state, due, tries, reason, format, notice)
		VALUES ($1, $2, $3, $4, 'waiting', $4, $5, '', $6, $7)
		ON CONFLICT (id) DO NOTHING`,
		l.ID, l.Notice.Card.ID, l.To, stamp(l.Created), l.Tries, noticeFormat, string(notice))
	return err
}

// TakeDue returns up to most letters whose time has come, those first that have
// been due longest, so that one that fails each time keeps no other from its
// turn. It keeps them from other couriers until the time given. It counts a try for
// each; Tries is how many there were before.
func (s *Store) TakeDue(ctx context.Context, now, until time.Time, most int) (due []engine.Letter, err error) {
	err = s.change(ctx, "take letters", func(tx *sql.Tx) error {
		due, err = collect(ctx, tx, scanLetter, `
			UPDATE outbox SET due = $3, tries = tries + 1
			WHERE state = 'waiting' AND due <= $2 AND id IN (
				SELECT id FROM outbox WHERE due <= $2 AND `+first+` ORDER BY due, created, id LIMIT $4)
			RETURNING id, recipient, created, tries - 1, notice`,
			noticeFormat, stamp(now), stamp(until), most)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(due, func(a, b engine.Letter) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID))
	})
	return due, nil
}

func scanLetter(rows *sql.Rows) (l engine.Letter, err error) {
	var (
		created sql.NullInt64
		notice  string
	)
	if err := rows.Scan(&l.ID, &l.To, &created, &l.Tries, &notice); err != nil {
		return l, err
	}
	l.Created = fromStamp(created)
	if err := json.Unmarshal([]byte(notice), &l.Notice); err != nil {
		return l, fmt.Errorf("read letter %s: %w", l.ID, err)
	}
	return l, nil
}

// letters is the outbox as a queue.
var letters = queue{
	thing: "letter", place: "the outbox",
	find:  `SELECT COUNT(*) FROM outbox WHERE id = $1`,
	done:  `UPDATE outbox SET state = 'sent', sent = $1 WHERE id = $2`,
	later: `UPDATE outbox SET due = COALESCE($1, due), reason = $2, state = $3 WHERE id = $4 AND state = 'waiting'`,
}

// Sent notes that a letter was sent, whatever was noted of it before.
func (s *Store) Sent(ctx context.Context, id string, at time.Time) error {
	return s.settle(ctx, letters, id, at)
}

// Defer sets when a letter is tried next and why it was not sent; at zero it is
// given up for good.
func (s *Store) Defer(ctx context.Context, id string, at time.Time, why string) error {
	return s.putOff(ctx, letters, id, at, why)
}

// Expand closes a letter and puts others in its place, which are told the same
// event. Created is as it was, so they keep its turn among the card's. One to an
// address that the event was told to already is left out.
func (s *Store) Expand(ctx context.Context, id string, e engine.Expansion) error {
	return s.change(ctx, "expand letter", func(tx *sql.Tx) error {
		if err := letters.has(ctx, tx, id); err != nil {
			return err
		}
		n, err := exec(ctx, tx, `
			UPDATE outbox SET state = 'closed', due = $1, reason = $2 WHERE id = $3 AND state = 'waiting'`, stamp(e.At), e.Why, id)
		if err != nil || n == 0 {
			return err
		}
		for _, l := range e.Letters {
			if err := addLetterLike(ctx, tx, id, l, e.At); err != nil {
				return err
			}
		}
		if e.Audit != nil {
			return addAudit(ctx, tx, *e.Audit)
		}
		return nil
	})
}

// addLetterLike puts a letter into the outbox that tells what another tells, word
// for word, unless its address has one.
func addLetterLike(ctx context.Context, tx *sql.Tx, id string, l engine.Letter, due time.Time) error {
	var (
		card, notice    string
		created, format int64
		n               int
	)
	err := tx.QueryRowContext(ctx, `SELECT card, created, notice, format FROM outbox WHERE id = $1`, id).Scan(&card, &created, &notice, &format)
	if err == nil {
		err = tx.QueryRowContext(ctx, sameTold, card, created, notice, l.To).Scan(&n)
	}
	if err != nil || n > 0 {
		return err
	}
	_, err = exec(ctx, tx, `
		INSERT INTO outbox (id, card, recipient, created, state, due, tries, reason, format, notice)
		VALUES ($1, $2, $3, $4, 'waiting', $5, 0, '', $6, $7)
		ON CONFLICT (id) DO NOTHING`, l.ID, card, l.To, created, stamp(due), format, notice)
	return err
}

// NextDue returns when the next letter is due; ok is false when none waits. A
// letter that waits for an earlier one of its card does not count.
func (s *Store) NextDue(ctx context.Context) (at time.Time, ok bool, err error) {
	var due sql.NullInt64
	err = s.look(ctx, "look into outbox", func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT MIN(due) FROM outbox WHERE `+first, noticeFormat).Scan(&due)
	})
	return fromStamp(due), due.Valid && err == nil, err
}

// Count counts the letters that were not sent yet, and those that were given up
// since the time given. Of a letter that was given up, due is until when its
// last courier held it: minutes after at most.
func (s *Store) Count(ctx context.Context, since time.Time) (waiting, givenUp int, err error) {
	err = s.look(ctx, "count letters", func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `
			SELECT COUNT(CASE WHEN state = 'waiting' THEN 1 END), COUNT(CASE WHEN state = 'given up' AND due >= $1 THEN 1 END)
			FROM outbox WHERE state IN ('waiting', 'given up')`, stamp(since)).Scan(&waiting, &givenUp)
	})
	return waiting, givenUp, err
}
