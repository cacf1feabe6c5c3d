package store

import (
	"context"
	"database/sql"
	"math"

	"cardkiosk/engine"
)

// duePage is how many cards one transaction reads: enough that its cost does
// not show, few enough that the first come at once.
const duePage = 500

// never is where cards stand in due on which nothing ends.
const never = math.MaxInt64

// dueAt is where a card stands in due.
func dueAt(r engine.Record) int64 {
	if at := stamp(nextExpiry(r)); at.Valid {
		return at.Int64
	}
	return never
}

// addDue writes the row of a card that has a user, with what is known of the
// person.
func addDue(ctx context.Context, tx *sql.Tx, r engine.Record) error {
	if r.User.ID == "" {
		return nil
	}
	_, err := exec(ctx, tx, `
		INSERT INTO due (next_expiry, card, due, person)
		VALUES ($1, $2, $3, (SELECT person FROM people WHERE user_id = $4))`, dueAt(r), r.Card.ID, packDue(r), r.User.ID)
	return err
}

// dropDue removes a card's row, before the card's own row changes.
func dropDue(ctx context.Context, tx *sql.Tx, card engine.CardID) error {
	_, err := exec(ctx, tx, `
		DELETE FROM due
		WHERE next_expiry = (SELECT COALESCE(next_expiry, $1) FROM cards WHERE id = $2) AND card = $2`, int64(never), card)
	return err
}

// EachDue calls f with what is known of every card that has a user, in the
// order in which their first certificates end. It holds a page of them in
// memory while the next is read, and no transaction stands open while f works:
// a card that is written meanwhile may come twice, or not at all.
func (s *Store) EachDue(ctx context.Context, f func(engine.DueFacts) error) error {
	ctx, cancel := context.WithCancel(ctx)
	pages := make(chan []engine.DueFacts, 1)
	var failed error
	go func() {
		defer close(pages)
		failed = s.readDue(ctx, pages)
	}()
	defer func() { // the reader has ended when EachDue returns
		cancel()
		for range pages {
		}
	}()
	for page := range pages {
		for _, facts := range page {
			if err := f(facts); err != nil {
				return err
			}
		}
	}
	return failed
}

// readDue reads page after page until the last, or until ctx ends.
func (s *Store) readDue(ctx context.Context, pages chan<- []engine.DueFacts) error {
	last := dueRow{at: math.MinInt64}
	for {
		page, err := s.duePage(ctx, &last)
		if err != nil || len(page) == 0 {
			return err
		}
		select {
		case pages <- page:
		case <-ctx.Done():
			return s.trouble(ctx, "read due cards", ctx.Err())
		}
	}
}

// dueRow is where reading has come to.
type dueRow struct {
	at   int64
	card string
}

// duePage reads the cards after the last one, and moves that on.
func (s *Store) duePage(ctx context.Context, last *dueRow) (page []engine.DueFacts, err error) {
	after := *last
	scan := func(rows *sql.Rows) (engine.DueFacts, error) {
		var (
			due    string
			person sql.NullString
		)
		if err := rows.Scan(&last.at, &last.card, &due, &person); err != nil {
			return engine.DueFacts{}, err
		}
		return dueFacts(due, person)
	}
	err = s.look(ctx, "read due cards", func(tx *sql.Tx) error {
		page, err = collect(ctx, tx, scan, `
			SELECT next_expiry, card, due, person FROM due
			WHERE (next_expiry, card) > ($1, $2) ORDER BY next_expiry, card LIMIT $3`, after.at, after.card, duePage)
		return err
	})
	return page, err
}

func dueFacts(due string, person sql.NullString) (f engine.DueFacts, err error) {
	if f.Record, err = unpackDue(due); err != nil || !person.Valid {
		return f, err
	}
	f.Person, err = unpackPerson(person.String)
	f.Known = err == nil
	return f, err
}
