package piv

import (
	"crypto/x509"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

const globalPIN = "87654321"

// twoPINs is a card with the PIV PIN 123456 and the global PIN 87654321.
func twoPINs(t *testing.T) sim.State {
	t.Helper()
	state := factory(t, plainCard)
	state.Global = sim.Secret{Value: []byte(globalPIN), Left: 5, Max: 5}
	return state
}

// Where the holder knows the global PIN, that is what is counted, checked and
// used, also before a key that wants it each time. The other loses no try.
func TestGlobalPIN(t *testing.T) {
	state := twoPINs(t)
	certificate, err := x509.ParseCertificate(furnish(t, state, 0x9c, sim.PINAlways, sim.TouchNever))
	noError(t, err)
	v := put(t, state, sim.Options{})
	c := v.open()
	if got := inspect(t, c).PIN; got != (engine.Counter{Left: 5}) {
		t.Errorf("counter is %+v, want 5 left", got)
	}
	wantKind(t, c.CheckPIN(t.Context(), newPIN("123456")), engine.WrongPIN)
	if pin, _, err := c.Counters(t.Context()); err != nil || pin.Left != 4 {
		t.Errorf("counter is %+v (%v), want 4 left", pin, err)
	}
	v.apdus()
	noError(t, c.CheckPIN(t.Context(), newPIN(globalPIN)))
	if n := v.apdus(); n != 2 { // SELECT and VERIFY
		t.Errorf("checking the PIN of a card that was inspected takes %d commands, want 2", n)
	}
	u := unlock(t, c, globalPIN, false)
	for range 2 {
		checkSignature(t, u, "9c", certificate.PublicKey)
	}
	if left := v.card.State().PIN.Left; left != 3 {
		t.Errorf("the PIV PIN has %d tries left", left)
	}
}

// A card that was not inspected is asked before the PIN is tried.
func TestGlobalPINUnseen(t *testing.T) {
	v := put(t, twoPINs(t), sim.Options{})
	noError(t, v.open().CheckPIN(t.Context(), newPIN(globalPIN)))
	unlock(t, v.open(), globalPIN, false)
}

// Every other card gets the PIV PIN: one that prefers it, one whose discovery
// object makes no sense, and a YubiKey, which has no other and is not asked.
func TestPIVPIN(t *testing.T) {
	const usage = "\x4f\x0b" + aidPIV + "\x5f\x2f\x02"
	for name, discovery := range map[string]string{
		"the PIV PIN comes first": usage + "\x60\x10",
		"no global PIN":           usage + "\x40\x20",
		"rubbish":                 "\x5f\x2f\x02\x60",
	} {
		state := twoPINs(t)
		state.Objects[0x7e] = []byte(discovery)
		if err := put(t, state, sim.Options{}).open().CheckPIN(t.Context(), newPIN("123456")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	state := factory(t, yubiKey57)
	state.Objects[0x7e] = []byte(usage + "\x60\x20")
	noError(t, put(t, state, sim.Options{}).open().CheckPIN(t.Context(), newPIN("123456")))
}
