package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Revoke takes a card out of use for ever, and returns its record as it is then.
// Its certificates are revoked, unless keep says that the person keeps them, which
// cannot be said of a card that is lost or compromised. Common certificates are
// many cards' and stay. An update that was begun ends: nobody can finish it. The
// card need not be there.
func (d *Desk) Revoke(ctx context.Context, actor Actor, card CardID, why CardRevokeReason, keep bool) (Record, error) {
	return d.turn(ctx, actor, card, Wish{Event: CardRevoked, Reason: why, Keep: keep})
}

// AlwaysRevokes reports whether nobody keeps the certificates of a card that is
// revoked for this reason: its keys may be in wrong hands.
func (r CardRevokeReason) AlwaysRevokes() bool { return r == CardLost || r == CardCompromised }

// revokes is the reason for which the card's certificates are revoked; ok is
// false for what is no reason.
func (r CardRevokeReason) revokes() (why RevokeReason, ok bool) {
	switch r {
	case CardLost, CardCompromised:
		return KeyCompromise, true
	case CardLeft:
		return AffiliationChanged, true
	case CardWithdrawn:
		return PrivilegeWithdrawn, true
	case CardBroken:
		return CessationOfOperation, true
	}
	return "", false
}

func (t *turning) revoke() error {
	why, ok := t.Reason.revokes()
	switch {
	case !ok:
		return &Error{Op: "revoke card", Kind: BadInput, Subject: string(t.Reason), Err: fmt.Errorf("that is no reason to revoke a card: it can be %v", CardRevokeReasons())}
	case t.Keep && t.Reason.AlwaysRevokes():
		return &Error{Op: "revoke card", Kind: BadInput, Err: errors.New("the certificates of a card that is " + string(t.Reason) + " are always revoked")}
	}
	for i, m := range t.after.Managed {
		t.Lots = append(t.Lots, t.sentence(&t.after.Managed[i], lotOf(m, false), why))
	}
	t.after.Former = slices.Clone(t.after.Former)
	for i, m := range t.after.Former { // their keys open mail
		t.Lots = append(t.Lots, t.sentence(&t.after.Former[i], lotOf(m, true), why))
	}
	if publishes(t.policies) && !t.Keep {
		t.prune = ours(t.Record)
		t.Prunes = len(t.prune) > 0
	}
	t.leaveAccess()
	t.endUpdate(why)
	t.after.Why = t.Reason
	return nil
}

// sentence is what becomes of one certificate. One that we had put on hold and
// that the person keeps stays on hold: a revoked card releases nothing.
func (t *turning) sentence(m *Managed, f Lot, why RevokeReason) Lot {
	if m.Common || t.Keep {
		return f
	}
	f.Deed, f.Why, m.Held = LotRevoke, why, false
	return f
}

// ours are the fingerprints of the certificates that are the user's own.
func ours(r Record) []string {
	var all []string
	for _, m := range slices.Concat(r.Managed, r.Former) {
		if !m.Common {
			all = append(all, m.Fingerprint)
		}
	}
	return all
}

// endUpdate ends an update that was begun. What a CA has granted it is in no
// record yet, and is revoked, whatever the person keeps: nobody has it.
func (t *turning) endUpdate(why RevokeReason) {
	if t.open == nil {
		return
	}
	summary := t.open.summary()
	t.Ends = &summary
	for _, g := range t.open.grants() {
		recorded := slices.ContainsFunc(t.Record.Managed, func(m Managed) bool { return m.CA == g.ca && m.Serial == g.serial })
		if !recorded {
			g.Deed, g.Why = LotRevoke, why
			t.grants, t.Lost = append(t.grants, g), append(t.Lost, g.Title)
		}
	}
	t.dropRequests()
}

// grants are the certificates a run was given.
func (r Run) grants() []Lot {
	var all []Lot
	for i, s := range r.Plan.Steps {
		if s.Verb != AskCA {
			continue
		}
		note, _ := r.note(i, Done)
		if no, refused := r.note(i, Refused); refused {
			note = no // a certificate that we did not ask for
		}
		if c, err := ParseCertificate(note.Data.Certificate); err == nil {
			all = append(all, Lot{Place: s.Place, Title: s.Template, Group: GroupManaged, ca: s.Ask.CA, serial: c.Serial})
		}
	}
	return all
}

// dropRequests gives up the requests that CAs hold for the update, or have
// approved; also those of which nobody has noted yet what the CA said. No CA is
// waited for: the worker withdraws them, or revokes what came of them.
func (t *turning) dropRequests() {
	known := map[string]bool{}
	for _, q := range t.asked {
		known[q.ID] = true
		if q.Run == t.open.ID && (q.State == RequestPending || q.State == RequestApproved) {
			t.drop = append(t.drop, q)
		}
	}
	for i, s := range t.open.Plan.Steps {
		if s.Verb != AskCA && s.Verb != AskApproval || !t.open.has(i, Begun) || t.open.has(i, Done) || t.open.has(i, Refused) {
			continue
		}
		if q := t.open.request(i); !known[q.ID] {
			t.drop = append(t.drop, q)
		}
	}
}

// dropped are requests that are watched from now on.
func dropped(requests []Request, now time.Time) []Request {
	for i := range requests {
		requests[i].Watched, requests[i].Next = true, now
	}
	return requests
}
