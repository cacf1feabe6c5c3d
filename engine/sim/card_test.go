package sim

import (
	"bytes"
	"context"
	"errors"
	"testing"
)

// The application is chosen by its AID or the beginning of it, and by nothing
// else; without it the card knows no instruction.
func TestSelect(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	say(t, card, selectPIV, aptPIV)
	say(t, card, "00 a4 04 00 0b a0 00 00 03 08 00 00 10 00 01 00 00", aptPIV)
	say(t, card, "00 a4 04 00 09 a0 00 00 03 08 00 00 10 00", aptPIV)
	say(t, card, "00 a4 04 00 08 a0 00 00 05 27 20 01 01", "6a82")
	say(t, card, triesLeft, "6d00")
	say(t, card, "00 a4 04 00 04 a0 00 00 03", "6a82")
	say(t, card, "00 a4 00 00 02 3f 00", "6b00")
}

// Selecting again takes the PIN back on a YubiKey, and does not where the
// standard is followed to the letter; nor does an unknown AID there.
func TestSelectAgain(t *testing.T) {
	for f, want := range map[Firmware]string{firmware571: "63c3", plain: "9000"} {
		card := newCard(t, f, Options{})
		say(t, card, verifyPIN, "9000")
		say(t, card, triesLeft, "9000")
		say(t, card, selectPIV, aptPIV)
		say(t, card, triesLeft, want)
	}
	card := newCard(t, plain, Options{})
	say(t, card, "00 a4 04 00 05 11 22 33 44 55", "6a82")
	say(t, card, triesLeft, "63c3")
}

// Each firmware has the instructions of its time, and a plain card none of
// Yubico's.
func TestInstructionsOfFirmware(t *testing.T) {
	const (
		version  = "00 fd 00 00 00"
		serial   = "00 f8 00 00 00"
		metadata = "00 f7 00 80 00"
		attest   = "00 f9 9a 00 00"
		move     = "00 f6 82 9a"
		reset    = "00 fb 00 00"
	)
	for f, want := range map[Firmware]map[string]string{
		firmware571: {version: "050701 9000", serial: "000ade29 9000", metadata: "01 01 ff 05 01 01 06 02 03 03 9000", attest: "6a82", move: "6982", reset: "6985"},
		firmware530: {version: "050300 9000", serial: "000ade29 9000", metadata: "01 01 ff 05 01 01 06 02 03 03 9000", attest: "6a82", move: "6d00", reset: "6985"},
		{4, 3, 4}:   {version: "040304 9000", serial: "6d00", metadata: "6d00", attest: "6a82", move: "6d00", reset: "6985"},
		plain:       {version: "6d00", serial: "6d00", metadata: "6d00", attest: "6d00", move: "6d00", reset: "6d00"},
	} {
		t.Run(f.String(), func(t *testing.T) {
			card := newCard(t, f, Options{})
			for apdu, answer := range want {
				say(t, card, apdu, answer)
			}
			for _, apdu := range []string{"00 fa 03 03", "00 fe 11 9a", "00 ff ff ff"} {
				if f.plain() {
					say(t, card, apdu, "6d00")
				} else {
					say(t, card, apdu, "6982")
				}
			}
		})
	}
}

// What is no command is told so.
func TestBrokenCommands(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	for apdu, want := range map[string]string{
		"":                        "6700",
		"00 20 00":                "6700",
		"00 20 00 80 08 31 32":    "6700",
		"00 20 00 80 02 31 32 00": "6a80", // Le where none is needed
		"00 20 00 80 01 31 00 00": "6700",
		"00 cb 3f ff 00 00 00 00": "6700", // extended, Lc zero
		"80 20 00 80":             "6e00",
		"0c 20 00 80":             "6e00", // secure messaging
		"00 55 00 00":             "6d00",
		"00 c0 00 00 00":          "6a80",
		"00 cb 00 00 03 5c 01 7e": "6b00",
		"00 87 11 33 02 7c 00":    "6b00",
		"00 f7 01 9a":             "6b00",
	} {
		say(t, card, apdu, want)
	}
	say(t, newCard(t, plain, Options{}), "00 cb 00 00 03 5c 01 7e", "6a86")
	say(t, newCard(t, plain, Options{}), "00 cb 3f ff 00 00 03 5c 01 7e", "6700") // no extended lengths
}

// A long command may come in parts or in one extended APDU, a long answer goes
// in portions or in one; they are the same.
func TestChainsAndExtended(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	unlock(t, card)
	chained := bytes.Repeat([]byte{0xab}, 700)
	whole := bytes.Repeat([]byte{0xcd}, 700)
	id := unhex(t, "5c 03 5f c1 02")

	do(t, card, insPutData, 0x3f, 0xff, appendTLV(id, 0x53, chained))
	got, sw := send(t, card, unhex(t, "00 cb 3f ff 00 00 05 5c 03 5f c1 02 00 00"))
	if sw != swOK || !bytes.Equal(got, appendTLV(nil, 0x53, chained)) {
		t.Errorf("written in parts, read in one: %d bytes, %04x", len(got), uint16(sw))
	}
	data := appendTLV(id, 0x53, whole)
	if _, sw := send(t, card, append([]byte{0, insPutData, 0x3f, 0xff, 0, byte(len(data) >> 8), byte(len(data))}, data...)); sw != swOK {
		t.Errorf("written in one: %04x", uint16(sw))
	}
	if got := do(t, card, insGetData, 0x3f, 0xff, id); !bytes.Equal(got, appendTLV(nil, 0x53, whole)) {
		t.Errorf("written in one, read in portions: %d bytes", len(got))
	}
}

// A portion is as long as the command allows, and the card tells how much
// there is still.
func TestGetResponse(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	unlock(t, card)
	do(t, card, insPutData, 0x3f, 0xff, appendTLV(unhex(t, "5c 03 5f c1 02"), 0x53, make([]byte, 600)))
	say(t, card, "00 cb 3f ff 05 5c 03 5f c1 02 10", "53 82 02 58 00 … 6100") // 588 left
	say(t, card, "00 c0 00 00 00", "00 … 6100")                               // 332 left
	say(t, card, "00 c0 00 00 00", "00 … 614c")
	say(t, card, "00 c0 00 00 4c", "00 … 9000")
	say(t, card, "00 c0 00 00 00", "6a80")

	say(t, card, "00 cb 3f ff 05 5c 03 5f c1 02 00", "53 … 6100")
	say(t, card, triesLeft, "9000")
	say(t, card, "00 c0 00 00 00", "6a80") // another command gives the rest up
}

// A chain that another command interrupts has had no effect.
func TestInterruptedChain(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	unlock(t, card)
	say(t, card, "10 db 3f ff 05 5c 03 5f c1 02", "9000")
	say(t, card, triesLeft, "9000")
	say(t, card, "00 db 3f ff 03 53 01 aa", "6a80") // the first part is forgotten
	say(t, card, "00 cb 3f ff 05 5c 03 5f c1 02", "6a82")
	say(t, card, "10 db 3f ff 05 5c 03 5f c1 02", "9000")
	say(t, card, "00 db 3f ff 03 53 01 aa", "9000")
	say(t, card, "00 cb 3f ff 05 5c 03 5f c1 02", "53 01 aa 9000")
}

// More than the card's buffer, or an object's capacity, does not get in, and
// what was there stays.
func TestTooLong(t *testing.T) {
	for _, c := range []struct {
		f      Firmware
		object Object
		most   int
		want   status
	}{
		{firmware571, 0x5fc105, 3063, swWrongLength},
		{firmware571, 0x5fff10, 3063, swWrongLength},
		{plain, 0x5fc105, 1905, swNotEnoughMemory},
		{plain, 0x5fc120, 1905, swNotEnoughMemory},
		{plain, 0x5fc102, 12710, swWrongLength},
	} {
		card := newCard(t, c.f, Options{})
		unlock(t, card)
		id := appendTLV(nil, 0x5c, []byte{0x5f, byte(c.object >> 8), byte(c.object)})
		do(t, card, insPutData, 0x3f, 0xff, appendTLV(id, 0x53, make([]byte, c.most)))
		if _, sw := try9000(t, card, insPutData, 0x3f, 0xff, appendTLV(id, 0x53, make([]byte, c.most+1))); sw != c.want {
			t.Errorf("%v: %d bytes in %x: %04x", c.f, c.most+1, uint32(c.object), uint16(sw))
		}
		if got := len(card.State().Objects[c.object]); got != c.most {
			t.Errorf("%v: object has %d bytes, want %d", c.f, got, c.most)
		}
	}
}

// Without power a card says nothing; power on and reset forget everything but
// the state.
func TestPower(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	unlock(t, card)
	if got := card.PowerOn(); !bytes.Equal(got, unhex(t, "3bfd13000081 31fe15 8073c021c057597562694b657940")) {
		t.Errorf("ATR: % x", got)
	}
	say(t, card, triesLeft, "6d00") // nothing is selected
	say(t, card, selectPIV, aptPIV)
	say(t, card, triesLeft, "63c3")
	say(t, card, "00 db 3f ff 07 5c 03 5f c1 02 53 00", "6982")

	card.PowerOff()
	if _, err := card.Transmit(context.Background(), unhex(t, selectPIV)); !errors.Is(err, ErrNoPower) {
		t.Errorf("without power: %v", err)
	}
	card.PowerOn()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := card.Transmit(ctx, unhex(t, selectPIV)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// An ATR is a sound one: its check character makes the exclusive or of all
// bytes after the first zero (ISO 7816-3, 8.2.5).
func TestATR(t *testing.T) {
	for _, f := range []Firmware{firmware571, plain} {
		var sum byte
		for _, b := range f.answerToReset()[1:] {
			sum ^= b
		}
		if sum != 0 {
			t.Errorf("%v: check character is off by %02x", f, sum)
		}
	}
}
