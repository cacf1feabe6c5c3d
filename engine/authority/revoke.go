package authority

import (
	"context"
	"fmt"
	"math/big"
	"strings"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// The reasons this CA revokes for beyond those the kiosk gives.
const (
	Unspecified        engine.RevokeReason = "unspecified"
	AffiliationChanged engine.RevokeReason = "affiliationChanged"
	PrivilegeWithdrawn engine.RevokeReason = "privilegeWithdrawn"
)

// reasonCodes are the codes of RFC 5280, 5.3.1. That of unspecified is left
// out of the CRL, as it says there.
var reasonCodes = map[engine.RevokeReason]int{
	Unspecified: 0, engine.KeyCompromise: 1, AffiliationChanged: 3, engine.Superseded: 4,
	engine.CessationOfOperation: 5, PrivilegeWithdrawn: 9,
}

// Revoke revokes a certificate and publishes a CRL at once. A certificate that
// was revoked before keeps its first time and reason. Any station with the
// right may revoke any certificate: an update is taken back where the card is,
// not where it was begun.
//
// When only the publishing goes wrong, that is logged, and tried again by
// Serve: the certificate is revoked.
func (a *Authority) Revoke(ctx context.Context, actor engine.Actor, serial string, why engine.RevokeReason) (wire.Revoked, error) {
	if _, ok := reasonCodes[why]; !ok {
		return wire.Revoked{}, refuse("revoke certificate", engine.BadInput, "%q is not a reason to revoke: it can be %s", why, listed(reasonCodes))
	}
	n, err := parseSerial(serial)
	if err != nil {
		return wire.Revoked{}, refuse("revoke certificate", engine.BadInput, "%v", err)
	}
	serial = n.Text(16)
	now := a.clock()
	row := auditRow{At: now, Actor: actor, Act: actRevoke, Subject: serial, Detail: string(why)}
	kept, err := a.book.revoke(ctx, serial, revocation{now, why}, row)
	if err != nil {
		return wire.Revoked{}, err
	}
	a.log.Info("certificate revoked", "serial", serial, "reason", kept.Reason, "at", kept.At, "station", actor.Station)
	if _, err := a.publish(ctx, whenNeeded); err != nil {
		a.log.Error("CRL was not published after a revocation", "serial", serial, "err", err)
	}
	return wire.Revoked{Serial: serial, Reason: kept.Reason, At: kept.At.Unix()}, nil
}

// parseSerial reads a serial number in hex, as certificates tools write it:
// with or without colons, in either case.
func parseSerial(text string) (*big.Int, error) {
	n, ok := new(big.Int).SetString(strings.ReplaceAll(text, ":", ""), 16)
	if !ok || n.Sign() <= 0 || n.BitLen() > 160 {
		return nil, fmt.Errorf("%q is not a serial number in hex", text)
	}
	return n, nil
}
