package piv

import (
	"slices"

	"cardkiosk/engine"
)

// abilities are what a card can do, told by its firmware.
func abilities(f firmware) engine.Abilities {
	if !f.yubiKey() {
		// SP 800-73-4 part 2, 3.3.2 makes keys in 9A, 9C, 9D and 9E only, and
		// knows no way to move or remove one.
		return engine.Abilities{
			KeyTypes:       []engine.KeyType{engine.RSA2048, engine.P256, engine.P384},
			MaxCertificate: objectLimitPIV - certificateFrame,
			Policies:       slotPolicies(),
		}
	}
	a := engine.Abilities{
		KeyTypes:       f.keyTypes(),
		ShowKeys:       f.tellsMetadata(),
		SetSecrets:     f.tellsMetadata(),
		MoveKeys:       f.movesKeys(),
		DeleteKeys:     f.movesKeys(),
		ImportKeys:     f.importsKeys(),
		ProvesAnyKey:   true,
		Resets:         true,
		MaxCertificate: f.objectLimit() - certificateFrame,
	}
	if f.atLeast(4, 0, 0) { // a NEO has no retired slots
		a.History = retired()
		a.Spare = retired()
		slices.Reverse(a.Spare)
	} else {
		a.Policies = slotPolicies()
	}
	return a
}

// slotPolicies are those of cards on which the slot decides when the PIN is
// wanted (SP 800-73-4 part 1, table 4b).
func slotPolicies() map[engine.Place]engine.PINPolicy {
	return map[engine.Place]engine.PINPolicy{
		"9a": engine.PINOnce, "9c": engine.PINAlways, "9d": engine.PINOnce, "9e": engine.PINNever,
	}
}

// movesKeys: docs.yubico.com, .NET SDK, "PivMoveOrDeleteKey": firmware 5.7.
func (f firmware) movesKeys() bool { return f.atLeast(5, 7, 0) }

// importsKeys: a NEO imports too, but its keys have no policies of their own.
func (f firmware) importsKeys() bool { return f.atLeast(4, 0, 0) }

// keyTypes are the keys the firmware makes. YubiKeys from 4.2.6 to 4.3.4 make
// RSA keys that can be factored (CVE-2017-15361, "ROCA"; Yubico advisory
// YSA-2017-01): none are made on them.
func (f firmware) keyTypes() []engine.KeyType {
	var types []engine.KeyType
	if !f.weakRSA() {
		types = append(types, engine.RSA2048)
	}
	types = append(types, engine.P256)
	if f.atLeast(4, 0, 0) {
		types = append(types, engine.P384)
	}
	return types
}

func (f firmware) weakRSA() bool { return f.atLeast(4, 2, 6) && !f.atLeast(4, 3, 5) }

// objectLimit is how long the content of an object may be, in bytes.
func (f firmware) objectLimit() int {
	if f.atLeast(4, 0, 0) {
		return objectLimitYubiKey
	}
	return objectLimitPIV
}
