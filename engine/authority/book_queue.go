package authority

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

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

// whole after an id, which cannot have it, says that no longer one is meant.
const whole = "="

// WholeID is what finds the request with this id, whatever others begin with it.
func WholeID(id string) string { return id + whole }

// No id has a character as high as the one that ends the range.
const (
	selectBeginning = selectEntry + ` WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 5`
	afterAll        = "\uffff"
)

// requestBeginning finds the one request whose id begins with a text. One that is
// the text is not taken when others begin with it: whoever typed it may have meant
// one of those.
func (b *book) requestBeginning(ctx context.Context, op, beginning string) (entry, error) {
	id, exact := strings.CutSuffix(beginning, whole)
	end := id + afterAll
	if exact {
		end = id + "\x00"
	}
	if id == "" {
		return entry{}, unknown(op, "a request %q", engine.Clean(beginning))
	}
	rows, err := b.db.QueryContext(ctx, selectBeginning, id, end)
	if err != nil {
		return entry{}, storeTrouble(op, err)
	}
	found, err := readEntries(rows)
	switch {
	case err != nil:
		return entry{}, err
	case len(found) == 0:
		return entry{}, unknown(op, "a request %q", engine.Clean(beginning))
	case len(found) > 1:
		return entry{}, ambiguous(op, id, found)
	}
	return found[0], nil
}

// ambiguous names the requests that could be meant, but not too many.
func ambiguous(op, beginning string, found []entry) error {
	var ids []string
	for _, e := range found {
		ids = append(ids, e.ID)
	}
	if len(ids) > 4 {
		ids[4] = "…"
	}
	more := "give more of the id"
	if ids[0] == beginning {
		more += fmt.Sprintf(", or %q for the first alone", WholeID(beginning))
	}
	return refuse(op, engine.BadInput, "several requests begin with %q: %s: %s", beginning, strings.Join(ids, ", "), more)
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
