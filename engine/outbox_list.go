package engine

import (
	"context"
	"fmt"
	"time"
)

// OutboxList shows the letters that were not sent.
type OutboxList interface {
	// ListLetters returns every letter that waits, those first that are due first,
	// and then those that were given up since the time given, the latest first.
	ListLetters(ctx context.Context, since time.Time) ([]Unsent, error)
}

// Unsent is a letter that waits, or was given up.
type Unsent struct {
	Letter           // of a letter that a newer kiosk wrote, Notice has the card's id only
	Next   time.Time // when it is tried next; of one that was given up, about when that was
	Words  string    // why it was not sent, the server's own words among them; "" before the first try
	GaveUp bool
	Behind bool // an earlier letter of the same card has to go first
	Newer  bool // a newer kiosk wrote it, and only such a one can send it
}

// OutboxLetters shows the letters that wait, and those given up within so many
// days: see OutboxList.
func (d *Desk) OutboxLetters(ctx context.Context, actor Actor, days int) (all []Unsent, err error) {
	row := AuditRow{Actor: actor, Act: string(SeeOutbox)}
	if err = d.may(ctx, actor, SeeOutbox, matter{}); err == nil {
		all, err = d.Unsent.ListLetters(ctx, d.Now().AddDate(0, 0, -days))
		row.Detail = fmt.Sprintf("%d letters", len(all))
	}
	d.witness(ctx, row, err)
	return all, err
}
