package piv

import (
	"context"
	"errors"
	"fmt"

	"cardkiosk/engine"
)

// readCertificate reads the certificate of a slot, DER; nil when there is none.
func (s *session) readCertificate(ctx context.Context, sl slot) ([]byte, error) {
	content, err := s.readObject(ctx, sl.object)
	if err != nil || content == nil {
		return nil, err
	}
	c, err := ParseCertificateObject(content)
	return c.DER, err
}

// CertificateAt returns the certificate at a place, DER; nil when none.
func (u *unlocked) CertificateAt(ctx context.Context, at engine.Place) ([]byte, error) {
	sl, err := slotAt(at)
	if err != nil {
		return nil, err
	}
	der, err := u.readCertificate(ctx, sl)
	return der, trouble("read certificate", string(at), err)
}

// WriteCertificate writes a certificate: plain if it fits, else compressed.
// CardFull when it fits neither way, or when the card has no room. moved is
// called as bytes of the object reach the card.
func (u *unlocked) WriteCertificate(ctx context.Context, at engine.Place, der []byte, moved func(done, total int)) error {
	const op = "write certificate"
	sl, err := slotAt(at)
	if err != nil {
		return err
	}
	if err := checkSequence(der); err != nil {
		return &engine.Error{Op: op, Kind: engine.BadInput, Subject: string(at), Err: err}
	}
	limit := u.maker.firmware.objectLimit()
	content, ok := encodeCertificateObject(der, limit)
	if !ok {
		return &engine.Error{
			Op: op, Kind: engine.CardFull, Subject: string(at),
			Err: fmt.Errorf("%d bytes even when compressed, and an object holds %d", len(content), limit),
		}
	}
	return trouble(op, string(at), u.writeObject(ctx, sl.object, content, moved))
}

// RemoveCertificate removes a certificate; none there is no error.
func (u *unlocked) RemoveCertificate(ctx context.Context, at engine.Place) error {
	sl, err := slotAt(at)
	if err != nil {
		return err
	}
	err = u.writeObject(ctx, sl.object, nil, nil)
	if errors.Is(err, statusNotFound) {
		return nil
	}
	return trouble("remove certificate", string(at), err)
}
