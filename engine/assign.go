package engine

import (
	"context"
	"errors"
)

// Assign gives a connected card that nobody has to a user, and returns the
// card's record as it is then. Nothing is written to the card: the first update
// does that.
func (d *Desk) Assign(ctx context.Context, actor Actor, c *Connected, user User) (Record, error) {
	row := AuditRow{Actor: actor, Act: string(AssignCard), Card: c.Contents.Identity.ID, User: user.ID}
	record, err := d.assign(ctx, actor, c, user, row)
	if err != nil {
		d.witness(ctx, row, err)
	}
	return record, err
}

func (d *Desk) assign(ctx context.Context, actor Actor, c *Connected, user User, row AuditRow) (Record, error) {
	if err := d.may(ctx, actor, AssignCard, matter{card: c.Contents.Identity.ID, user: user.ID}); err != nil {
		return Record{}, err
	}
	to, err := c.Record.become("assign card", CardAssigned)
	if err != nil {
		return Record{}, err
	}
	if user.Disabled {
		return Record{}, &Error{Op: "assign card", Kind: WrongState, Subject: user.Name, Err: errors.New("the account is disabled")}
	}
	record := Record{
		Card: c.Contents.Identity, User: user.Ref(), State: to, Version: c.Record.Version,
		Managed: c.Record.Managed, PUK: c.Record.PUK, // what an unassigned card has kept
	}
	row.At, row.Result = d.Now(), "done"
	if err := d.Ledger.Assign(ctx, record, row); err != nil {
		return Record{}, err
	}
	d.remember(ctx, user)
	record, _, err = d.Ledger.Card(ctx, record.Card.ID)
	return record, err
}
