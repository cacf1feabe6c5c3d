package sim

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"math/big"
	"time"
)

// Elements of the dynamic authentication template (SP 800-73-4 part 2, table 7).
const (
	tagTemplate       = 0x7c
	tagWitness        = 0x80
	tagChallenge      = 0x81
	tagResponse       = 0x82
	tagExponentiation = 0x85
)

// touchLasts is how long a touch is good for keys with the policy "cached".
const touchLasts = 15 * time.Second

// authenticate is GENERAL AUTHENTICATE (SP 800-73-4 part 2, 3.2.4): the
// algorithm in P1, the key in P2.
func (c *Card) authenticate(cmd command) ([]byte, status) {
	outer, ok := parseTLV(cmd.data)
	if !ok || len(outer) != 1 || outer[0].tag != tagTemplate {
		return nil, swIncorrectData
	}
	template, ok := parseTLV(outer[0].value)
	if !ok {
		return nil, swIncorrectData
	}
	if Slot(cmd.p2) == slotAdmin {
		return c.authenticateAdmin(cmd.p1, template)
	}
	value, sw := c.usePrivate(Slot(cmd.p2), cmd.p1, template)
	if sw != swOK {
		return nil, sw
	}
	return answerTemplate(tagResponse, value), swOK
}

// answerTemplate is a dynamic authentication template with one element.
func answerTemplate(tag uint32, value []byte) []byte {
	return appendTLV(nil, tagTemplate, appendTLV(nil, tag, value))
}

// usePrivate signs, decrypts or agrees with the key in a slot. Without a key,
// or with one of another algorithm, YubiKeys answer 6A80. The attestation key
// signs attestations only (Yubico .NET SDK, "Authenticate: sign").
func (c *Card) usePrivate(slot Slot, algorithm byte, template []element) ([]byte, status) {
	if !slot.valid() || slot == slotAttestation {
		return nil, c.badParameters()
	}
	key, ok := c.state.Keys[slot]
	if !ok || key.Algorithm != algorithm {
		return nil, swIncorrectData
	}
	if response := find(template, tagResponse); response == nil || len(response) > 0 {
		return nil, swIncorrectData
	}
	if !c.pinSuffices(key.PIN) {
		return nil, swSecurityStatus
	}
	private, err := key.open()
	if err != nil {
		return nil, swMemoryFailure
	}
	value, ok := c.compute(slot, private, template)
	if !ok {
		return nil, swIncorrectData
	}
	if !c.fingerSuffices(byte(slot), key.Touch) {
		return nil, swSecurityStatus
	}
	return value, swOK
}

// pinSuffices reports whether the PIN was verified as a key wants it. "Always"
// means by the command just before this one, whatever came between (SP 800-73-4
// part 1, 3.2.1; Yubico in yubico-piv-tool issue 234: "any command performed
// after that de-authenticates that PIN").
func (c *Card) pinSuffices(policy byte) bool {
	switch policy {
	case PINNever:
		return true
	case PINOnce:
		return c.session.pinShown()
	}
	return c.session.pinShown() && c.session.freshPIN == c.session.commands-1
}

// fingerSuffices waits for a touch if the policy wants one. A YubiKey whose
// contact nobody touches answers 6982 (Yubico .NET SDK, "Authenticate: sign").
func (c *Card) fingerSuffices(slot, policy byte) bool {
	if policy == TouchNever {
		return true
	}
	if policy == TouchCached && !c.session.touched.IsZero() && c.o.Now().Sub(c.session.touched) < touchLasts {
		return true
	}
	if c.o.Finger != nil && !c.o.Finger(slot) {
		return false
	}
	c.session.touched = c.o.Now()
	return true
}

// compute does what is asked of a key: sign or decrypt with a challenge, agree
// keys with an exponentiation.
func (c *Card) compute(slot Slot, key privateKey, template []element) ([]byte, bool) {
	data, peer := find(template, tagChallenge), find(template, tagExponentiation)
	switch {
	case data != nil && peer == nil:
		return c.sign(slot, key, data)
	case data == nil && peer != nil:
		return c.agree(slot, key, peer)
	}
	return nil, false
}

// sign signs a hash as it is, or computes with an RSA block as it is: padding
// is the other side's work, and so decrypting and signing are one.
func (c *Card) sign(slot Slot, key privateKey, data []byte) ([]byte, bool) {
	switch k := key.signer.(type) {
	case *rsa.PrivateKey:
		block := new(big.Int).SetBytes(data)
		if len(data) != k.Size() || block.Cmp(k.N) >= 0 {
			return nil, false
		}
		return block.Exp(block, k.D, k.N).FillBytes(make([]byte, k.Size())), true
	case *ecdsa.PrivateKey:
		size := (k.Curve.Params().BitSize + 7) / 8
		if len(data) == 0 || len(data) > size || c.state.Firmware.plain() && slot.agreesOnly() {
			return nil, false
		}
		signature, err := ecdsa.SignASN1(c.o.Random, k, data)
		return signature, err == nil
	case ed25519.PrivateKey:
		signature, err := k.Sign(c.o.Random, data, crypto.Hash(0))
		return signature, err == nil
	}
	return nil, false
}

// agree multiplies the other side's point and returns the X coordinate.
func (c *Card) agree(slot Slot, key privateKey, peer []byte) ([]byte, bool) {
	if key.agreer == nil || c.state.Firmware.plain() && !slot.agreesOnly() {
		return nil, false
	}
	point, err := key.agreer.Curve().NewPublicKey(peer)
	if err != nil {
		return nil, false
	}
	shared, err := key.agreer.ECDH(point)
	return shared, err == nil
}

// agreesOnly reports whether, on a plain card, an elliptic-curve key in the slot
// agrees keys and cannot sign; in the other slots it signs and cannot agree
// (SP 800-73-4 part 2, 3.2.4). YubiKeys do both everywhere.
func (s Slot) agreesOnly() bool { return s == slotKeyManagement || s.retired() }
