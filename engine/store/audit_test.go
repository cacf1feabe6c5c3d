package store_test

import (
	"slices"
	"testing"
	"time"

	"cardkiosk/engine"
)

// The audit keeps its rows whole and in their order, and numbers them from one
// without a gap.
func TestAuditOrder(t *testing.T) {
	s := open(t, newPath(t))
	var want, got []engine.AuditRow
	for _, result := range []string{"refused", "failed", "done"} {
		row := auditRow("c1", "r1", result)
		row.Detail = "why it was " + result
		want = append(want, row)
		must(t, s.Write(t.Context(), row))
	}
	rows, err := s.Raw().QueryContext(t.Context(),
		`SELECT seq, at, who, station, mode, act, card, user_id, run, result, detail FROM audit ORDER BY seq`)
	must(t, err)
	defer func() { must(t, rows.Close()) }()
	for rows.Next() {
		var (
			seq, at int64
			a       engine.AuditRow
		)
		must(t, rows.Scan(&seq, &at, &a.Actor.Who, &a.Actor.Station, &a.Actor.Mode, &a.Act, &a.Card, &a.User, &a.Run, &a.Result, &a.Detail))
		a.At = time.UnixMicro(at).UTC()
		got = append(got, a)
		if seq != int64(len(got)) {
			t.Errorf("row %d has number %d", len(got), seq)
		}
	}
	must(t, rows.Err())
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// Nobody changes or deletes a row of the audit, not even by SQL.
func TestAuditOnlyGrows(t *testing.T) {
	s := open(t, newPath(t))
	must(t, s.Write(t.Context(), auditRow("c1", "r1", "failed")))
	for _, deed := range []string{`UPDATE audit SET result = 'done'`, `DELETE FROM audit`} {
		_, err := s.Raw().ExecContext(t.Context(), deed)
		says(t, err, "append-only")
	}
	if n := count(t, s, `SELECT COUNT(*) FROM audit WHERE result = 'failed'`); n != 1 {
		t.Errorf("%d rows left as they were, want 1", n)
	}
}
