package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cardkiosk/engine"
)

// factsFormat counts the changes of meaning of an engine.Record's JSON.
const factsFormat = 1

// usersAtOnce bounds one question's parameters.
const usersAtOnce = 500

// Card returns the record of a card; ok is false when there is none.
func (s *Store) Card(ctx context.Context, id engine.CardID) (r engine.Record, ok bool, err error) {
	err = s.look(ctx, "read card", func(tx *sql.Tx) error {
		found, err := collect(ctx, tx, scanRecord, `SELECT id, format, version, facts FROM cards WHERE id = $1`, id)
		if err == nil && len(found) > 0 {
			r, ok = found[0], true
		}
		return err
	})
	return r, ok, err
}

// CardsOf returns the records of each of these users' cards, in the order of
// their serial numbers.
func (s *Store) CardsOf(ctx context.Context, users ...engine.UserID) ([]engine.Record, error) {
	users = slices.Compact(slices.Sorted(slices.Values(users)))
	var all []engine.Record
	err := s.look(ctx, "read users' cards", func(tx *sql.Tx) error {
		for chunk := range slices.Chunk(users, usersAtOnce) {
			found, err := collect(ctx, tx, scanRecord,
				`SELECT id, format, version, facts FROM cards WHERE user_id IN (`+places(len(chunk))+`)`, anys(chunk)...)
			if err != nil {
				return err
			}
			all = append(all, found...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b engine.Record) int {
		return cmp.Or(strings.Compare(a.Card.Serial, b.Card.Serial), cmp.Compare(a.Card.ID, b.Card.ID))
	})
	return all, nil
}

// places returns "$1, $2, …".
func places(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("$%d", i+1)
	}
	return strings.Join(all, ", ")
}

func anys[T any](all []T) []any {
	args := make([]any, len(all))
	for i, one := range all {
		args[i] = one
	}
	return args
}

func scanRecord(rows *sql.Rows) (engine.Record, error) {
	var (
		id, facts string
		format    int
		r         engine.Record
	)
	if err := rows.Scan(&id, &format, &r.Version, &facts); err != nil {
		return engine.Record{}, err
	}
	if err := readable("record of card "+id, format, factsFormat); err != nil {
		return engine.Record{}, err
	}
	if err := json.Unmarshal([]byte(facts), &r); err != nil {
		return engine.Record{}, fmt.Errorf("read record of card %s: %w", id, err)
	}
	return r, nil
}

// Assign writes a record that is new, or whose Version is the stored one, and
// its audit row. Kind InWork when a run of the card is open, Overtaken when the
// record was written since it was read; Subject is the station, or the user who
// has the card now.
func (s *Store) Assign(ctx context.Context, r engine.Record, a engine.AuditRow) error {
	return s.change(ctx, "assign card", func(tx *sql.Tx) error {
		if err := notInWork(ctx, tx, r.Card.ID); err != nil {
			return err
		}
		if err := putRecord(ctx, tx, "assign card", r); err != nil {
			return err
		}
		return addAudit(ctx, tx, a)
	})
}

func notInWork(ctx context.Context, tx *sql.Tx, card engine.CardID) error {
	var run, station string
	err := tx.QueryRowContext(ctx, `
		SELECT runs.id, leases.station FROM runs JOIN leases ON leases.card = runs.card
		WHERE runs.card = $1 AND runs.ended IS NULL`, card).Scan(&run, &station)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return &engine.Error{
		Op: "assign card", Kind: engine.InWork, Subject: engine.Clean(station), Run: engine.RunID(run),
		Err: errors.New("an update of the card is not finished"),
	}
}

// putRecord writes a record over the version it was read as, 0 meaning none,
// and its row in due.
func putRecord(ctx context.Context, tx *sql.Tx, op string, r engine.Record) error {
	facts, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write record of card %s: %w", r.Card.ID, err)
	}
	if err := dropDue(ctx, tx, r.Card.ID); err != nil {
		return err
	}
	query := `
		UPDATE cards SET serial = $2, guid = $3, model = $4, user_id = $5, user_name = $6, state = $7, policy = $8,
			next_expiry = $9, written = $10, format = $11, facts = $12, version = version + 1
		WHERE id = $1 AND version = $13`
	if r.Version == 0 {
		query = `
		INSERT INTO cards (id, serial, guid, model, user_id, user_name, state, policy,
			next_expiry, written, format, facts, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 + 1)
		ON CONFLICT (id) DO NOTHING`
	}
	n, err := exec(ctx, tx, query, r.Card.ID, r.Card.Serial, r.Card.GUID, r.Card.Model, r.User.ID, r.User.Name,
		r.State, r.Policy, stamp(nextExpiry(r)), stamp(r.Written), factsFormat, string(facts), r.Version)
	switch {
	case err != nil:
		return err
	case n == 0:
		return recordMoved(ctx, tx, op, r)
	}
	return addDue(ctx, tx, r)
}

// recordMoved says who has the card whose record is not the one that was read.
func recordMoved(ctx context.Context, tx *sql.Tx, op string, r engine.Record) error {
	var (
		user    string
		version int64
	)
	err := tx.QueryRowContext(ctx, `SELECT user_name, version FROM cards WHERE id = $1`, r.Card.ID).Scan(&user, &version)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return &engine.Error{
		Op: op, Kind: engine.Overtaken, Subject: engine.Clean(user),
		Err: fmt.Errorf("the record of card %s is of version %d, not %d", r.Card.ID, version, r.Version),
	}
}

// nextExpiry is when the first certificate that is watched ends: ours and those
// that are followed and still there, not former ones.
func nextExpiry(r engine.Record) time.Time {
	var first time.Time
	earlier := func(t time.Time) {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	for _, m := range r.Managed {
		earlier(m.NotAfter)
	}
	for _, t := range r.Tracked {
		if !t.Ignored && t.Gone.IsZero() {
			earlier(t.NotAfter)
		}
	}
	return first
}
