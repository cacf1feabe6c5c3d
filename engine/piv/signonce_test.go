package piv

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

// Whoever knows the PIN gets a signature of any card, also where nobody told us
// the administration key; and the next program finds the card locked.
func TestSignOnce(t *testing.T) {
	for _, f := range []sim.Firmware{yubiKey57, yubiKey53, plainCard} {
		for slot, policy := range map[sim.Slot]byte{0x9a: sim.PINOnce, 0x9c: sim.PINAlways} {
			t.Run(f.String()+" "+string(placeOf(t, slot)), func(t *testing.T) {
				state := factory(t, f)
				key := furnished(t, state, slot, policy)
				v := put(t, state, sim.Options{})
				c := Open(v, rand.Reader) // without UseAdminKey
				digest := sha256.Sum256([]byte("challenge"))
				signature, err := c.SignOnce(t.Context(), newPIN("123456"), placeOf(t, slot), key, digest[:], crypto.SHA256)
				noError(t, err)
				if !ecdsa.VerifyASN1(key, digest[:], signature) {
					t.Error("the signature is wrong")
				}
				if n := v.sent()[insVerify]; n != 1 {
					t.Errorf("the PIN was shown %d times", n)
				}
				answer, err := v.card.Transmit(t.Context(), unhex(t, "00200080")) // without SELECT, which would lock it too
				noError(t, err)
				if answer[0] == 0x90 {
					t.Error("the PIN is still verified")
				}
			})
		}
	}
}

func placeOf(t *testing.T, s sim.Slot) engine.Place {
	t.Helper()
	text, err := s.MarshalText()
	noError(t, err)
	return engine.Place(text)
}

func furnished(t *testing.T, state sim.State, slot sim.Slot, policy byte) *ecdsa.PublicKey {
	t.Helper()
	c, err := x509.ParseCertificate(furnish(t, state, slot, policy, sim.TouchNever))
	noError(t, err)
	return c.PublicKey.(*ecdsa.PublicKey)
}

// A wrong PIN costs one try and nothing is signed. What no card can sign, or
// what this one has no key for, costs none.
func TestSignOnceRefused(t *testing.T) {
	state := factory(t, yubiKey57)
	key := furnished(t, state, 0x9a, sim.PINOnce)
	v := put(t, state, sim.Options{})
	digest := sha256.Sum256(nil)
	x, err := ecdh.X25519().GenerateKey(rand.Reader)
	noError(t, err)
	for _, c := range []struct {
		pin  string
		at   engine.Place
		key  crypto.PublicKey
		kind engine.Kind
		left int
	}{
		{"12345", "9a", key, engine.BadInput, 3},
		{"654321", "9a", x.PublicKey(), engine.BadInput, 3},
		{"654321", "9d", key, engine.CardTrouble, 3},
		{"654321", "9a", key, engine.WrongPIN, 2},
		{"654321", "9a", key, engine.WrongPIN, 1},
		{"654321", "9a", key, engine.PINBlocked, 0},
		{"123456", "9a", key, engine.PINBlocked, 0},
	} {
		signature, err := Open(v, rand.Reader).SignOnce(t.Context(), newPIN(c.pin), c.at, c.key, digest[:], crypto.SHA256)
		wantKind(t, err, c.kind)
		var e *engine.Error
		if errors.As(err, &e) && e.Kind == engine.WrongPIN && e.TriesLeft != c.left {
			t.Errorf("it is said that %d tries are left, not %d", e.TriesLeft, c.left)
		}
		if left := v.card.State().PIN.Left; left != c.left || signature != nil {
			t.Errorf("%s at %s: %d tries left, not %d; signature %x", c.pin, c.at, left, c.left, signature)
		}
	}
}
