package engine

import "context"

// PINTries tells how often the PIN may still be tried. It spends no try.
func (d *Desk) PINTries(ctx context.Context, actor Actor, c *Connected) (Counter, error) {
	if err := d.mayAny(ctx, actor, aboutCard(c), ViewCard, UpdateCard); err != nil {
		return Counter{}, err
	}
	pin, _, err := c.card.Counters(ctx)
	return pin, err
}

// CheckPIN verifies the PIN a person typed and locks the card again. A PIN that
// no card takes is refused without asking the card.
func (d *Desk) CheckPIN(ctx context.Context, actor Actor, c *Connected, pin PIN) error {
	if err := d.mayAny(ctx, actor, aboutCard(c), UpdateCard, ContinueUpdate, CancelUpdate, UnassignCard); err != nil {
		return err
	}
	if err := pin.CheckShape(); err != nil {
		return err
	}
	err := c.card.CheckPIN(ctx, pin)
	if err != nil {
		d.witness(ctx, AuditRow{Actor: actor, Act: "check PIN", Card: c.Contents.Identity.ID, User: c.Record.User.ID}, err)
	}
	return err
}
