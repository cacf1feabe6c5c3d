package engine

import "context"

// History returns the runs of a card, the latest first.
func (d *Desk) History(ctx context.Context, actor Actor, card CardID) ([]RunSummary, error) {
	if err := may(actor, SeeHistory); err != nil {
		return nil, err
	}
	runs, err := d.Journal.Runs(ctx, card)
	if err != nil {
		return nil, err
	}
	lines := make([]RunSummary, len(runs))
	for i, r := range runs {
		lines[i] = r.summary()
	}
	return lines, nil
}
