package sim

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"math/big"
)

// policies are the PIN and touch policy a command asks for, resolved.
type policies struct{ pin, touch byte }

// generate is GENERATE ASYMMETRIC KEY PAIR (SP 800-73-4 part 2, 3.3.2), with
// Yubico's policies AA and AB. A key that was there is gone.
func (c *Card) generate(cmd command) ([]byte, status) {
	slot := Slot(cmd.p2)
	switch {
	case cmd.p1 != 0x00 || !slot.valid():
		return nil, c.badParameters()
	case c.state.Firmware.plain() && (slot.retired() || slot == slotAttestation):
		return nil, swIncorrectP1P2
	case !c.session.admin:
		return nil, swSecurityStatus
	}
	outer, ok := parseTLV(cmd.data)
	if !ok || len(outer) != 1 || outer[0].tag != 0xac {
		return nil, swIncorrectData
	}
	template, ok := parseTLV(outer[0].value)
	mechanism := find(template, 0x80)
	if !ok || len(mechanism) != 1 || !c.knows(mechanism[0]) {
		return nil, swIncorrectData
	}
	p, ok := c.readPolicies(slot, template)
	if !ok {
		return nil, swIncorrectData
	}
	private, err := makeKey(mechanism[0], c.o.Random)
	if err != nil {
		return nil, swMemoryFailure
	}
	key, ok := c.put(slot, private, false, p)
	if !ok {
		return nil, swMemoryFailure
	}
	public, err := publicTLV(key.Public)
	if err != nil {
		return nil, swMemoryFailure
	}
	return appendTLV(nil, 0x7f49, public), swOK
}

// knows reports whether this card has an algorithm.
func (c *Card) knows(algorithm byte) bool {
	since, known := algorithmSince[algorithm]
	return known && c.state.Firmware.atLeast(since)
}

// readPolicies reads the PIN policy AA and the touch policy AB.
func (c *Card) readPolicies(slot Slot, template []element) (policies, bool) {
	pin, ok1 := c.readPolicy(template, 0xaa, slot.pinPolicy())
	touch, ok2 := c.readPolicy(template, 0xab, TouchNever)
	return policies{pin, touch}, ok1 && ok2
}

// readPolicy reads one policy; without one it is the slot's own. The plain card
// knows none, and the 04 and 05 of YubiKeys Bio this card does not have.
func (c *Card) readPolicy(template []element, tag uint32, own byte) (byte, bool) {
	value := find(template, tag)
	switch {
	case value == nil:
		return own, true
	case len(value) != 1 || value[0] > PINAlways || c.state.Firmware.plain():
		return 0, false
	case value[0] == policyDefault:
		return own, true
	}
	return value[0], true
}

// put lays a key into a slot, over any that is there.
func (c *Card) put(slot Slot, private any, imported bool, p policies) (Key, bool) {
	key, err := NewKey(private, imported, p.pin, p.touch)
	if err != nil {
		return Key{}, false
	}
	c.state.Keys[slot] = key
	return key, true
}

// importKey is Yubico's IMPORT ASYMMETRIC KEY: the algorithm in P1, the slot in
// P2, the parts of the key in tags 01 to 08.
func (c *Card) importKey(cmd command) ([]byte, status) {
	slot := Slot(cmd.p2)
	switch {
	case !slot.valid():
		return nil, c.badParameters()
	case !c.session.admin:
		return nil, swSecurityStatus
	}
	template, ok := parseTLV(cmd.data)
	if !ok || !c.knows(cmd.p1) {
		return nil, swIncorrectData
	}
	p, ok := c.readPolicies(slot, template)
	if !ok {
		return nil, swIncorrectData
	}
	private := readPrivate(cmd.p1, template)
	if private == nil {
		return nil, swIncorrectData
	}
	if _, ok := c.put(slot, private, true, p); !ok {
		return nil, swIncorrectData
	}
	return nil, swOK
}

// readPrivate reads a private key from its parts; nil when they make none. Tags:
// Yubico_extensions.html, and for the two curves of 5.7 yubikit/piv.py, put_key.
func readPrivate(algorithm byte, parts []element) any {
	switch algorithm {
	case algP256:
		return readECDSA(elliptic.P256(), find(parts, 0x06))
	case algP384:
		return readECDSA(elliptic.P384(), find(parts, 0x06))
	case algEd25519:
		if seed := find(parts, 0x07); len(seed) == ed25519.SeedSize {
			return ed25519.NewKeyFromSeed(seed)
		}
		return nil
	case algX25519:
		if key, err := ecdh.X25519().NewPrivateKey(find(parts, 0x08)); err == nil {
			return key
		}
		return nil
	}
	return readRSA(rsaBits[algorithm], parts)
}

func readECDSA(curve elliptic.Curve, scalar []byte) any {
	key, err := ecdsa.ParseRawPrivateKey(curve, scalar)
	if err != nil {
		return nil
	}
	return key
}

// readRSA makes a key from its primes, tags 01 and 02; the public exponent is
// always 65537. The parts for the Chinese remainder, 03 to 05, must be the
// primes' own. Whether a YubiKey looks is undocumented; one that does not signs
// wrongly, and whoever sent them in disorder had better learn it here.
func readRSA(bits int, parts []element) any {
	var part [5][]byte
	for i := range part {
		part[i] = find(parts, uint32(i+1))
		if len(part[i]) != bits/16 {
			return nil
		}
	}
	p, q := new(big.Int).SetBytes(part[0]), new(big.Int).SetBytes(part[1])
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	d := new(big.Int).ModInverse(big.NewInt(65537), phi)
	if d == nil {
		return nil
	}
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537},
		D:         d,
		Primes:    []*big.Int{p, q},
	}
	if key.N.BitLen() != bits || key.Validate() != nil {
		return nil
	}
	key.Precompute()
	own := key.Precomputed
	if !isNumber(part[2], own.Dp) || !isNumber(part[3], own.Dq) || !isNumber(part[4], own.Qinv) {
		return nil
	}
	return key
}

func isNumber(b []byte, n *big.Int) bool { return new(big.Int).SetBytes(b).Cmp(n) == 0 }
