package sim

import "testing"

// A wrong PIN costs a try, the right one restores them, and after the last the
// PIN is blocked, also for who knows it.
func TestVerify(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	say(t, card, triesLeft, "63c3")
	say(t, card, triesLeft+"00", "63c3") // with an Le, as tools send it
	say(t, card, verifyBad, "63c2")
	say(t, card, triesLeft, "63c2")
	say(t, card, verifyPIN, "9000")
	say(t, card, triesLeft, "9000")
	say(t, card, "00 20 ff 80", "9000") // take it back
	say(t, card, triesLeft, "63c3")
	for _, want := range []string{"63c2", "63c1", "63c0", "6983"} {
		say(t, card, verifyBad, want)
	}
	say(t, card, triesLeft, "6983")
	say(t, card, verifyPIN, "6983")
}

// A wrong PIN takes back what the right one gave.
func TestWrongPINLocks(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	say(t, card, verifyPIN, "9000")
	say(t, card, verifyBad, "63c2")
	say(t, card, triesLeft, "63c2")
}

// What cannot be a PIN is refused and costs no try; where YubiKeys compare all
// the same, it does.
func TestMalformedPIN(t *testing.T) {
	const (
		short   = "00 20 00 80 06 31 32 33 34 35 36"
		four    = "00 20 00 80 08 31 32 33 34 ff ff ff ff"
		empty   = "00 20 00 80 08 ff ff ff ff ff ff ff ff"
		letters = "00 20 00 80 08 61 62 63 64 65 66 ff ff"
		other   = "00 20 00 81 08 31 32 33 34 35 36 ff ff"
		p1      = "00 20 01 80"
	)
	for f, want := range map[Firmware][][2]string{
		firmware571: {{short, "6a80"}, {other, "6a88"}, {p1, "6b00"}, {triesLeft, "63c3"}, {four, "63c2"}, {empty, "63c1"}, {letters, "63c0"}},
		plain:       {{short, "6a80"}, {other, "6a88"}, {p1, "6a86"}, {four, "6a80"}, {empty, "6a80"}, {letters, "6a80"}, {triesLeft, "63c3"}},
	} {
		card := newCard(t, f, Options{})
		for _, pair := range want {
			say(t, card, pair[0], pair[1])
		}
	}
}

// The PIN is changed by who knows it, the PUK by who knows that.
func TestChangeReference(t *testing.T) {
	const (
		oldPIN, newPIN = "31 32 33 34 35 36 ff ff", "73 65 63 72 65 74 21 ff"
		oldPUK, newPUK = "31 32 33 34 35 36 37 38", "38 37 36 35 34 33 32 31"
		tooShort       = "31 32 33 34 35 ff ff ff"
		gap            = "31 32 33 ff 34 35 36 37"
	)
	card := newCard(t, firmware571, Options{})
	say(t, card, "00 24 00 80 10"+newPIN+newPIN, "63c2")
	say(t, card, "00 24 00 80 10"+oldPIN+tooShort, "6a80")
	say(t, card, "00 24 00 80 10"+oldPIN+gap, "6a80")
	say(t, card, triesLeft, "63c2") // neither spent nor restored
	say(t, card, "00 24 00 80 10"+oldPIN+newPIN, "9000")
	say(t, card, triesLeft, "9000") // SP 800-73-4: who changes it has shown it
	say(t, card, verifyPIN, "63c2")
	say(t, card, "00 20 00 80 08"+newPIN, "9000")

	say(t, card, "00 24 00 81 10"+newPUK+newPUK, "63c2")
	say(t, card, "00 24 00 81 10"+oldPUK+newPUK, "9000")
	say(t, card, "00 24 00 82 10"+oldPUK+newPUK, "6a88")
	say(t, card, "00 24 01 80 10"+oldPUK+newPUK, "6b00")
	say(t, card, "00 24 00 80 08"+oldPIN, "6a80")
	say(t, card, "00 f7 00 80", "01 01 ff 05 01 00 06 02 03 03 9000")
	say(t, card, "00 f7 00 81", "01 01 ff 05 01 00 06 02 03 03 9000")
}

// From firmware 5.7 on PINs and PUKs are ASCII; before, and in the standard, PUKs
// were any bytes.
func TestBinaryPUK(t *testing.T) {
	const change = "00 24 00 81 10 31 32 33 34 35 36 37 38 80 90 a0 b0 c0 d0 e0 f0"
	say(t, newCard(t, firmware571, Options{}), change, "6a80")
	say(t, newCard(t, firmware530, Options{}), change, "9000")
	say(t, newCard(t, plain, Options{}), change, "9000")
}

// The PUK gives a blocked PIN a new value and its tries back, and can be
// blocked itself: ykman blocks it with empty values.
func TestResetRetry(t *testing.T) {
	const (
		puk, wrong = "31 32 33 34 35 36 37 38", "39 39 39 39 39 39 39 39"
		pin        = "36 35 34 33 32 31 ff ff"
		empty      = "ff ff ff ff ff ff ff ff"
	)
	card := newCard(t, firmware571, Options{})
	for range 3 {
		send(t, card, unhex(t, verifyBad))
	}
	say(t, card, "00 2c 00 80 10"+wrong+pin, "63c2")
	say(t, card, "00 2c 00 80 10"+puk+empty, "6a80")
	say(t, card, "00 f7 00 81", "01 01 ff 05 01 01 06 02 03 02 9000")
	say(t, card, "00 2c 00 81 10"+puk+pin, "6a88")
	say(t, card, "00 2c 00 80 10"+puk+pin, "9000")
	say(t, card, triesLeft, "63c3") // it is not verified by that
	say(t, card, "00 20 00 80 08"+pin, "9000")
	for _, want := range []string{"63c2", "63c1", "63c0", "6983"} {
		say(t, card, "00 2c 00 80 10"+empty+empty, want)
	}
	say(t, card, "00 2c 00 80 10"+puk+pin, "6983")
}

// More than fifteen tries left are told as fifteen, and exactly in metadata.
func TestManyTries(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	unlock(t, card)
	say(t, card, "00 fa 00 05", "6a80")
	say(t, card, "00 fa 14 05", "9000")
	say(t, card, triesLeft, "63cf")
	say(t, card, verifyBad, "63cf")
	say(t, card, "00 f7 00 80", "01 01 ff 05 01 01 06 02 14 13 9000")
	say(t, card, "00 f7 00 81", "01 01 ff 05 01 01 06 02 05 05 9000")
}

// The global PIN opens what the PIN opens, each has its own tries, and the
// discovery object says which of the two the holder knows.
func TestGlobalPIN(t *testing.T) {
	const (
		discovery = "00 cb 3f ff 03 5c 01 7e"
		printed   = "00 cb 3f ff 05 5c 03 5f c1 09"
	)
	state := newCard(t, plain, Options{}).State()
	card := cardOf(t, state, Options{})
	say(t, card, "00 20 00 00", "6a88")
	say(t, card, discovery, "6a82")

	state.Global = factorySecret("87654321", 5)
	state.Objects[objectPrinted] = []byte{1}
	card = cardOf(t, state, Options{})
	say(t, card, discovery, "7e 12 4f 0b a0 00 00 03 08 00 00 10 00 01 00 5f 2f 02 60 20 9000")
	say(t, card, "00 20 00 00 08 31 32 33 34 35 36 ff ff", "63c4")
	say(t, card, printed, "6982")
	say(t, card, triesLeft, "63c3")
	say(t, card, "00 20 00 00 08 38 37 36 35 34 33 32 31", "9000")
	say(t, card, printed, "53 01 01 9000")
	say(t, card, "00 20 00 00", "9000")
	say(t, card, triesLeft, "63c3")
}
