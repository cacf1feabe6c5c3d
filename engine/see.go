package engine

import (
	"context"
	"slices"
	"time"
)

// see notes what was found on a card that was read, so that reports know it
// without the card: certificates from elsewhere, recorded ones that are missing,
// and followed ones that are gone. A record that was written meanwhile knows
// better.
func (d *Desk) see(ctx context.Context, c *Connected) {
	if !c.Known() {
		return
	}
	before := c.Record
	c.Record = before.sighted(c.Contents, d.Now())
	if err := d.Ledger.See(ctx, before.Card.ID, before.Version, c.Record.Seen, c.Record.Tracked); err != nil {
		d.Log.Warn("what was found on the card was not noted", "card", before.Card.ID, "err", err)
	}
}

// sighted is the record with what was found on the card.
func (r Record) sighted(contents Contents, now time.Time) Record {
	r.Seen = Sighting{At: now, Outside: undecided(r, contents)}
	for _, m := range slices.Concat(r.Managed, r.Former) {
		if !r.present(m, &contents) {
			r.Seen.Missing = append(r.Seen.Missing, m.Fingerprint)
		}
	}
	r.Tracked = slices.Clone(r.Tracked)
	for i, t := range r.Tracked {
		at, here := contents.find(t.Fingerprint)
		switch {
		case here:
			r.Tracked[i].Place, r.Tracked[i].Gone = at, time.Time{}
		case t.Gone.IsZero():
			r.Tracked[i].Gone = now
		}
	}
	return r
}

// find returns where a certificate lies.
func (c Contents) find(fingerprint string) (Place, bool) {
	for _, it := range c.Items {
		if it.Certificate != nil && Fingerprint(it.Certificate) == fingerprint {
			return it.Place, true
		}
	}
	return "", false
}
