package engine

import (
	"context"
	"errors"
)

// Assign gives a connected card that nobody has to a user. Nothing is written
// to the card: the first update does that.
func (d *Desk) Assign(ctx context.Context, actor Actor, c *Connected, user User) error {
	row := AuditRow{Actor: actor, Act: string(AssignCard), Card: c.Contents.Identity.ID, User: user.ID}
	err := d.assign(ctx, actor, c, user, row)
	if err != nil {
		d.witness(ctx, row, err)
	}
	return err
}

func (d *Desk) assign(ctx context.Context, actor Actor, c *Connected, user User, row AuditRow) error {
	if err := may(actor, AssignCard); err != nil {
		return err
	}
	switch {
	case c.Known() && c.Record.State != StateClean:
		return &Error{Op: "assign card", Kind: WrongState, Subject: c.Record.User.Name, Err: errors.New("the card is " + string(c.Record.State))}
	case user.Disabled:
		return &Error{Op: "assign card", Kind: WrongState, Subject: user.Name, Err: errors.New("the account is disabled")}
	}
	record := Record{
		Card: c.Contents.Identity, User: user.Ref(), State: StateAssigned, Version: c.Record.Version,
	}
	row.At, row.Result = d.Now(), "done"
	if err := d.Ledger.Assign(ctx, record, row); err != nil {
		return err
	}
	return d.readInto(ctx, c)
}
