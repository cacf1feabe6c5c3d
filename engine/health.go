package engine

import (
	"context"
	"time"
)

// Health is how the kiosk itself does.
type Health struct {
	Letters int // that wait to be sent
	GivenUp int // that will not be sent, of the last week

	Errands int // that were tried in vain and wait for another try
	NotDone int // that were given up in the last week
}

// givenUpShown is how long it is shown that a letter or an errand was given up.
// The store keeps it, and why.
const givenUpShown = 7 * 24 * time.Hour

// Health asks the store. An error means that it does not work, and that
// nothing can be begun.
func (d *Desk) Health(ctx context.Context) (Health, error) {
	waiting, givenUp, err := d.Outbox.Count(ctx, d.Now().Add(-givenUpShown))
	if err != nil {
		return Health{}, err
	}
	late, never, err := d.Errands.CountErrands(ctx, d.Now().Add(-givenUpShown))
	return Health{Letters: waiting, GivenUp: givenUp, Errands: late, NotDone: never}, err
}
