package engine

import (
	"fmt"
	"log/slog"
)

// KeyMaterial is a private key on its way from a PFX to a card. It shows itself
// to nobody: every way of printing it gives "key(hidden)". Whoever asked for it
// wipes it.
type KeyMaterial struct {
	Type KeyType

	P, Q, DP, DQ, QInv []byte // RSA, RFC 8017, 3.2: each half the modulus long
	Scalar             []byte // elliptic curves: as long as the curve's order
}

const hiddenKey = "key(hidden)"

// Wipe overwrites the key.
func (k KeyMaterial) Wipe() {
	for _, part := range [][]byte{k.P, k.Q, k.DP, k.DQ, k.QInv, k.Scalar} {
		clear(part)
	}
}

// String hides the key, as do the other ways to print a value.
func (k KeyMaterial) String() string { return hiddenKey }

// GoString is for %#v.
func (k KeyMaterial) GoString() string { return hiddenKey }

// LogValue is for slog.
func (k KeyMaterial) LogValue() slog.Value { return slog.StringValue(hiddenKey) }

// MarshalText is for JSON.
func (k KeyMaterial) MarshalText() ([]byte, error) { return []byte(hiddenKey), nil }

// Format keeps the key out of every verb of fmt.
func (k KeyMaterial) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hiddenKey)) }
