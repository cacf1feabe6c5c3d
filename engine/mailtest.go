package engine

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
)

// MailTest is what a letter tells that only tries the mail server. It is no
// event of a card, and policies do not know it.
const MailTest NoticeEvent = "mail test"

// TestMail sends one letter to an address at once, past the outbox, and returns
// it. The error is the mail server's.
func (d *Desk) TestMail(ctx context.Context, actor Actor, to string) (Letter, error) {
	row := AuditRow{Actor: actor, Act: string(TryMail), Detail: Clean(to)}
	if err := d.may(ctx, actor, TryMail, matter{}); err != nil {
		d.witness(ctx, row, err)
		return Letter{}, err
	}
	var id [16]byte
	if _, err := io.ReadFull(d.Random, id[:]); err != nil {
		return Letter{}, fmt.Errorf("number the letter: %w", err)
	}
	now := d.Now()
	l := Letter{
		ID: hex.EncodeToString(id[:]), To: to, Created: now,
		Notice: Notice{Event: MailTest, Actor: actor, At: now},
	}
	err := d.Post.Send(ctx, l)
	if err != nil {
		d.witness(ctx, row, fmt.Errorf("to %s: %w", to, err))
		return l, err
	}
	d.witness(ctx, row, nil)
	return l, nil
}
