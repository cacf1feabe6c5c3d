package config

import (
	"fmt"
	"slices"

	"cardkiosk/engine"
)

// What a certificate is for decides where its key may lie and how it is
// guarded.

// logsOn reports whether somebody signs in somewhere with the certificate.
func (t *template) logsOn() bool {
	return t.Binding != "" || t.extends("clientAuth", "smartcardLogon", "pkinitClient")
}

// signs reports whether its signatures are to last: of documents, or of mail.
func (t *template) signs() bool {
	return slices.Contains(t.Usage, engine.ContentCommitment) || t.extends("documentSigning") ||
		t.extends("emailProtection") && slices.Contains(t.Usage, engine.DigitalSignature)
}

func (t *template) encrypts() bool {
	return slices.Contains(t.Usage, engine.KeyEncipherment) || slices.Contains(t.Usage, engine.KeyAgreement)
}

// extends reports whether the template has one of these extended key usages,
// by name or as an OID.
func (t *template) extends(names ...string) bool {
	for _, e := range t.Extended {
		has, err := engine.ExtendedUsage(e)
		for _, name := range names {
			if oid, _ := engine.ExtendedUsage(name); err == nil && has.Equal(oid) {
				return true
			}
		}
	}
	return false
}

// purpose names what the certificate is for, where that wants a PIN.
func (t *template) purpose() string {
	switch {
	case t.encrypts():
		return "decrypts"
	case t.signs():
		return "signs"
	case t.logsOn():
		return "logs on"
	}
	return ""
}

// checkPlace reports slots that do not fit what the key is and is for.
func (t *template) checkPlace(c *checker, at *path) {
	t.Place.check(c, at.key("place"))
	checkHolds(c, at, t.Place, t.Key)
	purpose, open := t.purpose(), false
	for i, p := range t.Place {
		if p == "9e" && purpose != "" {
			open = true
			c.wrong(at.key("place").item(i), fmt.Sprintf("is 9e, whose key works without the PIN, but this key %s", purpose),
				`use "9a" to log on, "9c" to sign, "9d" to decrypt; "9e" is for doors`)
		}
	}
	if t.PIN == engine.PINNever && !open && purpose != "" && purpose != "decrypts" {
		c.wrong(at.key("pin"), fmt.Sprintf("is never, but this key %s: whoever finds the card could use it", purpose), `use "once" or "always"`)
	}
}

// checkHolds reports a slot that cannot hold a kind of key. SP 800-78-4, table
// 3-1: the keys for authentication and of the card itself are RSA-2048 or
// P-256; only those for signatures and encryption may also be P-384.
func checkHolds(c *checker, at *path, p places, key engine.KeyType) {
	for i, one := range p {
		if key == engine.P384 && (one == "9a" || one == "9e") {
			c.wrong(at.key("place").item(i), fmt.Sprintf("is %s, a slot that holds no keys of type %s", one, key),
				`use "p256" or "rsa2048", or one of the slots "9c", "9d" and the retired ones`)
		}
	}
}
