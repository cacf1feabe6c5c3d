package authority

import (
	"bytes"
	"context"
	"crypto/x509"
	"database/sql"
	"errors"

	"cardkiosk/engine"
)

// ours is a certificate that this CA issued, with what it was asked for.
type ours struct {
	*x509.Certificate
	serial   string
	template string
	user     string
	revoked  *revocation // nil: not revoked
}

// ours finds a certificate among those that were issued; ok is false when it is
// none of them, even if the serial number is.
func (b *book) ours(ctx context.Context, der []byte) (o ours, ok bool, err error) {
	if o.Certificate, err = x509.ParseCertificate(der); err != nil {
		return ours{}, false, nil //nolint:nilerr // what is no certificate was not issued
	}
	o.serial = o.SerialNumber.Text(16)
	var kept []byte
	var at sql.NullInt64
	var reason sql.NullString
	err = b.db.QueryRowContext(ctx, `SELECT c.der, c.revoked, c.reason, r.template, r.user_id
		FROM certificates c JOIN requests r ON r.id = c.request WHERE c.serial = $1`, o.serial).Scan(&kept, &at, &reason, &o.template, &o.user)
	switch {
	case errors.Is(err, sql.ErrNoRows) || err == nil && !bytes.Equal(kept, der):
		return ours{}, false, nil
	case err != nil:
		return ours{}, false, storeTrouble("look up certificate", err)
	}
	if at.Valid {
		o.revoked = &revocation{instant(at.Int64), engine.RevokeReason(reason.String)}
	}
	return o, true, nil
}

// revokedNow tells whether a certificate is revoked or on hold, by its serial
// number; nil when it is not, or is not ours.
func (b *book) revokedNow(ctx context.Context, serial string) (*revocation, error) {
	var at sql.NullInt64
	var reason sql.NullString
	err := b.db.QueryRowContext(ctx, `SELECT revoked, reason FROM certificates WHERE serial = $1`, serial).Scan(&at, &reason)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !at.Valid {
		return nil, nil
	}
	if err != nil {
		return nil, storeTrouble("look up certificate", err)
	}
	return &revocation{instant(at.Int64), engine.RevokeReason(reason.String)}, nil
}
