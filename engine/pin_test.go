package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// However a PIN is printed, nobody sees it.
func TestPINHides(t *testing.T) {
	pin := NewPIN([]byte("135792"))
	type holder struct {
		PIN  PIN
		Ptr  *PIN
		Many []PIN
	}
	h := holder{pin, &pin, []PIN{pin}}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "pin", pin, "h", h, "p", &pin)
	js, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]string{
		"%v": fmt.Sprintf("%v %+v %#v %s %x %q %d", pin, pin, pin, pin, pin, pin, pin),
		"in": fmt.Sprintf("%v %+v %#v %s %x", h, h, h, h, h), "log": log.String(), "json": string(js),
		"error":  fmt.Errorf("with %v: %w", pin, errors.New("x")).Error(),
		"string": pin.String() + pin.GoString(),
	} {
		for _, secret := range []string{"135792", "313335373932", "MTM1Nzky", "49 51 53"} {
			if strings.Contains(strings.ToLower(s), strings.ToLower(secret)) {
				t.Errorf("%s shows the PIN: %s", name, s)
			}
		}
	}
}

// Only a PIN that a card could have is ever sent to one; only a good one
// becomes a card's.
func TestPINShape(t *testing.T) {
	for _, c := range []struct {
		pin        string
		shape, new error
	}{
		{"13579", ErrPINTooShort, ErrPINTooShort},
		{"135792", nil, nil},
		{"13579246", nil, nil},
		{"135792468", ErrPINTooLong, ErrPINTooLong},
		{"", ErrPINTooShort, ErrPINTooShort},
		{"135 792", ErrPINNotASCII, ErrPINNotASCII},
		{"13579é", ErrPINNotASCII, ErrPINNotASCII},
		{"1357\x0092", ErrPINNotASCII, ErrPINNotASCII},
		{"aB3$~!x", nil, nil},
		{"123456", nil, ErrPINWeak},
		{"654321", nil, ErrPINWeak},
		{"77777777", nil, ErrPINWeak},
		{"1234567a", nil, nil},
	} {
		pin := NewPIN([]byte(c.pin))
		if err := pin.CheckShape(); !errors.Is(err, c.shape) || (err != nil) != (c.shape != nil) || err != nil && !Is(err, BadInput) {
			t.Errorf("shape of %q: %v, want %v", c.pin, err, c.shape)
		}
		if err := pin.CheckNew(); !errors.Is(err, c.new) || (err != nil) != (c.new != nil) {
			t.Errorf("%q as a new PIN: %v, want %v", c.pin, err, c.new)
		}
	}
}

// Wiping one copy wipes them all, and the bytes are gone.
func TestPINWipe(t *testing.T) {
	b := []byte("135792")
	pin := NewPIN(b)
	other := pin
	pin.Wipe()
	if other.Len() != 0 || string(b) != "\x00\x00\x00\x00\x00\x00" {
		t.Errorf("after Wipe %d bytes are held, memory is %q", other.Len(), b)
	}
}
