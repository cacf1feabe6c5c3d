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
	r := dueReader{
		look: s.look, last: dueRow{at: math.MinInt64},
		pages: make(chan []engine.DueFacts, 1), used: make(chan []engine.DueFacts, 3),
	}
	go r.read(ctx)
	defer func() { // the reader has ended when EachDue returns
		cancel()
		for range r.pages {
		}
	}()
	for page := range r.pages {
		for _, facts := range page {
			if err := f(facts); err != nil {
				return err
			}
		}
		r.used <- page
	}
	return r.err
}

// dueReader reads page after page, one ahead of who uses them.
type dueReader struct {
	look  func(ctx context.Context, op string, f func(*sql.Tx) error) error
	last  dueRow
	pages chan []engine.DueFacts // closed after the last
	used  chan []engine.DueFacts // are filled again
	err   error                  // why it ended, when pages is closed
}

// dueRow is where reading has come to.
type dueRow struct {
	at   int64
	card string
}

func (r *dueReader) read(ctx context.Context) {
	defer close(r.pages)
	for {
		var page []engine.DueFacts
		select {
		case page = <-r.used:
		default: // at first, when none was used yet
			page = make([]engine.DueFacts, 0, duePage)
		}
		if page, r.err = r.page(ctx, page[:0]); r.err != nil || len(page) == 0 {
			return
		}
		select {
		case r.pages <- page:
		case <-ctx.Done(): // nobody reads on, or else the next page says why
		}
	}
}

// page reads the cards after the last one, and moves that on.
func (r *dueReader) page(ctx context.Context, page []engine.DueFacts) ([]engine.DueFacts, error) {
	err := r.look(ctx, "read due cards", func(tx *sql.Tx) error {
		return each(ctx, tx, func(rows *sql.Rows) error {
			facts, err := r.scan(rows)
			page = append(page, facts)
			return err
		}, `
			SELECT next_expiry, card, due, person FROM due
			WHERE (next_expiry, card) > ($1, $2) ORDER BY next_expiry, card LIMIT $3`, r.last.at, r.last.card, duePage)
	})
	return page, err
}

func (r *dueReader) scan(rows *sql.Rows) (f engine.DueFacts, err error) {
	var (
		due    string
		person sql.NullString
	)
	if err := rows.Scan(&r.last.at, &r.last.card, &due, &person); err != nil {
		return f, err
	}
	if f.Record, err = unpackDue(due); err != nil || !person.Valid {
		return f, err
	}
	f.Person, err = unpackPerson(person.String)
	f.Known = err == nil
	return f, err
}
