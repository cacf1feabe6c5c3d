package engine

import "context"

// Disable takes a card out of use for a while, and returns its record as it is
// then. Certificates whose template says so go on hold at their CA; the access
// system forgets the card. Enable undoes all of it. Nothing is written to the
// card: it need not be there.
func (d *Desk) Disable(ctx context.Context, actor Actor, card CardID) (Record, error) {
	return d.turn(ctx, actor, card, Wish{Event: CardDisabled})
}

func (t *turning) disable() error {
	for i, m := range t.after.Managed {
		l := lotOf(m, false)
		holds := t.template(m.Template).HoldWhenDisabled && !m.Common
		switch {
		case holds && m.Revoked == nil:
			l.Deed, t.after.Managed[i].Held = LotHold, true
		case holds && m.Revoked.Reason == CertificateHold:
			// Somebody else's, and theirs to release; or ours of before, and its
			// release is on the way: the hold is asked for all the same, behind that.
			l.Deed = LotOnHold
		}
		t.Lots = append(t.Lots, l)
	}
	t.leaveAccess()
	return nil
}

// leaveAccess has the access system forget the card.
func (t *turning) leaveAccess() {
	if t.Record.Access {
		t.Access, t.after.Access = AccessRemove, false
	}
}
