package engine

import "context"

// ProposeFor plans the update of a connected card for whose it is, with what is
// chosen before anybody has chosen. The directory is asked who that is now.
func (d *Desk) ProposeFor(ctx context.Context, actor Actor, c *Connected) (Proposal, error) {
	if err := d.may(ctx, actor, UpdateCard, aboutCard(c)); err != nil {
		return Proposal{}, err
	}
	user, err := d.user(ctx, c.Record.User.ID)
	if err != nil {
		return Proposal{}, err
	}
	return d.Propose(ctx, actor, c, user, Selection{})
}
