package store

import (
	"context"
	"database/sql"
	"slices"

	"cardkiosk/engine"
)

// holdersPage is how many users one transaction of EachHolder reads.
const holdersPage = 1000

// Persons returns what is kept of these users, in the order of their ids.
func (s *Store) Persons(ctx context.Context, ids ...engine.UserID) ([]engine.Person, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	var all []engine.Person
	err := s.look(ctx, "read persons", func(tx *sql.Tx) error {
		for chunk := range slices.Chunk(ids, usersAtOnce) {
			found, err := collect(ctx, tx, scanPerson,
				`SELECT seen, person FROM people WHERE user_id IN (`+places(len(chunk))+`) ORDER BY user_id`, anys(chunk)...)
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
	return all, nil
}

func scanPerson(rows *sql.Rows) (p engine.Person, err error) {
	var (
		seen   sql.NullInt64
		person string
	)
	if err := rows.Scan(&seen, &person); err != nil {
		return p, err
	}
	if p, err = unpackPerson(person); err != nil {
		return p, err
	}
	p.Seen = fromStamp(seen)
	return p, nil
}

// KeepPersons writes persons in one transaction, over what was kept of them.
func (s *Store) KeepPersons(ctx context.Context, persons ...engine.Person) error {
	return s.change(ctx, "keep persons", func(tx *sql.Tx) error {
		for _, p := range persons {
			if err := keepPerson(ctx, tx, p); err != nil {
				return err
			}
		}
		return nil
	})
}

// keepPerson writes a person, and, where something changed, the rows of their
// cards in due: those have the person too, so that reading them by the million
// looks nothing up.
func keepPerson(ctx context.Context, tx *sql.Tx, p engine.Person) error {
	packed, seen := packPerson(p), stamp(p.Seen)
	same, err := exec(ctx, tx, `UPDATE people SET seen = $3 WHERE user_id = $1 AND person = $2`, p.User.ID, packed, seen)
	if err != nil || same > 0 {
		return err
	}
	_, err = exec(ctx, tx, `
		INSERT INTO people (user_id, person, seen) VALUES ($1, $2, $3)
		ON CONFLICT (user_id) DO UPDATE SET person = excluded.person, seen = excluded.seen`, p.User.ID, packed, seen)
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, `
		UPDATE due SET person = $1
		WHERE (next_expiry, card) IN (SELECT COALESCE(next_expiry, $2), id FROM cards WHERE user_id = $3)`,
		packed, int64(never), p.User.ID)
	return err
}

// EachHolder calls each with every user who has a card, in the order of their
// ids, from after the one given, and ends with each's error when there is one.
// No transaction stands open while each works.
func (s *Store) EachHolder(ctx context.Context, after engine.UserID, each func(engine.UserID) error) error {
	for {
		page, err := s.holders(ctx, after)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, id := range page {
			if err := each(id); err != nil {
				return err
			}
		}
		after = page[len(page)-1]
	}
}

func (s *Store) holders(ctx context.Context, after engine.UserID) (page []engine.UserID, err error) {
	scan := func(rows *sql.Rows) (id engine.UserID, err error) { return id, rows.Scan(&id) }
	err = s.look(ctx, "read holders", func(tx *sql.Tx) error {
		page, err = collect(ctx, tx, scan,
			`SELECT DISTINCT user_id FROM cards WHERE user_id > $1 ORDER BY user_id LIMIT $2`, after, holdersPage)
		return err
	})
	return page, err
}

// Snapshot returns how fresh the snapshot is; the zero value before the first.
func (s *Store) Snapshot(ctx context.Context) (state engine.SnapshotState, err error) {
	var told, full, refreshed sql.NullInt64
	err = s.look(ctx, "read snapshot", func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT server, usn, told, group_names, full_pass, refreshed FROM snapshot`).
			Scan(&state.Mark.Server, &state.Mark.USN, &told, &state.Groups, &full, &refreshed)
	})
	state.Mark.At, state.Full, state.Refresh = fromStamp(told), fromStamp(full), fromStamp(refreshed)
	return state, err
}

// KeepSnapshot writes how fresh the snapshot is.
func (s *Store) KeepSnapshot(ctx context.Context, state engine.SnapshotState) error {
	return s.change(ctx, "keep snapshot", func(tx *sql.Tx) error {
		_, err := exec(ctx, tx, `
			UPDATE snapshot SET server = $1, usn = $2, told = $3, group_names = $4, full_pass = $5, refreshed = $6`,
			state.Mark.Server, state.Mark.USN, stamp(state.Mark.At), state.Groups, stamp(state.Full), stamp(state.Refresh))
		return err
	})
}
