package engine

import (
	"context"
	"errors"
)

// ShowPUK opens the seal of a card's PUK for the help desk; open does it. That
// it was shown stands in the audit before anybody sees it. The bytes are the
// caller's to wipe.
func (d *Desk) ShowPUK(ctx context.Context, actor Actor, card CardID, open func(sealed []byte) ([]byte, error)) ([]byte, error) {
	row := AuditRow{Actor: actor, Act: string(ShowPUK), Card: card}
	puk, err := d.openPUK(ctx, actor, card, open, &row)
	if err != nil {
		d.witness(ctx, row, err)
		return nil, err
	}
	row.At, row.Result = d.Now(), "done"
	if err := d.Audit.Write(ctx, row); err != nil {
		clear(puk)
		return nil, err
	}
	return puk, nil
}

func (d *Desk) openPUK(ctx context.Context, actor Actor, card CardID, open func([]byte) ([]byte, error), row *AuditRow) ([]byte, error) {
	record, known, err := d.Ledger.Card(ctx, card)
	row.User = record.User.ID
	if err == nil {
		err = d.may(ctx, actor, ShowPUK, matter{card: card, user: record.User.ID, policy: record.Policy})
	}
	switch {
	case err != nil:
		return nil, err
	case !known:
		return nil, &Error{Op: "find card", Kind: BadInput, Subject: string(card), Err: errors.New("the store does not know it")}
	case record.PUK == nil:
		return nil, &Error{Op: "show PUK", Kind: WrongState, Subject: string(card), Err: errors.New("no PUK of this card was kept")}
	}
	return open(record.PUK)
}
