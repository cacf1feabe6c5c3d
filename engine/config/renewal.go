package config

import (
	"fmt"

	"cardkiosk/engine"
)

// renewal is how a template says how its certificate is renewed, and what
// becomes of the old one.
type renewal struct {
	KeyOnRenewal     keyOnRenewal   `toml:"key_on_renewal"`
	KeyMaxDays       int            `toml:"key_max_days"`
	OldCertificate   oldCertificate `toml:"old_certificate"`
	RevokeSuperseded bool           `toml:"revoke_superseded"`
	GraceDays        int            `toml:"grace_days"`
	AcceptSigned     bool           `toml:"accept_signed_renewal"`
}

type keyOnRenewal string

const (
	newKey  keyOnRenewal = "new"
	sameKey keyOnRenewal = "same"
)

type oldCertificate string

const (
	deleteOld oldCertificate = "delete"
	keepOld   oldCertificate = "keep"
)

func (t *template) checkRenewal(c *checker, at *path) {
	fallback(c, at.key("accept_signed_renewal"), &t.AcceptSigned, true)
	fallback(c, at.key("key_on_renewal"), &t.KeyOnRenewal, newKey)
	oneOf(c, at.key("key_on_renewal"), t.KeyOnRenewal, newKey, sameKey)
	t.checkKeyAge(c, at.key("key_max_days"))
	old := deleteOld
	if t.encrypts() {
		old = keepOld
	}
	fallback(c, at.key("old_certificate"), &t.OldCertificate, old)
	oneOf(c, at.key("old_certificate"), t.OldCertificate, deleteOld, keepOld)
	if t.encrypts() && t.OldCertificate == deleteOld {
		c.wrong(at.key("old_certificate"), "is delete, but this key decrypts: what was encrypted to it could not be opened any more",
			`use "keep", or leave the key out: it goes to the card's history`)
	}
	t.checkRevoke(c, at)
}

// checkKeyAge reports an age that no key that is used again can have.
func (t *template) checkKeyAge(c *checker, at *path) {
	switch {
	case !c.given(at):
	case t.KeyOnRenewal != sameKey:
		c.wrong(at, "is for keys that are used again", `set key_on_renewal = "same", or remove it`)
	case t.KeyMaxDays < 1 || t.KeyMaxDays > mostDays:
		c.counts(at, t.KeyMaxDays, mostDays)
	case t.ValidDays > 0 && t.KeyMaxDays <= t.ValidDays-t.window():
		c.wrong(at, fmt.Sprintf("is %d, but a certificate is renewed after %d days at the earliest: its key would never be used again",
			t.KeyMaxDays, t.ValidDays-t.window()), `use more days, or key_on_renewal = "new"`)
	}
}

// window is how many days before its end a certificate is due.
func (t *template) window() int {
	if t.RenewDays > 0 {
		return t.RenewDays
	}
	return t.ValidDays * t.RenewPercent / 100
}

func (t *template) checkRevoke(c *checker, at *path) {
	revoke, grace := at.key("revoke_superseded"), at.key("grace_days")
	if t.RevokeSuperseded && (t.signs() || t.encrypts()) {
		c.wrong(revoke, "is true, but this certificate is not for logging on alone: what was signed with it, or encrypted to it, would be doubted",
			"remove it: certificates for signing and encryption expire by themselves")
	}
	switch {
	case !c.given(grace):
	case !t.RevokeSuperseded && !c.unclear(revoke):
		c.wrong(grace, "is a wait before the old certificate is revoked, but it is not revoked", "set revoke_superseded = true, or remove it")
	case t.ValidDays > 0 && t.GraceDays >= t.ValidDays:
		c.wrong(grace, fmt.Sprintf("is %d, but the certificate is valid for %d days only: it would have ended by then", t.GraceDays, t.ValidDays),
			"use a number below valid_days")
	default:
		c.countsFromNone(grace, t.GraceDays, mostDays)
	}
}

func (r renewal) rule() engine.Renewal {
	return engine.Renewal{
		SameKey: r.KeyOnRenewal == sameKey, KeyMaxDays: r.KeyMaxDays, KeepOld: r.OldCertificate == keepOld,
		RevokeOld: r.RevokeSuperseded, GraceDays: r.GraceDays, Hold: !r.AcceptSigned,
	}
}
