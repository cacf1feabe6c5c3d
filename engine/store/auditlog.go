package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"cardkiosk/engine"
)

// EachAudit calls f with the rows that a filter takes, the oldest first; with a
// limit, the newest ones.
func (s *Store) EachAudit(ctx context.Context, filter engine.AuditFilter, f func(engine.ChainedRow) error) error {
	where, args := auditWhere(filter)
	query := `SELECT ` + auditColumns + ` FROM audit` + where + ` ORDER BY seq`
	if filter.Newest > 0 {
		query = fmt.Sprintf(`SELECT * FROM (%s DESC LIMIT %d) AS newest ORDER BY seq`, query, filter.Newest)
	}
	return s.look(ctx, "read audit", func(tx *sql.Tx) error {
		return each(ctx, tx, func(rows *sql.Rows) error {
			r, err := scanAudit(rows)
			if err != nil {
				return err
			}
			return f(r)
		}, query, args...)
	})
}

// auditWhere is a filter as SQL. A card is named by its id or by the
// number printed on it.
func auditWhere(filter engine.AuditFilter) (where string, args []any) {
	var all []string
	add := func(condition string, value any) {
		args = append(args, value)
		all = append(all, strings.ReplaceAll(condition, "?", fmt.Sprintf("$%d", len(args))))
	}
	for _, c := range []struct{ column, value string }{
		{"user_id", string(filter.User)}, {"who", filter.Who}, {"act", filter.Act}, {"run", string(filter.Run)}, {"station", filter.Station},
	} {
		if c.value != "" {
			add(c.column+" = ?", c.value)
		}
	}
	if filter.Card != "" {
		add("(card = ? OR card IN (SELECT id FROM cards WHERE serial = ?))", filter.Card)
	}
	if !filter.Since.IsZero() {
		add("at >= ?", stamp(filter.Since))
	}
	if !filter.Until.IsZero() {
		add("at < ?", stamp(filter.Until))
	}
	if len(all) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(all, " AND "), args
}
