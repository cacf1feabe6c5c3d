package engine

import (
	"context"
	"errors"
	"strings"
)

// FindCard returns the one card with a number as it is printed on cards, with or
// without spaces and zeros in front, as the store knows it. No reader is asked.
// Kind BadInput when there is none, or more than one.
func (d *Desk) FindCard(ctx context.Context, actor Actor, number string) (CardView, error) {
	if err := d.may(ctx, actor, ViewCard, matter{}); err != nil {
		return CardView{}, err
	}
	found, err := d.Ledger.CardsNumbered(ctx, strings.ReplaceAll(number, " ", ""))
	if err != nil {
		return CardView{}, err
	}
	if len(found) != 1 {
		why := "no card of this number is in the store"
		if len(found) > 1 {
			why = "several cards have this number: name one by its id"
		}
		return CardView{}, &Error{Op: "find card", Kind: BadInput, Subject: Clean(number), Err: errors.New(why)}
	}
	record := found[0]
	if err := d.may(ctx, actor, ViewCard, aboutRecord(record)); err != nil {
		return CardView{}, err
	}
	d.witness(ctx, AuditRow{Actor: actor, Act: string(ViewCard), Card: record.Card.ID, User: record.User.ID}, nil)
	now := Situation{Nobodys: true, Record: record, Now: d.Now()}
	if record.User.ID != "" {
		if now, err = d.situation(ctx, d.whose(ctx, record.User), record, nil); err != nil {
			return CardView{}, err
		}
	}
	return d.view(ctx, now)
}
