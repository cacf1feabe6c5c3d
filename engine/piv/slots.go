package piv

import (
	"errors"
	"slices"

	"cardkiosk/engine"
)

// slot is a place for a key and its certificate.
type slot struct {
	place  engine.Place // the key reference in hex: "9a"
	key    byte         // SP 800-73-4 part 1, table 4b
	object objectID     // of the certificate; SP 800-73-4 part 1, table 3
}

// slots are the places of a PIV card in the order they are shown.
var slots = []slot{
	{"9a", 0x9a, 0x5fc105}, // PIV Authentication
	{"9c", 0x9c, 0x5fc10a}, // Digital Signature
	{"9d", 0x9d, 0x5fc10b}, // Key Management
	{"9e", 0x9e, 0x5fc101}, // Card Authentication

	{"82", 0x82, 0x5fc10d}, // Retired Key Management 1 to 20
	{"83", 0x83, 0x5fc10e},
	{"84", 0x84, 0x5fc10f},
	{"85", 0x85, 0x5fc110},
	{"86", 0x86, 0x5fc111},
	{"87", 0x87, 0x5fc112},
	{"88", 0x88, 0x5fc113},
	{"89", 0x89, 0x5fc114},
	{"8a", 0x8a, 0x5fc115},
	{"8b", 0x8b, 0x5fc116},
	{"8c", 0x8c, 0x5fc117},
	{"8d", 0x8d, 0x5fc118},
	{"8e", 0x8e, 0x5fc119},
	{"8f", 0x8f, 0x5fc11a},
	{"90", 0x90, 0x5fc11b},
	{"91", 0x91, 0x5fc11c},
	{"92", 0x92, 0x5fc11d},
	{"93", 0x93, 0x5fc11e},
	{"94", 0x94, 0x5fc11f},
	{"95", 0x95, 0x5fc120},
}

// retired are the places for former encryption keys, from 82 to 95.
func retired() []engine.Place {
	var places []engine.Place
	for _, sl := range slots {
		if sl.retired() {
			places = append(places, sl.place)
		}
	}
	return places
}

func (sl slot) retired() bool { return sl.key < 0x9a }

// slotAt finds a slot by its place.
func slotAt(at engine.Place) (slot, error) {
	i := slices.IndexFunc(slots, func(sl slot) bool { return sl.place == at })
	if i < 0 {
		return slot{}, &engine.Error{Op: "find place", Kind: engine.BadInput, Subject: string(at), Err: errors.New("PIV has no such place")}
	}
	return slots[i], nil
}

// defaultPIN is how often a slot wants the PIN where nothing else was said:
// SP 800-73-4 part 1, table 4b; a YubiKey does the same.
func (sl slot) defaultPIN() engine.PINPolicy {
	switch sl.key {
	case 0x9c:
		return engine.PINAlways
	case 0x9e:
		return engine.PINNever
	default:
		return engine.PINOnce
	}
}
