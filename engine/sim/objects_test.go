package sim

import "testing"

// Anybody reads, the administration key writes, and an empty value deletes.
func TestObjects(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	const (
		read  = "00 cb 3f ff 05 5c 03 5f c1 02"
		write = "00 db 3f ff 09 5c 03 5f c1 02 53 02 be ef"
	)
	say(t, card, read, "6a82")
	say(t, card, write, "6982")
	unlock(t, card)
	say(t, card, write, "9000")
	card.PowerOn()
	say(t, card, selectPIV, aptPIV)
	say(t, card, read, "53 02 be ef 9000")
	unlock(t, card)
	say(t, card, "00 db 3f ff 07 5c 03 5f c1 02 53 00", "9000")
	say(t, card, read, "6a82")
}

// Printed information, fingerprints, face and iris are for who knows the PIN.
func TestObjectsBehindPIN(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	unlock(t, card)
	for _, id := range []string{"03", "08", "09", "21"} {
		say(t, card, "00 db 3f ff 09 5c 03 5f c1"+id+"53 02 be ef", "9000")
		say(t, card, "00 cb 3f ff 05 5c 03 5f c1"+id, "53 02 be ef 9000")
	}
	say(t, card, "00 20 ff 80", "9000")
	for _, id := range []string{"03", "08", "09", "21"} {
		say(t, card, "00 cb 3f ff 05 5c 03 5f c1"+id, "6982")
	}
}

// YubiKeys have a discovery object from the start, and keep what Windows and
// Yubico's programs put beside PIV's own objects. A plain card has only PIV's.
func TestOtherObjects(t *testing.T) {
	const (
		discovery = "00 cb 3f ff 03 5c 01 7e"
		flags     = "00 db 3f ff 08 5c 03 5f ff 00 53 01 aa"
		mscmap    = "00 db 3f ff 08 5c 03 5f ff 10 53 01 aa"
		any       = "00 db 3f ff 08 5c 03 5f 00 10 53 01 aa"
	)
	card := newCard(t, firmware571, Options{})
	unlock(t, card)
	say(t, card, discovery, "7e 12 4f 0b a0 00 00 03 08 00 00 10 00 01 00 5f 2f 02 40 00 9000")
	do(t, card, insGetData, 0x3f, 0xff, unhex(t, "5c 03 5f ff 01")) // attestation certificate
	for _, write := range []string{flags, mscmap, any} {
		say(t, card, write, "9000")
	}
	say(t, card, "00 cb 3f ff 05 5c 03 5f ff 10", "53 01 aa 9000")

	card = newCard(t, plain, Options{})
	unlock(t, card)
	say(t, card, discovery, "6a82")
	for _, write := range []string{flags, mscmap, any} {
		say(t, card, write, "6a81")
	}
	say(t, card, "00 db 3f ff 04 7e 02 be ef", "9000") // names itself
	say(t, card, discovery, "7e 02 be ef 9000")
	say(t, card, "00 db 3f ff 05 7f 61 02 be ef", "9000")
	say(t, card, "00 cb 3f ff 04 5c 02 7f 61", "7f 61 02 be ef 9000")
}

// What is no object, or not in its wrapper, is refused.
func TestMalformedObjects(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	unlock(t, card)
	for apdu, want := range map[string]string{
		"00 cb 3f ff 05 53 03 5f c1 02":                   "6a80", // no tag list
		"00 cb 3f ff 04 5c 03 5f c1":                      "6a80", // cut short
		"00 cb 3f ff 03 5c 01 01":                         "6a82",
		"00 cb 3f ff 06 5c 04 5f c1 02 00":                "6a82",
		"00 db 3f ff 05 5c 03 5f c1 02":                   "6a80", // no value
		"00 db 3f ff 0a 5c 03 5f c1 02 53 02 be ef aa":    "6a80", // something follows
		"00 db 3f ff 0a 5c 03 5f c1 02 53 03 be ef":       "6700",
		"00 db 3f ff 09 5c 03 5f c1 02 53 03 be ef":       "6a80", // length too long
		"00 db 3f ff 09 5c 03 5f c1 02 70 02 be ef":       "6a80",
		"00 db 3f ff 07 5c 01 7e 53 02 be ef":             "6a80",
		"00 db 3f ff 0c 5c 03 5f c1 02 53 83 00 00 02 be": "6700",
		"00 db 3f ff": "6a80",
	} {
		say(t, card, apdu, want)
	}
}

// When the memory is used up, a write is refused and changes nothing; a smaller
// one in the same place still fits.
func TestMemory(t *testing.T) {
	state := newCard(t, plain, Options{}).State()
	state.Memory = 10
	card := cardOf(t, state, Options{})
	unlock(t, card)
	say(t, card, "00 db 3f ff 0d 5c 03 5f c1 02 53 06 01 02 03 04 05 06", "9000")
	say(t, card, "00 db 3f ff 0c 5c 03 5f c1 05 53 05 01 02 03 04 05", "6a84")
	say(t, card, "00 cb 3f ff 05 5c 03 5f c1 05", "6a82")
	say(t, card, "00 db 3f ff 0c 5c 03 5f c1 02 53 05 01 02 03 04 05", "9000")
	say(t, card, "00 db 3f ff 0c 5c 03 5f c1 05 53 05 01 02 03 04 05", "9000")
}
