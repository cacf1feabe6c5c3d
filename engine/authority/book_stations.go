package authority

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"cardkiosk/engine"
)

// Station is a kiosk that may speak to the CA, with one certificate. One that
// was given several certificates appears once for each.
type Station struct {
	Name      string
	Serial    string // of its certificate
	MayAsk    bool   // ask for certificates
	MayRevoke bool   // revoke certificates, also such as others asked for
	Made      time.Time
	NotAfter  time.Time
	Revoked   time.Time // zero: not

	der []byte
}

func (b *book) addStation(ctx context.Context, s Station, audit auditRow) error {
	return b.in(ctx, "keep station", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO stations (serial, name, may_ask, may_revoke, der, made, not_after)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			s.Serial, s.Name, s.MayAsk, s.MayRevoke, s.der, s.Made.Unix(), s.NotAfter.Unix()); err != nil {
			return err
		}
		return audit.write(ctx, tx)
	})
}

const selectStation = `SELECT name, serial, may_ask, may_revoke, made, not_after, coalesce(revoked, 0), der FROM stations`

func readStation(scan func(...any) error) (Station, error) {
	var s Station
	var made, notAfter, revoked int64
	err := scan(&s.Name, &s.Serial, &s.MayAsk, &s.MayRevoke, &made, &notAfter, &revoked, &s.der)
	s.Made, s.NotAfter = instant(made), instant(notAfter)
	if revoked != 0 {
		s.Revoked = instant(revoked)
	}
	return s, err
}

// station returns the station with a certificate of this serial number.
func (b *book) station(ctx context.Context, serial string) (s Station, ok bool, err error) {
	s, err = readStation(b.db.QueryRowContext(ctx, selectStation+` WHERE serial = $1`, serial).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Station{}, false, nil
	}
	return s, err == nil, storeTrouble("look up station", err)
}

// allStations returns every station, by name and then age.
func (b *book) allStations(ctx context.Context) ([]Station, error) {
	rows, err := b.db.QueryContext(ctx, selectStation+` ORDER BY name, made, serial`)
	if err != nil {
		return nil, storeTrouble("list stations", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var all []Station
	for rows.Next() {
		s, err := readStation(rows.Scan)
		if err != nil {
			return nil, storeTrouble("list stations", err)
		}
		all = append(all, s)
	}
	return all, storeTrouble("list stations", rows.Err())
}

// stationRevoked tells when a station was revoked that asked at some time; zero
// when it was not since. A certificate that it got later does not count.
func (b *book) stationRevoked(ctx context.Context, name string, asked time.Time) (time.Time, error) {
	var revoked int64
	err := b.db.QueryRowContext(ctx, `SELECT coalesce(min(revoked), 0) FROM stations WHERE name = $1 AND revoked >= $2`, name, asked.Unix()).Scan(&revoked)
	if err != nil || revoked == 0 {
		return time.Time{}, storeTrouble("look up station", err)
	}
	return instant(revoked), nil
}

// revokeStation revokes every certificate of a station. One that was revoked
// before keeps its time.
func (b *book) revokeStation(ctx context.Context, name string, at time.Time, audit auditRow) error {
	return b.in(ctx, "revoke station", func(tx *sql.Tx) error {
		var known, live int
		if err := tx.QueryRowContext(ctx, `SELECT count(*), count(*) - count(revoked) FROM stations WHERE name = $1`, name).Scan(&known, &live); err != nil {
			return err
		}
		switch {
		case known == 0:
			return unknown("revoke station", "a station %q", engine.Clean(name))
		case live == 0:
			return nil
		}
		if _, err := tx.ExecContext(ctx, `UPDATE stations SET revoked = $2 WHERE name = $1 AND revoked IS NULL`, name, at.Unix()); err != nil {
			return err
		}
		return audit.write(ctx, tx)
	})
}
