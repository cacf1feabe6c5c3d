package authority

import (
	"context"
	"database/sql"

	"cardkiosk/engine"
)

// requests lists what is kept in one of the states, at most two, under a template;
// none and "" stand for all. Those that came first come first.
func (b *book) requests(ctx context.Context, states []requestState, template string) ([]entry, error) {
	query, args := selectEntry+` WHERE ($1 = '' OR template = $1)`, []any{template}
	if len(states) > 0 {
		query += ` AND state IN ($2, $3)`
		args = append(args, string(states[0]), string(states[len(states)-1]))
	}
	rows, err := b.db.QueryContext(ctx, query+` ORDER BY received, id`, args...)
	if err != nil {
		return nil, storeTrouble("list requests", err)
	}
	return readEntries(rows)
}

// requestBeginning finds the one request whose id is, or begins with, a text.
func (b *book) requestBeginning(ctx context.Context, op, beginning string) (entry, error) {
	rows, err := b.db.QueryContext(ctx, selectEntry+` WHERE substr(id, 1, length($1)) = $1 ORDER BY id LIMIT 2`, beginning)
	if err != nil {
		return entry{}, storeTrouble(op, err)
	}
	found, err := readEntries(rows)
	switch {
	case err != nil:
		return entry{}, err
	case len(found) == 0 || beginning == "":
		return entry{}, unknown(op, "a request %q", engine.Clean(beginning))
	case len(found) == 2 && found[0].ID != beginning: // a whole id comes before what it begins
		return entry{}, refuse(op, engine.BadInput, "several requests begin with %q: give more of the id", beginning)
	}
	return found[0], nil
}

func readEntries(rows *sql.Rows) ([]entry, error) {
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var all []entry
	for rows.Next() {
		e, err := readEntry(rows.Scan)
		if err != nil {
			return nil, storeTrouble("list requests", err)
		}
		all = append(all, e)
	}
	return all, storeTrouble("list requests", rows.Err())
}
