package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"cardkiosk/engine"
)

// Synthetic describes the card of number i among n and its holder: five managed
// certificates and one that is followed, as large as real ones. The first ends
// of the cards are spread evenly, in an order of their own, over the three years
// from a month before now. No part of the kiosk calls it: it is what benchmarks
// and figures run on.
func Synthetic(i, n int, now time.Time) (engine.Record, engine.Person) {
	const spread = 3 * 365 * 24 * time.Hour
	name := fmt.Sprintf("Jana Nováková %d", i)
	user := engine.User{
		ID: engine.UserID(fmt.Sprintf("%08x-1b2c-4d5e-8f90-a1b2c3d4e5f6", i)),
		DN: "CN=" + name + ",OU=Staff,OU=Prague,DC=corp,DC=test", Name: name,
		Logon: fmt.Sprintf("jana%d", i), Mail: fmt.Sprintf("jana.novakova%d@corp.test", i),
		SID: fmt.Sprintf("S-1-5-21-1004336348-1177238915-682003330-%d", i), Groups: []string{"CN=Staff,OU=Groups,DC=corp,DC=test"},
	}
	user.UPN = user.Mail
	user.Attributes = map[string][]string{"department": {"Finance"}, "givenName": {"Jana"}}
	serial := fmt.Sprintf("%08d", i)
	r := engine.Record{
		Card: engine.Identity{ID: engine.CardID("yubico:" + serial), Serial: serial, GUID: digest("guid", i, 0)[:32], Model: "YubiKey 5.7.1"},
		User: user.Ref(), State: engine.StateIssued, Policy: "staff", Under: digest("policy", 0, 0), Written: now.AddDate(-1, 0, 0),
		Seen: engine.Sighting{At: now.AddDate(0, -1, 0)},
	}
	ends := now.AddDate(0, -1, 0).Add(spread / time.Duration(n) * time.Duration(i*7919%n)).Truncate(time.Second)
	for j, template := range []string{"logon", "signing", "mail", "door", "vpn"} {
		r.Managed = append(r.Managed, engine.Managed{
			Template: template, Place: engine.Place([]string{"9a", "9c", "9d", "9e", "82"}[j]), CA: "home",
			Request: digest("request", i, j)[:32], Subject: name, Issuer: "Corp Issuing CA 1", Serial: digest("serial", i, j)[:32],
			NotBefore: ends.AddDate(-1, 0, j), NotAfter: ends.AddDate(0, 0, j), Fingerprint: digest("certificate", i, j),
			Public: []byte(digest("key", i, j) + digest("key", i, j)[:27]), Attributes: map[string]string{"mail": user.Mail},
		})
	}
	r.Tracked = []engine.Tracked{{
		Place: "83", Subject: name, Issuer: "Some Other CA", Serial: digest("outside", i, 0)[:32],
		NotBefore: ends, NotAfter: ends.AddDate(2, 0, 0), Fingerprint: digest("outside", i, 0),
	}}
	return r, engine.Person{User: user, Seen: now}
}

func digest(what string, i, j int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", what, i, j))
	return hex.EncodeToString(sum[:])
}

// loadAtOnce is how many cards are loaded in one transaction.
const loadAtOnce = 10_000

// Load writes n new cards and their holders, a million in minutes; card is asked
// for each number several times. Like Synthetic it is for benchmarks and figures.
func Load(ctx context.Context, s *Store, n int, card func(i int) (engine.Record, engine.Person)) error {
	at := make([]int64, n)
	err := s.batches(ctx, n, `
		INSERT INTO cards (id, serial, guid, model, user_id, user_name, state, policy, next_expiry, written, format, facts, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1)`, func(i int) []any {
		r, _ := card(i)
		at[i] = dueAt(r)
		facts, _ := json.Marshal(r) // JSON takes whatever a record holds
		return []any{
			r.Card.ID, r.Card.Serial, r.Card.GUID, r.Card.Model, r.User.ID, r.User.Name, r.State, r.Policy,
			stamp(nextExpiry(r)), stamp(r.Written), factsFormat, string(facts),
		}
	})
	if err != nil {
		return err
	}
	err = s.batches(ctx, n, `INSERT INTO people (user_id, person, seen) VALUES ($1, $2, $3)`, func(i int) []any {
		_, p := card(i)
		return []any{p.User.ID, packPerson(p), stamp(p.Seen)}
	})
	if err != nil {
		return err
	}
	order := make([]int, n) // the one of the table: each page is written once
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(at[a], at[b]) })
	return s.batches(ctx, n, `INSERT INTO due (next_expiry, card, due, person) VALUES ($1, $2, $3, $4)`, func(i int) []any {
		r, p := card(order[i])
		return []any{dueAt(r), r.Card.ID, packDue(r), packPerson(p)}
	})
}

// batches carries a statement out n times.
func (s *Store) batches(ctx context.Context, n int, query string, args func(i int) []any) error {
	for from := 0; from < n; from += loadAtOnce {
		err := s.change(ctx, "load cards", func(tx *sql.Tx) error {
			insert, err := tx.PrepareContext(ctx, query)
			if err != nil {
				return err
			}
			defer func() { _ = insert.Close() }()
			for i := from; i < min(n, from+loadAtOnce); i++ {
				if _, err := insert.ExecContext(ctx, args(i)...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
