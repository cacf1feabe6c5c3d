package store

import (
	"database/sql"
	"time"
)

// stamp is a time as the tables keep it: microseconds since 1970 UTC, which
// int64 holds for every year of a certificate (9999, RFC 5280, 4.1.2.5). The
// zero time is NULL.
func stamp(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}

func fromStamp(s sql.NullInt64) time.Time {
	if !s.Valid {
		return time.Time{}
	}
	return time.UnixMicro(s.Int64).UTC()
}
