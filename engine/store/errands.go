package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"cardkiosk/engine"
)

// errandFormat counts the changes of meaning of a deed's JSON. Errands of a
// newer format are left to the newer kiosk that wrote them.
//
// Format 2 has releases: who knows only 1 would revoke instead.
const errandFormat = 2

// format is the least that whoever does the deed must know.
func (d deed) format() int {
	if d.Revoke != nil && d.Revoke.Release {
		return errandFormat
	}
	return 1
}

// deed is what an errand is to do. Exactly one field is set.
type deed struct {
	Publication *engine.Publication  `json:"publication,omitempty"`
	Access      *engine.AccessNote   `json:"access,omitempty"`
	Revoke      *engine.RevokeErrand `json:"revoke,omitempty"`
}

// kind tells what must stay in order among the errands of one card: a directory
// that refuses holds up no revocation.
func (d deed) kind() string {
	switch {
	case d.Publication != nil:
		return "publication"
	case d.Access != nil:
		return "access"
	}
	return "revocation"
}

// about tells revocations of one certificate from those of another. Of one
// certificate a hold, its release and a revocation for good stay in order.
func (d deed) about() string {
	if d.Revoke == nil {
		return ""
	}
	return d.Revoke.CA + " " + d.Revoke.Serial
}

// noEarlier is the rule by which a card's errands of one kind, and about the same,
// stay in order: one waits while an earlier one does whose time has come, which it has also when it
// was tried before; the moment in question follows.
const noEarlier = `
	state = 'waiting' AND format <= $1 AND NOT EXISTS (
		SELECT 1 FROM errands AS earlier
		WHERE earlier.card = errands.card AND earlier.kind = errands.kind AND earlier.about = errands.about AND earlier.seq < errands.seq AND earlier.state = 'waiting'
			AND (earlier.tries > 0 OR earlier.due <= `

// addErrand puts an errand behind the others of its card. One that is there
// already, done or not, stays as it is.
func addErrand(ctx context.Context, tx *sql.Tx, e engine.Errand) error {
	d := deed{e.Publication, e.Access, e.Revoke}
	whole, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("write errand %s: %w", e.ID, err)
	}
	_, err = exec(ctx, tx, `
		INSERT INTO errands (id, card, seq, user_id, run, created, state, due, try_at, tries, reason, format, deed, kind, about)
		VALUES ($1, $2, (SELECT COALESCE(MAX(seq), 0) + 1 FROM errands WHERE card = $2),
			$3, $4, $5, 'waiting', $6, $6, $7, '', $8, $9, $10, $11)
		ON CONFLICT (id) DO NOTHING`,
		e.ID, e.Card, e.User, e.Run, stamp(e.Created), stamp(e.Due), e.Tries, d.format(), string(whole), d.kind(), d.about())
	return err
}

// TakeErrand returns the errand that has been due longest, counts a try for it
// and keeps it from others until the time given; Tries is how many there were
// before. Those of one card, kind and certificate come one at a time, in the order
// they were created; one whose time has not come holds up no other.
func (s *Store) TakeErrand(ctx context.Context, now, until time.Time) (e engine.Errand, ok bool, err error) {
	err = s.change(ctx, "take errand", func(tx *sql.Tx) error {
		taken, err := collect(ctx, tx, scanErrand, `
			UPDATE errands SET try_at = $3, tries = tries + 1
			WHERE id = (SELECT id FROM errands WHERE try_at <= $2 AND `+noEarlier+`$2)) ORDER BY try_at, created, id LIMIT 1)
			RETURNING id, card, user_id, run, created, due, tries - 1, deed`,
			errandFormat, stamp(now), stamp(until))
		if err == nil && len(taken) > 0 {
			e, ok = taken[0], true
		}
		return err
	})
	if err != nil {
		return engine.Errand{}, false, err
	}
	return e, ok, nil
}

func scanErrand(rows *sql.Rows) (e engine.Errand, err error) {
	var (
		created, due sql.NullInt64
		whole        string
		d            deed
	)
	if err := rows.Scan(&e.ID, &e.Card, &e.User, &e.Run, &created, &due, &e.Tries, &whole); err != nil {
		return e, err
	}
	if err := json.Unmarshal([]byte(whole), &d); err != nil {
		return e, fmt.Errorf("read errand %s: %w", e.ID, err)
	}
	e.Created, e.Due = fromStamp(created), fromStamp(due)
	e.Publication, e.Access, e.Revoke = d.Publication, d.Access, d.Revoke
	return e, nil
}

// errands is their table as a queue.
var errands = queue{
	thing: "errand", place: "the store",
	find:  `SELECT COUNT(*) FROM errands WHERE id = $1`,
	done:  `UPDATE errands SET state = 'done', done = $1 WHERE id = $2`,
	later: `UPDATE errands SET try_at = COALESCE($1, try_at), reason = $2, state = $3 WHERE id = $4 AND state = 'waiting'`,
}

// ErrandDone notes that an errand is done, whatever was noted of it before.
func (s *Store) ErrandDone(ctx context.Context, id string, at time.Time) error {
	return s.settle(ctx, errands, id, at)
}

// DeferErrand sets when an errand is tried next and why it was not done; at
// zero it is given up for good.
func (s *Store) DeferErrand(ctx context.Context, id string, at time.Time, why string) error {
	return s.putOff(ctx, errands, id, at, why)
}

// NextErrand returns when the next errand can be taken; ok is false when none
// waits. One that waits for an earlier one of its card does not count.
func (s *Store) NextErrand(ctx context.Context) (at time.Time, ok bool, err error) {
	var next sql.NullInt64
	err = s.look(ctx, "look for errands", func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT MIN(try_at) FROM errands WHERE `+noEarlier+`errands.try_at))`, errandFormat).Scan(&next)
	})
	return fromStamp(next), next.Valid && err == nil, err
}

// CountErrands counts the errands that were tried in vain and wait for another
// try, and those that were given up since the time given. Of one that was given
// up, try_at is until when its last worker held it: minutes after at most.
func (s *Store) CountErrands(ctx context.Context, since time.Time) (late, givenUp int, err error) {
	err = s.look(ctx, "count errands", func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `
			SELECT COUNT(CASE WHEN state = 'waiting' AND tries > 0 AND reason <> '' THEN 1 END),
				COUNT(CASE WHEN state = 'given up' AND try_at >= $1 THEN 1 END)
			FROM errands WHERE state <> 'done'`, stamp(since)).Scan(&late, &givenUp)
	})
	return late, givenUp, err
}
