package engine

import (
	"context"
	"time"
)

// watchOver withdraws a request that nobody waits for any more, or revokes what
// came of it all the same.
func (d *Desk) watchOver(ctx context.Context, ca CA, q Request) (Settled, error) {
	now, late := d.Now(), q.Certificate == nil
	if kept, err := d.collected(ctx, q); err != nil || kept {
		return d.keep(q, now), err
	}
	answer, ok, err := ca.Withdraw(ctx, q.ID)
	if err == nil && ok && answer.State == RequestIssued {
		q.Certificate = answer.Certificate
		err = revokeUnused(ctx, ca, q)
	}
	if err != nil {
		return Settled{}, err
	}
	q.Trouble, q.Silent = "", time.Time{}
	if ok && answer.State == RequestPending {
		q.Next = now.Add(d.askAgainIn(answer.RetryAfter, q.Tries))
		q.Tries++
		return Settled{Request: q}, nil
	}
	q.State, q.Watched, q.Decided, q.Next = RequestWithdrawn, false, now, time.Time{}
	s := Settled{Request: q}
	if q.Certificate != nil && late {
		s.orphaned(d.nobody(), now)
		d.Log.Error("certificate of a cancelled update was issued, and revoked", "ca", q.CA, "request", q.ID, "serial", s.Request.Orphan)
	}
	return s, nil
}

// keptAfterAll is the act of the audit by which a lapse is taken back: it may lapse once
// more.
const keptAfterAll = "approval kept"

// keep takes a lapse back.
func (d *Desk) keep(q Request, now time.Time) Settled {
	q.State, q.Watched, q.Words, q.Next = RequestApproved, false, "", d.lapses(now)
	row := AuditRow{
		At: now, Actor: d.nobody(), Act: keptAfterAll, Card: q.Card.ID, User: q.User.ID, Run: q.Run, Result: "done",
		Detail: q.detail() + ": a kiosk was going on with it",
	}
	return Settled{Request: q, Audit: []AuditRow{row}}
}

func revokeUnused(ctx context.Context, ca CA, q Request) error {
	c, err := ParseCertificate(q.Certificate)
	if err != nil {
		return err
	}
	return ca.Revoke(ctx, c.Serial, CessationOfOperation)
}

// orphaned notes the certificate that came of a cancelled update.
func (s *Settled) orphaned(actor Actor, now time.Time) {
	q := &s.Request
	if c, err := ParseCertificate(q.Certificate); err == nil {
		q.Orphan = c.Serial
	}
	s.Audit = append(s.Audit, AuditRow{
		At: now, Actor: actor, Act: "revoke certificate", Card: q.Card.ID, User: q.User.ID, Run: q.Run, Result: "done",
		Detail: "issued by " + q.CA + " for an update that was cancelled: " + q.Orphan,
	})
}

// collected reports whether a kiosk goes on with a certificate that was given up.
func (d *Desk) collected(ctx context.Context, q Request) (bool, error) {
	run, open, err := d.openRun(ctx, q.Card.ID)
	if err != nil || !open || run.ID != q.Run || run.rests() {
		return false, err
	}
	for i := range run.Plan.Steps {
		if requestID(run.ID, i) == q.ID && run.has(i, Done) && !run.goesBack() {
			return true, nil
		}
	}
	return false, nil
}
