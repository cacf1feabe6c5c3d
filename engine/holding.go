package engine

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"time"
)

// ProveHolder has a connected card show that whoever put it in is its holder: with
// the PIN that they typed it signs a challenge, by a key that the record names for
// the card's user, on a certificate that is valid now and that its CA, asked now,
// does not call revoked. From then on the holder may have done with the card what
// their policy permits; it returns them as the actor.
//
// A card that cannot show it is Forbidden, with a Denial NotProven that has a
// CardFault in it: nothing was asked of a CA then but what is revoked, and no try of
// the PIN is spent. A wrong PIN is spent.
func (d *Desk) ProveHolder(ctx context.Context, actor Actor, c *Connected, pin PIN) (Actor, User, error) {
	row := AuditRow{Actor: actor, Act: proveHolder, Card: c.Contents.Identity.ID, User: c.Record.User.ID}
	user, err := d.holder(ctx, actor, c)
	if err == nil {
		err = d.challenge(ctx, c, pin)
	}
	if err == nil {
		actor.Who, actor.User, actor.How = Clean(user.Logon), user.ID, ByHolding
		row.Actor, c.proven = actor, true
		d.askHeldOf(ctx, c.Record)
	}
	d.witness(ctx, row, err)
	return actor, user.shown(), err
}

const proveHolder = "prove holder"

// holder is who the card's user is to the directory, when they may use it.
func (d *Desk) holder(ctx context.Context, actor Actor, c *Connected) (User, error) {
	if actor.Mode == Operator {
		return User{}, &Error{Op: proveHolder, Kind: Forbidden, Subject: actor.Who, Err: errors.New("operators sign in: what they may comes of their roles")}
	}
	if err := d.may(ctx, actor, ViewCard, aboutCard(c)); err != nil {
		return User{}, err
	}
	switch c.Record.State {
	case StateIssued, StatePending:
	case "", StateClean:
		return User{}, denied(actor, NotProven, HolderUnknown)
	case StateAssigned:
		return User{}, denied(actor, NotProven, NoCertificate)
	case StateDisabled, StateRevoked:
		return User{}, &Error{Op: proveHolder, Kind: WrongState, Subject: string(c.Record.State)}
	}
	user, err := d.user(ctx, c.Record.User.ID)
	switch {
	case Is(err, UserUnknown):
		return User{}, denied(actor, NotProven, HolderUnknown)
	case err == nil && user.Disabled:
		return User{}, denied(actor, AccountDisabled, nil)
	}
	return user, err
}

// denied is a refusal of what somebody wants with a card that they hold.
func denied(actor Actor, why DenialWhy, cause error) error {
	return &Error{Op: proveHolder, Kind: Forbidden, Subject: actor.Who, Err: &Denial{Privilege: ViewCard, Why: why, Err: cause}}
}

// challenge has the card sign, with the best key there is.
func (d *Desk) challenge(ctx context.Context, c *Connected, pin PIN) error {
	if err := pin.CheckShape(); err != nil {
		return err
	}
	record, silent := d.askRevoked(ctx, c.Record)
	with, fault := c.showing(record, silent, d.Now())
	if fault != "" {
		return denied(Actor{}, NotProven, fault)
	}
	err := ProveHolder(ctx, c.card, pin, with.place, with.certificate, d.Random)
	if Is(err, CardTrouble) {
		d.Log.Warn("card did not prove its key", "card", record.Card.ID, "place", with.place, "err", err)
		return denied(Actor{}, NotProven, KeyUnproven)
	}
	if err == nil {
		c.Record, c.silent = record, silent
	}
	return err
}

// showable is a key by which a card may show whose it is.
type showable struct {
	place       Place
	certificate *x509.Certificate
	touch       bool
}

// showing picks the key, one that needs no finger before any other. Without one it
// says what keeps the card from showing whose it is; of several causes, that of the
// certificate that came nearest to it.
func (c *Connected) showing(r Record, silent []string, now time.Time) (best showable, fault CardFault) {
	fault = NoCertificate
	for _, m := range r.Managed {
		s, is := c.shows(m, silent, now)
		switch {
		case is != "":
			if slices.Index(nearness, is) > slices.Index(nearness, fault) {
				fault = is
			}
		case best.certificate == nil || best.touch && !s.touch:
			best = s
		}
	}
	if best.certificate != nil {
		return best, ""
	}
	return best, fault
}

// nearness are the faults in the order in which a certificate is looked at.
var nearness = []CardFault{
	NoCertificate, CertificateUnfit, KeyUnproven, CertificateEarly, CertificateEnded, RevocationUnknown, CertificateOnHold, CertificateRevoked,
}

// shows tells whether the card may show by this certificate whose it is.
func (c *Connected) shows(m Managed, silent []string, now time.Time) (showable, CardFault) {
	it, _ := c.Contents.At(m.Place)
	if m.Common || it.Certificate == nil || Fingerprint(it.Certificate) != m.Fingerprint {
		return showable{}, NoCertificate
	}
	certificate, err := x509.ParseCertificate(it.Certificate)
	switch {
	case err != nil || !forSigning(certificate) || !c.wantsPIN(it, m):
		return showable{}, CertificateUnfit
	case !bytes.Equal(certificate.RawSubjectPublicKeyInfo, m.Public), it.Key != nil && !bytes.Equal(it.Key.Public, m.Public):
		return showable{}, KeyUnproven
	case now.Before(certificate.NotBefore):
		return showable{}, CertificateEarly
	case !now.Before(certificate.NotAfter):
		return showable{}, CertificateEnded
	case m.CA == "" || slices.Contains(silent, m.CA):
		return showable{}, RevocationUnknown
	case m.Revoked != nil && m.Revoked.Reason == CertificateHold:
		return showable{}, CertificateOnHold
	case m.Revoked != nil:
		return showable{}, CertificateRevoked
	}
	return showable{m.Place, certificate, it.Key != nil && it.Key.wantsFinger()}, ""
}

// forSigning reports whether a certificate's key is for signing challenges (RFC 5280,
// 4.2.1.3).
func forSigning(c *x509.Certificate) bool {
	return c.KeyUsage == 0 || c.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) != 0
}

// wantsPIN reports whether a key signs only for those who know the PIN: as the key
// says, else its place, else the policy under which it was made. A key of which
// nobody knows does not count.
func (c *Connected) wantsPIN(it Item, m Managed) bool {
	policy := c.Contents.Abilities.Policies[it.Place]
	if t, ok := c.template(m.Template); ok && policy == "" {
		policy = t.Key.PIN
	}
	if it.Key != nil {
		policy = it.Key.PIN
	}
	return policy == PINOnce || policy == PINAlways
}

func (c *Connected) template(name string) (Template, bool) {
	if c.before == nil {
		return Template{}, false
	}
	return c.before.Template(name)
}
