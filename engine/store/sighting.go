package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"cardkiosk/engine"
)

// See notes what was found on a card when it was read. It does not count as a
// write of the record: what was read before can still be written.
func (s *Store) See(ctx context.Context, card engine.CardID, version int64, seen engine.Sighting, tracked []engine.Tracked) error {
	return s.annotate(ctx, "note sighting", card, version, func(r *engine.Record) bool {
		if seen.At.Before(r.Seen.At) {
			return false
		}
		r.Seen = seen
		for _, t := range tracked {
			for i, old := range r.Tracked {
				if old.Fingerprint == t.Fingerprint {
					r.Tracked[i] = t
				}
			}
		}
		return true
	})
}

// Revoked notes what CAs said of the certificates with these fingerprints. It
// does not count as a write of the record either.
func (s *Store) Revoked(ctx context.Context, card engine.CardID, version int64, revoked map[string]*engine.Revocation) error {
	return s.annotate(ctx, "note revocation", card, version, func(r *engine.Record) (changed bool) {
		for i := range r.Managed {
			if word, ok := revoked[r.Managed[i].Fingerprint]; ok {
				r.Managed[i].Revoked, changed = word, true
			}
		}
		return changed
	})
}

// annotate changes a record that is still of this version, unless a run of the
// card is open: a run writes the whole record when it ends. One that waits for a
// CA reads the record anew.
func (s *Store) annotate(ctx context.Context, op string, card engine.CardID, version int64, change func(*engine.Record) bool) error {
	return s.change(ctx, op, func(tx *sql.Tx) error {
		found, err := collect(ctx, tx, scanRecord, `
			SELECT id, format, version, facts FROM cards WHERE id = $1 AND version = $2
				AND (state = 'pending' OR NOT EXISTS (SELECT 1 FROM runs WHERE runs.card = cards.id AND runs.ended IS NULL))`, card, version)
		if err != nil || len(found) == 0 || !change(&found[0]) {
			return err
		}
		return putFacts(ctx, tx, found[0])
	})
}

// putFacts writes a record over the stored one of the same version.
func putFacts(ctx context.Context, tx *sql.Tx, r engine.Record) error {
	facts, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write record of card %s: %w", r.Card.ID, err)
	}
	if err := dropDue(ctx, tx, r.Card.ID); err != nil {
		return err
	}
	_, err = exec(ctx, tx, `UPDATE cards SET next_expiry = $2, format = $3, facts = $4 WHERE id = $1`,
		r.Card.ID, stamp(nextExpiry(r)), factsFormat, string(facts))
	if err != nil {
		return err
	}
	return addDue(ctx, tx, r)
}
