package engine

import (
	"errors"
	"fmt"
	"log/slog"
)

// PIN holds a card's PIN and shows it to nobody but a card: every way of
// printing it gives "PIN(hidden)". The zero PIN is empty.
type PIN struct{ held *[]byte }

const hidden = "PIN(hidden)"

// NewPIN takes the bytes over: Wipe overwrites them, so the caller must not
// keep a copy.
func NewPIN(b []byte) PIN { return PIN{held: &b} }

// Use lends the bytes to f. f must not keep them.
func (p PIN) Use(f func([]byte) error) error {
	if p.held == nil {
		return f(nil)
	}
	return f(*p.held)
}

// Len returns the number of bytes.
func (p PIN) Len() int {
	if p.held == nil {
		return 0
	}
	return len(*p.held)
}

// Wipe overwrites the bytes. The PIN and all its copies are empty afterwards.
func (p PIN) Wipe() {
	if p.held == nil {
		return
	}
	clear(*p.held)
	*p.held = nil
}

// String hides the PIN, as do the other ways to print a value.
func (p PIN) String() string { return hidden }

// GoString is for %#v.
func (p PIN) GoString() string { return hidden }

// LogValue is for slog.
func (p PIN) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText is for JSON.
func (p PIN) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Format keeps the PIN out of every verb of fmt.
func (p PIN) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// The lengths a PIV card takes: SP 800-73-4 part 2, 3.2.1 pads to eight bytes.
const (
	MinPIN = 6
	MaxPIN = 8
)

// Trouble with a PIN that can be seen before the card is asked, so that no try
// is spent on it.
var (
	ErrPINTooShort = errors.New("PIN is too short")
	ErrPINTooLong  = errors.New("PIN is too long")
	ErrPINNotASCII = errors.New("PIN has a character that is not printable ASCII")
	ErrPINWeak     = errors.New("PIN is too easy to guess")
	ErrPINsDiffer  = errors.New("the two PINs differ")
)

// CheckShape tells whether a card could take this PIN at all. Errors are of
// Kind BadInput.
func (p PIN) CheckShape() error {
	return p.Use(func(b []byte) error {
		switch {
		case len(b) < MinPIN:
			return badPIN(ErrPINTooShort)
		case len(b) > MaxPIN:
			return badPIN(ErrPINTooLong)
		}
		for _, c := range b {
			if c < 0x21 || c > 0x7e {
				return badPIN(ErrPINNotASCII)
			}
		}
		return nil
	})
}

// CheckNew tells whether this may become a card's PIN: the right shape, and
// neither one character repeated nor a run like 123456 or 87654321. Errors are
// of Kind BadInput.
func (p PIN) CheckNew() error {
	if err := p.CheckShape(); err != nil {
		return err
	}
	return p.Use(func(b []byte) error {
		if steadySteps(b) {
			return badPIN(ErrPINWeak)
		}
		return nil
	})
}

// Same tells whether two PINs are equal.
func (p PIN) Same(other PIN) bool {
	same := false
	_ = p.Use(func(a []byte) error {
		return other.Use(func(b []byte) error {
			same = string(a) == string(b)
			return nil
		})
	})
	return same
}

// steadySteps reports whether each byte differs from the one before by the
// same 0, +1 or -1.
func steadySteps(b []byte) bool {
	step := int(b[1]) - int(b[0])
	if step < -1 || step > 1 {
		return false
	}
	for i := 1; i < len(b); i++ {
		if int(b[i])-int(b[i-1]) != step {
			return false
		}
	}
	return true
}

func badPIN(err error) error {
	return &Error{Op: "read PIN", Kind: BadInput, Err: err}
}
