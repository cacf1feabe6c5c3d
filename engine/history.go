package engine

import "context"

// History returns the runs of a card, the latest first.
func (d *Desk) History(ctx context.Context, actor Actor, card CardID) ([]RunSummary, error) {
	record, known, err := d.Ledger.Card(ctx, card)
	if err != nil {
		return nil, err
	}
	if !known {
		record.Card.ID = card
	}
	if err := d.may(ctx, actor, SeeHistory, aboutRecord(record)); err != nil {
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
