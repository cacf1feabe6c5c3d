package engine

import (
	"context"
)

// RefreshRevocations asks every CA what is revoked, and notes it with the cards
// that hold such certificates. CAs that do not answer are left out, and said.
// It returns how many cards have changed.
func (d *Desk) RefreshRevocations(ctx context.Context) (changed int, err error) {
	lists := map[string]map[string]Revocation{}
	for name := range d.CAs {
		list, told := d.revokedBy(ctx, name)
		if !told {
			continue
		}
		lists[name] = map[string]Revocation{}
		for _, r := range list {
			lists[name][r.Serial] = r
		}
	}
	said := func(ca, serial string) (*Revocation, bool) {
		list, told := lists[ca]
		if r, revoked := list[serial]; revoked {
			return &r, told
		}
		return nil, told
	}
	var stale []CardID
	err = d.Ledger.EachDue(ctx, func(f DueFacts) error {
		if len(f.Record.newsOf(said)) > 0 {
			stale = append(stale, f.Record.Card.ID)
		}
		return nil
	})
	for _, card := range stale {
		record, _, rerr := d.Ledger.Card(ctx, card)
		if rerr == nil {
			rerr = d.Ledger.Revoked(ctx, card, record.Version, record.newsOf(said))
		}
		if rerr != nil {
			return changed, rerr
		}
		changed++
	}
	return changed, err
}

// newsOf compares what is recorded with what the CAs say, by fingerprint. said
// returns a CA's word of a serial number, nil when it is not revoked; told is
// false when the CA does not answer.
func (r Record) newsOf(said func(ca, serial string) (is *Revocation, told bool)) map[string]*Revocation {
	var news map[string]*Revocation
	for _, m := range r.Managed {
		if m.CA == "" {
			continue // a common certificate is nobody's
		}
		is, told := said(m.CA, m.Serial)
		if !told || is.equal(m.Revoked) {
			continue
		}
		if news == nil {
			news = map[string]*Revocation{}
		}
		news[m.Fingerprint] = is
	}
	return news
}
