package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"cardkiosk/engine"
)

// requestFormat counts the changes of meaning of an engine.Request's JSON. Requests
// of a newer format are asked about by the newer kiosk that wrote them.
const requestFormat = 1

const selectRequest = `SELECT id, format, version, next, stands FROM requests`

func scanRequest(rows *sql.Rows) (q engine.Request, err error) {
	var (
		id, stands string
		format     int
		version    int64
		next       sql.NullInt64
	)
	if err := rows.Scan(&id, &format, &version, &next, &stands); err != nil {
		return q, err
	}
	if err := readable("request "+id, format, requestFormat); err != nil {
		return q, err
	}
	if err := json.Unmarshal([]byte(stands), &q); err != nil {
		return q, fmt.Errorf("read request %s: %w", id, err)
	}
	q.Version, q.Next = version, fromStamp(next)
	return q, nil
}

// RequestsOf returns the requests of a card's last update that waited, in the
// order of its plan, and those of older ones that are watched.
func (s *Store) RequestsOf(ctx context.Context, card engine.CardID) (all []engine.Request, err error) {
	err = s.look(ctx, "read requests", func(tx *sql.Tx) error {
		all, err = collect(ctx, tx, scanRequest, selectRequest+` WHERE card = $1 AND (last = 1 OR watched = 1) ORDER BY last, seq`, card)
		return err
	})
	return all, err
}

// Orphans lists the requests that brought a certificate after their update had been
// cancelled.
func (s *Store) Orphans(ctx context.Context) (all []engine.Request, err error) {
	err = s.look(ctx, "read orphans", func(tx *sql.Tx) error {
		all, err = collect(ctx, tx, scanRequest, selectRequest+` WHERE orphan <> '' ORDER BY id`)
		return err
	})
	return all, err
}

// keepRequests writes the requests of a run with its record: they are the card's
// last. Nobody who has taken one can write it any more.
func keepRequests(ctx context.Context, tx *sql.Tx, requests []engine.Request) error {
	for i, q := range requests {
		if i == 0 {
			if _, err := exec(ctx, tx, `UPDATE requests SET last = 0 WHERE card = $1 AND last = 1 AND run <> $2`, q.Card.ID, q.Run); err != nil {
				return err
			}
		}
		stands, err := json.Marshal(q)
		if err != nil {
			return fmt.Errorf("write request %s: %w", q.ID, err)
		}
		_, err = exec(ctx, tx, `
			INSERT INTO requests (id, card, run, seq, state, watched, orphan, last, next, version, format, stands)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, 1, $9, $10)
			ON CONFLICT (id) DO UPDATE SET state = excluded.state, watched = excluded.watched, orphan = excluded.orphan, last = 1,
				next = excluded.next, taken = NULL, version = requests.version + 1, format = excluded.format, stands = excluded.stands`,
			q.ID, q.Card.ID, q.Run, i, q.State, bit(q.Watched), q.Orphan, stamp(q.Next), requestFormat, string(stands))
		if err != nil {
			return err
		}
	}
	return nil
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TakeRequests returns requests whose time has come, those first that have waited
// longest, and keeps other workers off them until the time given.
func (s *Store) TakeRequests(ctx context.Context, now, until time.Time, most int) ([]engine.Request, error) {
	return s.takeRequests(ctx, until, `next <= $3 AND (taken IS NULL OR taken <= $3) ORDER BY next, id LIMIT $4`, stamp(now), most)
}

// TakeRequestsOf is TakeRequests for one card, whether their time has come or not.
func (s *Store) TakeRequestsOf(ctx context.Context, card engine.CardID, now, until time.Time) ([]engine.Request, error) {
	return s.takeRequests(ctx, until, `card = $4 AND next IS NOT NULL AND (taken IS NULL OR taken <= $3) ORDER BY next, id`, stamp(now), card)
}

func (s *Store) takeRequests(ctx context.Context, until time.Time, which string, args ...any) (taken []engine.Request, err error) {
	err = s.change(ctx, "take requests", func(tx *sql.Tx) error {
		taken, err = collect(ctx, tx, scanRequest, `
			UPDATE requests SET taken = $1, version = version + 1
			WHERE id IN (SELECT id FROM requests WHERE format <= $2 AND `+which+`)
			RETURNING id, format, version, next, stands`, append([]any{stamp(until), requestFormat}, args...)...)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(taken, func(a, b engine.Request) int {
		return cmp.Or(a.Next.Compare(b.Next), cmp.Compare(a.ID, b.ID))
	})
	return taken, nil
}

// NextRequest returns when the next request is to be asked about, or, while
// somebody is at it, when their time has run out.
func (s *Store) NextRequest(ctx context.Context) (at time.Time, ok bool, err error) {
	var next sql.NullInt64
	err = s.look(ctx, "look for requests", func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT MIN(MAX(next, COALESCE(taken, next))) FROM requests WHERE next IS NOT NULL AND format <= $1`, requestFormat).Scan(&next)
	})
	return fromStamp(next), next.Valid && err == nil, err
}

// SettleRequests writes what became of requests that were taken, and what is told
// of it. Those that somebody else has written since are left alone, with all that
// belongs to them.
func (s *Store) SettleRequests(ctx context.Context, settled ...engine.Settled) error {
	return s.change(ctx, "settle requests", func(tx *sql.Tx) error {
		for _, one := range settled {
			if err := settleRequest(ctx, tx, one); err != nil {
				return err
			}
		}
		return nil
	})
}

func settleRequest(ctx context.Context, tx *sql.Tx, one engine.Settled) error {
	q := one.Request
	stands, err := json.Marshal(q)
	if err != nil {
		return fmt.Errorf("write request %s: %w", q.ID, err)
	}
	n, err := exec(ctx, tx, `
		UPDATE requests SET state = $3, watched = $4, orphan = $5, next = $6, taken = NULL, version = version + 1, format = $7, stands = $8
		WHERE id = $1 AND version = $2`,
		q.ID, q.Version, q.State, bit(q.Watched), q.Orphan, stamp(q.Next), requestFormat, string(stands))
	if err != nil || n == 0 {
		return err
	}
	for _, l := range one.Letters {
		if err := addLetter(ctx, tx, l); err != nil {
			return err
		}
	}
	for _, row := range one.Audit {
		if err := addAudit(ctx, tx, row); err != nil {
			return err
		}
	}
	return nil
}
