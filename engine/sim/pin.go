package sim

import (
	"bytes"
	"slices"
)

// Key references of PINs and PUK (SP 800-73-4 part 1, table 4a).
const (
	refGlobalPIN = 0x00
	refPIN       = 0x80
	refPUK       = 0x81
)

const (
	pinLength  = 8 // bytes, with padding
	factoryPIN = "123456\xff\xff"
	factoryPUK = "12345678"
)

// verify is VERIFY (SP 800-73-4 part 2, 3.2.1): with data it tries a PIN,
// without it asks for the tries left, with P1 FF it takes the PIN back.
func (c *Card) verify(cmd command) ([]byte, status) {
	pin, verified := &c.state.PIN, &c.session.verified
	if cmd.p2 == refGlobalPIN && c.state.hasGlobalPIN() {
		pin, verified = &c.state.Global, &c.session.verifiedGlobal
	} else if cmd.p2 != refPIN {
		return nil, swReferenceNotFound
	}
	switch {
	case cmd.p1 == 0xff && len(cmd.data) == 0:
		*verified = false
		return nil, swOK
	case cmd.p1 != 0x00:
		return nil, c.badParameters()
	case len(cmd.data) == 0:
		return nil, pin.triesLeft(*verified)
	case !c.comparable(cmd.p2, cmd.data):
		return nil, swIncorrectData
	}
	sw := try(pin, cmd.data)
	*verified = sw == swOK
	if sw == swOK {
		c.session.freshPIN = c.session.commands
	}
	return nil, sw
}

func (s Secret) triesLeft(verified bool) status {
	switch {
	case verified:
		return swOK
	case s.Left == 0:
		return swBlocked
	}
	return s.tries()
}

// pinShown reports whether either PIN was verified: both open what wants one
// (SP 800-73-4 part 1, 5.1).
func (s *session) pinShown() bool { return s.verified || s.verifiedGlobal }

// changeReference is CHANGE REFERENCE DATA (SP 800-73-4 part 2, 3.2.2): a new
// PIN for who knows the old one, or a new PUK.
func (c *Card) changeReference(cmd command) ([]byte, status) {
	secret := &c.state.PIN
	switch {
	case cmd.p1 != 0x00:
		return nil, c.badParameters()
	case cmd.p2 == refPUK:
		secret = &c.state.PUK
	case cmd.p2 != refPIN:
		return nil, swReferenceNotFound
	}
	sw := c.replace(cmd.p2, secret, cmd.p2, secret, cmd.data)
	if cmd.p2 == refPIN && (sw == swOK || sw.wrong()) {
		c.session.verified = sw == swOK
	}
	return nil, sw
}

// resetRetry is RESET RETRY COUNTER (SP 800-73-4 part 2, 3.2.3): a new PIN for
// who knows the PUK.
func (c *Card) resetRetry(cmd command) ([]byte, status) {
	switch {
	case cmd.p1 != 0x00:
		return nil, c.badParameters()
	case cmd.p2 != refPIN:
		return nil, swReferenceNotFound
	}
	sw := c.replace(refPUK, &c.state.PUK, refPIN, &c.state.PIN, cmd.data)
	if sw.wrong() {
		c.session.verified = false
	}
	return nil, sw
}

// replace gives target a new value if data begins with the value of guard.
//
// YubiKeys compare before they look at the new value: ykman's reset blocks the
// PUK with an empty PUK and an empty new PIN (yubikit/piv.py, reset), and gets
// 6A80 for a new one that is too short (age-plugin-yubikey issue 81).
func (c *Card) replace(guardRef byte, guard *Secret, targetRef byte, target *Secret, data []byte) status {
	if len(data) != 2*pinLength {
		return swIncorrectData
	}
	old, fresh := data[:pinLength], data[pinLength:]
	if !c.comparable(guardRef, old) {
		return swIncorrectData
	}
	sound := c.sound(targetRef, fresh)
	if !sound && (c.state.Firmware.plain() || guard.Left > 0 && bytes.Equal(guard.Value, old)) {
		return swIncorrectData
	}
	if sw := try(guard, old); sw != swOK {
		return sw
	}
	target.Value, target.Left = slices.Clone(fresh), target.Max
	return swOK
}

// try compares and counts. A blocked secret is not compared any more.
func try(s *Secret, given []byte) status {
	if s.Left == 0 {
		return swBlocked
	}
	if !bytes.Equal(s.Value, given) {
		s.Left--
		return s.tries()
	}
	s.Left = s.Max
	return swOK
}

// tries is 63Cx. Where more than 15 tries are left it tells 15 (Yubico .NET
// SDK, "PIV commands", Verify).
func (s Secret) tries() status { return swTriesLeft | status(min(s.Left, 15)) }

// wrong reports whether a status word says that a try was spent.
func (sw status) wrong() bool { return sw&^0xf == swTriesLeft }

// comparable reports whether a value is tried at all. The plain card refuses
// what cannot be a PIN, as SP 800-73-4 recommends, and spends no try. YubiKeys
// try everything of 8 bytes: ykman blocks the PIN with eight FF (yubikit/piv.py,
// reset), a PIN of four digits costs a try (EnrollmentStation issue 14).
func (c *Card) comparable(ref byte, value []byte) bool {
	return len(value) == pinLength && (!c.state.Firmware.plain() || c.sound(ref, value))
}

// sound reports whether a value may be set: 6 to 8 characters, padded with FF.
// PINs of the plain card are digits, its PUK is any 8 bytes (SP 800-73-4 part 2,
// 2.4.3). YubiKeys from 5.7 on take no byte above 7F, older ones any (Yubico
// .NET SDK, "The PIV PIN, PUK, and management key").
func (c *Card) sound(ref byte, value []byte) bool {
	if c.state.Firmware.plain() && ref == refPUK {
		return true
	}
	chars := value
	for len(chars) > 0 && chars[len(chars)-1] == 0xff {
		chars = chars[:len(chars)-1]
	}
	if len(chars) < 6 {
		return false
	}
	for _, b := range chars {
		switch {
		case c.state.Firmware.plain() && (b < '0' || b > '9'):
			return false
		case c.state.Firmware.atLeast(Firmware{5, 7, 0}) && b > 0x7f:
			return false
		}
	}
	return true
}
