package authority

import (
	"context"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// revocation is when and why a certificate was revoked.
type revocation struct {
	At     time.Time
	Reason engine.RevokeReason
}

// revoke marks a certificate as revoked and returns the mark. The first one
// stays, but for the reason of a hold: X.509, 8.5.2.2 has it that a certificate
// on hold is revoked since it was put there. Nothing is written when there is no
// such certificate (ErrUnknown).
func (b *book) revoke(ctx context.Context, serial string, r revocation, audit auditRow) (kept revocation, err error) {
	err = b.in(ctx, "revoke certificate", func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `UPDATE certificates SET revoked = COALESCE(revoked, $2), reason = $3, crl = NULL
			WHERE serial = $1 AND (revoked IS NULL OR (reason = $4 AND $3 <> $4))`,
			serial, r.At.Unix(), string(r.Reason), string(engine.CertificateHold))
		if err != nil {
			return err
		}
		if marked, err := done.RowsAffected(); err != nil {
			return err
		} else if marked == 1 {
			if err := audit.write(ctx, tx); err != nil {
				return err
			}
		}
		var at int64
		err = tx.QueryRowContext(ctx, `SELECT revoked, reason FROM certificates WHERE serial = $1`, serial).Scan(&at, &kept.Reason)
		if errors.Is(err, sql.ErrNoRows) {
			return unknown("revoke certificate", "a certificate with the serial number %s", serial)
		}
		kept.At = instant(at)
		return err
	})
	return kept, err
}

// release takes the mark off a certificate on hold. The number of the CRL that
// told of it stays until another does not.
func (b *book) release(ctx context.Context, serial string, audit auditRow) error {
	return b.in(ctx, "release certificate", func(tx *sql.Tx) error {
		var why sql.NullString
		err := tx.QueryRowContext(ctx, `SELECT reason FROM certificates WHERE serial = $1`, serial).Scan(&why)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return unknown("release certificate", "a certificate with the serial number %s", serial)
		case err != nil || !why.Valid:
			return err
		case why.String != string(engine.CertificateHold):
			return refuse("release certificate", engine.WrongState, "certificate %s was revoked for good: %s. Only one on hold can be released", serial, why.String)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE certificates SET revoked = NULL, reason = NULL WHERE serial = $1`, serial); err != nil {
			return err
		}
		return audit.write(ctx, tx)
	})
}

// CRL is a revocation list as it was published.
type CRL struct {
	Number     int64
	ThisUpdate time.Time
	NextUpdate time.Time
	Entries    int
	DER        []byte

	regular time.Time // ThisUpdate of the newest CRL of the schedule: this one, or one before
}

// keepCRLs is how many CRLs are kept, for whoever looks into what was known
// when. Only the newest is ever served.
const keepCRLs = 16

// latestCRL returns the newest CRL, a zero one before the first.
func (b *book) latestCRL(ctx context.Context) (CRL, error) {
	crl, err := readCRL(b.db.QueryRowContext(ctx, selectCRL))
	return crl, storeTrouble("read CRL", err)
}

const selectCRL = `SELECT number, this_update, next_update, regular, entries, der FROM crls ORDER BY number DESC LIMIT 1`

func readCRL(row *sql.Row) (CRL, error) {
	var c CRL
	var this, next, regular int64
	err := row.Scan(&c.Number, &this, &next, &regular, &c.Entries, &c.DER)
	if errors.Is(err, sql.ErrNoRows) {
		return CRL{}, nil
	}
	c.ThisUpdate, c.NextUpdate, c.regular = instant(this), instant(next), instant(regular)
	return c, err
}

// untold reports whether a revocation waits for its first CRL, or a release for
// the first without it.
func (b *book) untold(ctx context.Context) (bool, error) {
	var n int
	err := b.db.QueryRowContext(ctx, selectUntold).Scan(&n)
	return n > 0, storeTrouble("read CRL", err)
}

const selectUntold = `SELECT (SELECT count(*) FROM certificates WHERE revoked IS NOT NULL AND crl IS NULL) +
	(SELECT count(*) FROM certificates WHERE revoked IS NULL AND crl IS NOT NULL)`

// publish makes the next CRL while nobody else can. When due says no of the
// newest one, that one stays.
func (b *book) publish(ctx context.Context, due func(last CRL, untold bool) bool,
	sign func(last CRL, entries []x509.RevocationListEntry) (CRL, error), audit auditRow,
) (crl CRL, err error) {
	err = b.in(ctx, "publish CRL", func(tx *sql.Tx) error {
		if crl, err = readCRL(tx.QueryRowContext(ctx, selectCRL)); err != nil {
			return err
		}
		var waiting int
		if err := tx.QueryRowContext(ctx, selectUntold).Scan(&waiting); err != nil || !due(crl, waiting > 0) {
			return err
		}
		entries, err := revokedEntries(ctx, tx, crl.regular)
		if err != nil {
			return err
		}
		if crl, err = sign(crl, entries); err != nil {
			return err
		}
		if err := keepCRL(ctx, tx, crl); err != nil {
			return err
		}
		audit.Subject = strconv.FormatInt(crl.Number, 10)
		return audit.write(ctx, tx)
	})
	return crl, err
}

func keepCRL(ctx context.Context, tx *sql.Tx, c CRL) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO crls (number, this_update, next_update, regular, entries, der)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		c.Number, c.ThisUpdate.Unix(), c.NextUpdate.Unix(), c.regular.Unix(), c.Entries, c.DER); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE certificates SET crl = $1 WHERE revoked IS NOT NULL AND crl IS NULL`, c.Number); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE certificates SET crl = NULL WHERE revoked IS NULL AND crl IS NOT NULL`); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM crls WHERE number <= $1`, c.Number-keepCRLs)
	return err
}

// revokedEntries lists the revoked certificates. RFC 5280, 3.3: one may be
// left out only after it was on a CRL of the schedule that was published after
// its end. Whatever ended before the newest of those was on it.
func revokedEntries(ctx context.Context, tx *sql.Tx, newestRegular time.Time) ([]x509.RevocationListEntry, error) {
	rows, err := tx.QueryContext(ctx, `SELECT serial, revoked, reason FROM certificates
		WHERE revoked IS NOT NULL AND not_after >= $1 ORDER BY revoked, serial`, newestRegular.Unix())
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var entries []x509.RevocationListEntry
	for rows.Next() {
		var serial string
		var at int64
		var reason engine.RevokeReason
		if err := rows.Scan(&serial, &at, &reason); err != nil {
			return nil, err
		}
		n, ok := new(big.Int).SetString(serial, 16)
		if !ok {
			return nil, fmt.Errorf("the serial number %q is not hex", serial)
		}
		code, ok := wire.CodeOf(reason)
		if !ok {
			return nil, fmt.Errorf("%q is no reason to revoke", reason)
		}
		// RFC 5280, 5.3.1: that of unspecified, 0, is left out, which the library does.
		entries = append(entries, x509.RevocationListEntry{SerialNumber: n, RevocationTime: instant(at), ReasonCode: code})
	}
	return entries, rows.Err()
}
