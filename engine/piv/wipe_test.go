package piv

import (
	"context"
	"crypto/rand"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

// usedCard is a card as it comes back from its holder: with PIN, PUK and
// administration key of its own, keys, certificates and files.
func usedCard(t *testing.T, f sim.Firmware) sim.State {
	t.Helper()
	v := put(t, factory(t, f), sim.Options{})
	c := v.open()
	u := unlock(t, c, "owner123", true)
	noError(t, u.SetPIN(t.Context(), newPIN("owner123")))
	noError(t, u.SetPUK(t.Context(), []byte("31415926")))
	noError(t, u.ProtectAdminKey(t.Context()))
	noError(t, u.WriteFile(t.Context(), engine.CardFile{GUID: "00112233445566778899aabbccddeeff"}))
	for _, at := range []engine.Place{"9a", "9c", "82"} {
		_, err := u.MakeKey(t.Context(), at, engine.KeySpec{Type: engine.P256, PIN: engine.PINOnce, Touch: engine.TouchNever})
		noError(t, err)
	}
	_, der := newKey(t, sim.PINOnce, sim.TouchNever)
	noError(t, u.WriteCertificate(t.Context(), "9a", der, nil))
	noError(t, u.WriteCertificate(t.Context(), "9e", der, nil)) // somebody else's, without a key
	noError(t, u.Close())
	return v.card.State()
}

// isBlank expects a card as it left the factory, that can be issued again.
func isBlank(t *testing.T, v *virtual) {
	t.Helper()
	got := inspect(t, v.open())
	want := engine.Counter{Left: 3, Max: 3, Factory: true}
	if !got.Blank() || got.CHUID || got.PIN != want || got.PUK != want || !got.Admin.Factory {
		t.Errorf("the card has %d items, CHUID %v, PIN %+v, PUK %+v, administration key %+v", len(got.Items), got.CHUID, got.PIN, got.PUK, got.Admin)
	}
	u := unlock(t, v.open(), "owner456", true)
	noError(t, u.SetPIN(t.Context(), newPIN("owner456")))
	noError(t, u.Close())
}

// A card that was wiped is as new, whatever was on it and whether or not its PIN
// is known or blocked; wiped again, it still is.
func TestWipe(t *testing.T) {
	for _, f := range []sim.Firmware{yubiKey57, yubiKey53} {
		for _, left := range []int{3, 1, 0} {
			state := usedCard(t, f)
			state.PIN.Left, state.PUK.Left = left, 3-left
			v := put(t, state, sim.Options{})
			c := v.open()
			if !inspect(t, c).Abilities.Resets {
				t.Errorf("%s: the card does not say that it can be reset", f)
			}
			noError(t, c.Wipe(t.Context()))
			noError(t, c.Wipe(t.Context()))
			isBlank(t, v)
		}
	}
}

// However the power goes while a card is wiped, before or after any command, and
// once more on the way again, wiping it again ends with a card that is as new.
func TestPowerCutDuringWipe(t *testing.T) {
	points := 0
	for _, f := range []sim.Firmware{yubiKey57, yubiKey53} {
		used := usedCard(t, f)
		used.PIN.Left, used.PUK.Left, used.PUK.Max = 2, 5, 5
		for _, cut := range []sim.Cut{sim.CutBefore, sim.CutAfter} {
			for at, more := 1, true; more; at++ {
				for second := range at + 1 {
					left := at
					v := put(t, used, sim.Options{Power: func(sim.Command) sim.Cut {
						if left--; left == 0 {
							return cut
						}
						return sim.Stay
					}})
					more = v.open().Wipe(t.Context()) != nil
					if !more {
						break
					}
					points++
					left = second // and again, or not when it is 0
					v.card.PowerOn()
					_ = v.open().Wipe(t.Context())
					left = 0
					v.card.PowerOn()
					noError(t, v.open().Wipe(t.Context()))
					isBlank(t, v)
				}
			}
		}
	}
	t.Logf("%d times the power was cut, then cut again", points)
	if points < 200 {
		t.Errorf("only %d cut points", points)
	}
}

// A card that cannot be reset is refused in words, and loses no try.
func TestWipeRefused(t *testing.T) {
	v := put(t, factory(t, plainCard), sim.Options{})
	before := v.card.State()
	c := v.open()
	wantKind(t, c.Wipe(t.Context()), engine.CardRefused)
	if after := v.card.State(); after.PIN.Left != before.PIN.Left || after.PUK.Left != before.PUK.Left {
		t.Errorf("PIN %+v, PUK %+v", after.PIN, after.PUK)
	}
	if inspect(t, c).Abilities.Resets {
		t.Error("the card says that it can be reset")
	}

	bio := Open(puklessCard{put(t, factory(t, yubiKey57), sim.Options{})}, rand.Reader)
	wantKind(t, bio.Wipe(t.Context()), engine.CardRefused)
	if left := inspect(t, bio).PIN.Left; left != 3 {
		t.Errorf("the card without a PUK has %d tries left for its PIN", left)
	}
}

// puklessCard has no PUK, as a YubiKey Bio.
type puklessCard struct{ *virtual }

func (p puklessCard) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if command[1] == insGetMetadata && command[3] == refPUK {
		return []byte{0x6a, 0x88}, nil
	}
	return p.virtual.Transmit(ctx, command)
}

// A card that says it was reset and was not, is not said to be blank.
func TestWipeOnDeafCard(t *testing.T) {
	c := Open(deaf{virtual: put(t, usedCard(t, yubiKey57), sim.Options{}), ins: insReset}, rand.Reader)
	wantKind(t, c.Wipe(t.Context()), engine.CardTrouble)
}
