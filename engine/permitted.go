package engine

import "context"

// Permitted tells which of these privileges an actor has over a connected card, so
// that nothing is offered in vain. No audit row is left; each operation asks again.
func (d *Desk) Permitted(ctx context.Context, actor Actor, c *Connected, ps ...Privilege) []Privilege {
	var may []Privilege
	for _, p := range ps {
		if d.denial(ctx, actor, p, aboutCard(c)) == nil {
			may = append(may, p)
		}
	}
	return may
}
