package authority

import (
	"context"
	"crypto/x509"
	"fmt"
	"math/big"
	"time"
)

// Publish publishes a CRL now, as the next of the schedule.
func (a *Authority) Publish(ctx context.Context) (CRL, error) { return a.publish(ctx, always) }

// CRL returns the newest CRL; its Number is 0 before the first.
func (a *Authority) CRL(ctx context.Context) (CRL, error) { return a.book.latestCRL(ctx) }

// occasion says when a CRL is published.
type occasion int

const (
	whenNeeded occasion = iota // the schedule says so, or a revocation waits
	always
)

func (a *Authority) publish(ctx context.Context, when occasion) (CRL, error) {
	now, made := a.clock(), false
	due := func(last CRL, untold bool) bool {
		return when == always || untold || !now.Before(a.nextRegular(last))
	}
	sign := func(last CRL, entries []x509.RevocationListEntry) (CRL, error) {
		next := CRL{Number: last.Number + 1, ThisUpdate: now, regular: last.regular, Entries: len(entries)}
		next.NextUpdate = now.Add(time.Duration(a.rules.CRL.Interval) + time.Duration(a.rules.CRL.Overlap))
		if when == always || !now.Before(a.nextRegular(last)) {
			next.regular = now
		}
		made = true
		return next, a.signCRL(&next, entries)
	}
	crl, err := a.book.publish(ctx, due, sign, auditRow{At: now, Act: actPublish})
	if err == nil && made {
		a.log.Info("CRL published", "number", crl.Number, "entries", crl.Entries, "next", crl.NextUpdate)
	}
	return crl, err
}

// nextRegular is when the schedule wants the CRL after last; the first is due
// at once.
func (a *Authority) nextRegular(last CRL) time.Time {
	return last.regular.Add(time.Duration(a.rules.CRL.Interval))
}

func (a *Authority) signCRL(crl *CRL, entries []x509.RevocationListEntry) error {
	der, err := x509.CreateRevocationList(a.random, &x509.RevocationList{
		Number:                    big.NewInt(crl.Number),
		ThisUpdate:                crl.ThisUpdate,
		NextUpdate:                crl.NextUpdate,
		RevokedCertificateEntries: entries,
	}, a.issuing.cert, a.issuing.key)
	if err != nil {
		return fmt.Errorf("sign CRL %d: %w", crl.Number, err)
	}
	crl.DER = der
	return nil
}

// lookAgain is the longest that publishing sleeps: another process may have
// revoked something, and the clock may have been set.
const lookAgain = time.Minute

// publishOnSchedule keeps the CRL fresh until ctx ends.
func (a *Authority) publishOnSchedule(ctx context.Context) {
	for {
		wait := lookAgain
		if last, err := a.publishIfNeeded(ctx); err != nil {
			a.log.Error("CRL was not published; tried again", "err", err, "in", wait)
		} else if left := a.nextRegular(last).Sub(a.now()); left < wait {
			wait = max(left, time.Second)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// publishIfNeeded looks first without keeping anybody from writing.
func (a *Authority) publishIfNeeded(ctx context.Context) (CRL, error) {
	last, err := a.book.latestCRL(ctx)
	if err != nil {
		return CRL{}, err
	}
	untold, err := a.book.untold(ctx)
	if err != nil {
		return CRL{}, err
	}
	if !untold && a.clock().Before(a.nextRegular(last)) {
		return last, nil
	}
	return a.publish(ctx, whenNeeded)
}

// CRLAge is how old the newest revocation list is.
type CRLAge struct {
	CRL
	Overdue bool // the schedule wanted another by now: nobody serves this CA, or it is in trouble
	Ended   bool // it is not valid any more: certificates cannot be checked
}

// CRLAge looks at the newest list. Before the first one it is overdue.
func (a *Authority) CRLAge(ctx context.Context) (CRLAge, error) {
	crl, err := a.book.latestCRL(ctx)
	if err != nil {
		return CRLAge{}, err
	}
	now := a.clock()
	return CRLAge{
		CRL: crl,
		// Whoever serves looks at least so often whether one is due.
		Overdue: now.After(a.nextRegular(crl).Add(2 * lookAgain)),
		Ended:   crl.Number > 0 && now.After(crl.NextUpdate),
	}, nil
}
