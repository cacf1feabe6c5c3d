package engine

import (
	"context"
)

// RefreshRevocations asks every CA what is revoked, and notes it with the cards
// that hold such certificates. CAs that do not answer are left out, and said.
// It returns how many cards have changed.
func (d *Desk) RefreshRevocations(ctx context.Context) (changed int, err error) {
	lists := map[string]map[string]Revocation{}
	for name, ca := range d.CAs {
		list, err := ca.Revoked(ctx)
		if err != nil {
			d.Log.Warn("CA does not tell what is revoked", "ca", name, "err", err)
			continue
		}
		lists[name] = map[string]Revocation{}
		for _, r := range list {
			lists[name][r.Serial] = r
		}
	}
	var stale []CardID
	err = d.Ledger.EachDue(ctx, func(f DueFacts) error {
		if len(f.Record.newsOf(lists)) > 0 {
			stale = append(stale, f.Record.Card.ID)
		}
		return nil
	})
	for _, card := range stale {
		record, _, rerr := d.Ledger.Card(ctx, card)
		if rerr == nil {
			rerr = d.Ledger.Revoked(ctx, card, record.Version, record.newsOf(lists))
		}
		if rerr != nil {
			return changed, rerr
		}
		changed++
	}
	return changed, err
}

// newsOf compares what is recorded with what the CAs say, by fingerprint.
func (r Record) newsOf(lists map[string]map[string]Revocation) map[string]*Revocation {
	var news map[string]*Revocation
	for _, m := range r.Managed {
		list, told := lists[m.CA]
		if !told {
			continue
		}
		var is *Revocation
		if said, revoked := list[m.Serial]; revoked {
			is = &said
		}
		if is.equal(m.Revoked) {
			continue
		}
		if news == nil {
			news = map[string]*Revocation{}
		}
		news[m.Fingerprint] = is
	}
	return news
}
