package authority

import (
	"context"
	"fmt"
	"math/big"
	"strings"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// reasonsToRevoke are those of RFC 5280, 5.3.1 that a holder's certificate can
// have: the two compromises of authorities are about other certificates.
var reasonsToRevoke = map[engine.RevokeReason]bool{
	engine.KeyCompromise: true, engine.Superseded: true, engine.CessationOfOperation: true, engine.AffiliationChanged: true,
	engine.PrivilegeWithdrawn: true, engine.CertificateHold: true, engine.Unspecified: true,
}

// Revoke revokes a certificate, or puts it on hold, and publishes a CRL at once.
// A certificate that was revoked before keeps its first time and reason; one on
// hold gets the reason it is now revoked for, and keeps the time. Any station
// with the right may revoke any certificate: an update is taken back where the
// card is, not where it was begun.
//
// When only the publishing goes wrong, that is logged, and tried again by
// Serve: the certificate is revoked.
func (a *Authority) Revoke(ctx context.Context, actor engine.Actor, serial string, why engine.RevokeReason) (wire.Revoked, error) {
	if !reasonsToRevoke[why] {
		return wire.Revoked{}, refuse("revoke certificate", engine.BadInput, "%q is not a reason to revoke: it can be %s", why, listed(reasonsToRevoke))
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
	a.tell(ctx, serial)
	return wire.Revoked{Serial: serial, Reason: kept.Reason, At: kept.At.Unix()}, nil
}

// Release takes a certificate off hold, and publishes a CRL without it at once.
// One that is not revoked is no error; every other reason is final: Kind
// WrongState.
func (a *Authority) Release(ctx context.Context, actor engine.Actor, serial string) error {
	n, err := parseSerial(serial)
	if err != nil {
		return refuse("release certificate", engine.BadInput, "%v", err)
	}
	serial = n.Text(16)
	row := auditRow{At: a.clock(), Actor: actor, Act: actRelease, Subject: serial}
	if err := a.book.release(ctx, serial, row); err != nil {
		return err
	}
	a.log.Info("certificate released from hold", "serial", serial, "station", actor.Station)
	a.tell(ctx, serial)
	return nil
}

// tell publishes what has become of a certificate.
func (a *Authority) tell(ctx context.Context, serial string) {
	if _, err := a.publish(ctx, whenNeeded); err != nil {
		a.log.Error("CRL was not published after a revocation or release", "serial", serial, "err", err)
	}
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
