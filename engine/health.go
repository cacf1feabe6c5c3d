package engine

import "context"

// Health is how the kiosk itself does.
type Health struct {
	Letters int // that wait to be sent
}

// Health asks the store. An error means that it does not work, and that
// nothing can be begun.
func (d *Desk) Health(ctx context.Context) (Health, error) {
	n, err := d.Outbox.Waiting(ctx)
	return Health{Letters: n}, err
}
