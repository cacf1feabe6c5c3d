package words

import (
	"errors"
	"fmt"
	"time"

	"cardkiosk/engine"
)

// OfficerTrouble says why the CA did not do what its officer wanted, and what can
// be done about it. Where the CA says no, its own words are the hint.
func (t *Text) OfficerTrouble(err error) (title, hint string) {
	o := t.Officer
	switch {
	case engine.Is(err, engine.Forbidden):
		return o.Forbidden, caWords(err, o.ForbiddenHint)
	case engine.Is(err, engine.WrongState), engine.Is(err, engine.BadInput), engine.Is(err, engine.CARefused):
		return o.Refused, caWords(err, t.HintOf(err))
	case engine.Is(err, engine.StoreTrouble), engine.Is(err, engine.StoreFull):
		return o.BookTrouble, o.BookHint
	}
	return t.TitleOf(err), t.HintOf(err)
}

// caWords are what the CA itself says of an error, or what is said instead.
func caWords(err error, instead string) string {
	var e *engine.Error
	switch {
	case !errors.As(err, &e):
	case e.Subject != "":
		return engine.Clean(e.Subject)
	case e.Err != nil:
		return engine.Clean(e.Err.Error())
	}
	return instead
}

// About names a request: whose, for which template, and which subject.
func (t *Text) About(whose, template, subject string) string {
	return fmt.Sprintf(t.Officer.About, whose, template, subject)
}

// WithNames lists the other names of a request.
func (t *Text) WithNames(names string) string { return t.Officer.SAN + ": " + names }

// Decided says what the officer has just done.
func (t *Text) Decided(approved bool, whose, template string) string {
	if approved {
		return fmt.Sprintf(t.Officer.Approved, whose, template)
	}
	return fmt.Sprintf(t.Officer.Rejected, whose, template)
}

// DecidedAlready says why a request cannot be decided.
func (t *Text) DecidedAlready(s engine.RequestState) string {
	return fmt.Sprintf(t.Officer.Already, t.Officer.States[s])
}

// Elsewhere says that a request waits no more.
func (t *Text) Elsewhere(whose, template string) string {
	return fmt.Sprintf(t.Officer.Elsewhere, whose, template)
}

// Outcome says what became of a request, when, and who decided that.
func (t *Text) Outcome(s engine.RequestState, by string, at time.Time) string {
	said := t.Officer.States[s]
	if !at.IsZero() {
		said += ", " + t.When(at)
	}
	if by != "" {
		said += ", " + fmt.Sprintf(t.Officer.By, by)
	}
	return said
}

// WaitsSince says how long a request has waited.
func (t *Text) WaitsSince(since, now time.Time) string {
	return fmt.Sprintf(t.Officer.WaitsSince, t.Ago(since, now))
}

// AskedBy says who asked, where, and when.
func (t *Text) AskedBy(operator, station string, at time.Time) string {
	if operator == "" {
		return fmt.Sprintf(t.Officer.AskedAt, station, t.When(at))
	}
	return fmt.Sprintf(t.Officer.AskedByAt, operator, station, t.When(at))
}

// Renewed names the certificate that is renewed.
func (t *Text) Renewed(subject, serial string) string {
	return fmt.Sprintf(t.Officer.Renewed, subject, serial)
}

// RevokedToo says when a certificate ends, and what the CA did to it before.
func (t *Text) RevokedToo(ends, revoked string) string {
	return fmt.Sprintf(t.Officer.RevokedToo, ends, revoked)
}

// Issued names the certificate that came of a request.
func (t *Text) Issued(serial string, ends time.Time) string {
	return fmt.Sprintf(t.Officer.Issued, serial, t.DateOf(ends))
}

// VerifiedBy says whose key signed a renewal.
func (t *Text) VerifiedBy(by string) string {
	if by == "" {
		return t.Officer.Verified
	}
	return fmt.Sprintf(t.Officer.VerifiedBy, by)
}

// NotVerified says that the signature of a renewal proves nothing, and why.
func (t *Text) NotVerified(why string) string {
	if why == "" {
		return t.Officer.Unverified
	}
	return fmt.Sprintf(t.Officer.NotVerified, why)
}

// Signer names the certificate a renewal was signed with, and what the CA did to it.
func (t *Text) Signer(serial, subject, template, revoked string) string {
	said := fmt.Sprintf(t.Officer.Signer, serial, subject, template)
	if revoked != "" {
		said = fmt.Sprintf(t.Officer.SignerRevoked, said, revoked)
	}
	return said
}

// StationRevoked names a station that is a station no more.
func (t *Text) StationRevoked(station string, at time.Time) string {
	return fmt.Sprintf(t.Officer.StationRevoked, station, t.When(at))
}

// EndsAt says when a certificate ends: "in 9 days (1 Dec 2026)".
func (t *Text) EndsAt(at, now time.Time) string {
	said := t.Officer.WillEnd
	if now.After(at) {
		said = t.Officer.HasEnded
	}
	return fmt.Sprintf(said, t.until(at, now), t.DateOf(at))
}

// RejectHint repeats the reason before it is sent.
func (t *Text) RejectHint(reason string) string { return fmt.Sprintf(t.Officer.RejectHint, reason) }
