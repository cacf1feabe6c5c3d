package engine

import "context"

// Enable takes a disabled card into use again, and returns its record as it is
// then. What we had put on hold, and nothing else, is released; the access system
// knows the card again where the policy wants it.
func (d *Desk) Enable(ctx context.Context, actor Actor, card CardID) (Record, error) {
	return d.turn(ctx, actor, card, Wish{Event: CardEnabled})
}

func (t *turning) enable() error {
	for i, m := range t.after.Managed {
		l := lotOf(m, false)
		if m.Held {
			l.Deed, t.after.Managed[i].Held = LotRelease, false
			if m.Revoked != nil && m.Revoked.Reason == CertificateHold {
				t.after.Managed[i].Revoked = nil // until the CA says otherwise
			}
		}
		t.Lots = append(t.Lots, l)
	}
	if len(t.policies) > 0 && t.policies[0].AccessSystem {
		t.Access, t.after.Access = AccessRegister, true
	}
	return nil
}
