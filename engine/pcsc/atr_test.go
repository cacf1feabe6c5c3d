package pcsc

import (
	"encoding/hex"
	"testing"
)

// A card takes extended-length commands exactly when its ATR says so.
func TestCardTakesExtended(t *testing.T) {
	for _, c := range []struct {
		name, atr string
		want      bool
	}{
		{"YubiKey 5", "3bfd1300008131fe158073c021c057597562694b657940", true},
		{"YubiKey 4, which shows only a label", "3bf81300008131fe15597562696b657934d4", false},
		{"capabilities of two bytes", "3b8380018072c02100", false},
		{"capabilities without the bit", "3b858001807300218000", false},
		{"capabilities behind another object", "3b878001803101" + "730000" + "4000", true},
		{"category 00, status at the end", "3b080073000040" + "079000", true},
		{"category 00, the bit only in the status", "3b0500" + "72" + "409000", false},
		{"no historical bytes", "3b00", false},
		{"cut off", "3bfd1300008131fe158073", false},
		{"empty", "", false},
	} {
		atr, err := hex.DecodeString(c.atr)
		if err != nil {
			t.Fatal(err)
		}
		if got := cardTakesExtended(atr); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// A reader is trusted with extended-length commands unless its properties say
// that it takes too little.
func TestReaderTakesExtended(t *testing.T) {
	features := []byte{0x06, 4, 0x42, 0x33, 0x00, 0x06, 0x12, 4, 0x42, 0x33, 0x00, 0x12}
	if code, ok := propertiesCode(features); !ok || code != 0x42330012 {
		t.Errorf("got control code %x, %v", code, ok)
	}
	if _, ok := propertiesCode(features[:9]); ok {
		t.Errorf("a control code out of an answer that is cut off")
	}
	for _, c := range []struct {
		name       string
		properties []byte
		small      bool
	}{
		{"extended", []byte{0x0b, 2, 0x50, 0x10, 0x0a, 4, 0x00, 0x00, 0x01, 0x00}, false},
		{"short", []byte{0x0b, 2, 0x50, 0x10, 0x0a, 4, 0x00, 0x01, 0x00, 0x00}, true},
		{"silent", []byte{0x0b, 2, 0x50, 0x10}, false},
		{"cut off", []byte{0x0a, 4, 0x00, 0x01}, false},
		{"nothing", nil, false},
	} {
		if got := tooSmall(c.properties); got != c.small {
			t.Errorf("%s: too small %v, want %v", c.name, got, c.small)
		}
	}
}

// Whatever a card or reader says of itself, reading it ends without a panic.
func FuzzCapabilities(f *testing.F) {
	f.Add([]byte{0x3b, 0xfd, 0x13, 0x00, 0x00, 0x81, 0x31, 0xfe, 0x15, 0x80, 0x73, 0xc0, 0x21, 0xc0})
	f.Add([]byte{0x12, 4, 0x42, 0x33, 0x00, 0x12})
	f.Fuzz(func(t *testing.T, said []byte) {
		if cardTakesExtended(said) && len(said) < 6 {
			t.Errorf("% x has no room for capabilities", said)
		}
		propertiesCode(said)
		tooSmall(said)
	})
}
