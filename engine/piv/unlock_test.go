package piv

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

// A wrong PIN costs one try, says how many are left, and is never tried again;
// asking costs none.
func TestWrongPIN(t *testing.T) {
	for _, f := range []sim.Firmware{yubiKey57, yubiKey53, plainCard} {
		t.Run(f.String(), func(t *testing.T) {
			v := put(t, factory(t, f), sim.Options{})
			c := v.open()
			for _, left := range []int{2, 1} {
				err := c.CheckPIN(t.Context(), newPIN("654321"))
				var e *engine.Error
				if !errors.As(err, &e) || e.Kind != engine.WrongPIN || e.TriesLeft != left {
					t.Fatalf("error is %v, want %d tries left", err, left)
				}
				if strings.Contains(err.Error(), "654321") {
					t.Error("the error tells the PIN")
				}
				pin, _, err := c.Counters(t.Context())
				if err != nil || pin.Left != left {
					t.Fatalf("counter is %+v (%v), want %d left", pin, err, left)
				}
			}
			_, err := c.Unlock(t.Context(), newPIN("654321"), false)
			wantKind(t, err, engine.PINBlocked)
			wantKind(t, c.CheckPIN(t.Context(), newPIN("123456")), engine.PINBlocked)
			if pin, _, err := c.Counters(t.Context()); err != nil || pin.Left != 0 {
				t.Errorf("counter is %+v (%v), want none left", pin, err)
			}
		})
	}
}

// An unlocked card tells its counters too, where it can, and loses no try.
func TestCountersUnlocked(t *testing.T) {
	for f, want := range map[sim.Firmware]int{yubiKey57: 3, plainCard: -1} {
		v := put(t, factory(t, f), sim.Options{})
		pin, _, err := unlock(t, v.open(), "123456", false).Counters(t.Context())
		if err != nil || pin.Left != want || v.card.State().PIN.Left != 3 {
			t.Errorf("%s: counter is %+v (%v), want %d left", f, pin, err, want)
		}
	}
}

// A YubiKey Bio has no PUK, and is read all the same.
func TestNoPUK(t *testing.T) {
	s := play(t,
		[2]string{selectPIV, selected},
		[2]string{getVersion, "050701 9000"},
		[2]string{"00f80000 00", "00ae17cb 9000"},
		[2]string{"00f70080 00", "0101ff 050100 06020805 9000"},
		[2]string{"00f70081 00", "6a88"})
	pin, puk, err := s.open().Counters(t.Context())
	if err != nil || pin != (engine.Counter{Left: 5, Max: 8}) || puk != (engine.Counter{Left: -1}) {
		t.Errorf("PIN %+v, PUK %+v (%v)", pin, puk, err)
	}
}

// A PIN that no card takes is not shown to this one.
func TestImpossiblePIN(t *testing.T) {
	v := put(t, factory(t, yubiKey57), sim.Options{})
	for _, pin := range []string{"", "12345", "123456789", "12345\x01", "12345ä"} {
		wantKind(t, v.open().CheckPIN(t.Context(), newPIN(pin)), engine.BadInput)
		_, err := v.open().Unlock(t.Context(), newPIN(pin), false)
		wantKind(t, err, engine.BadInput)
	}
	if left := v.card.State().PIN.Left; left != 3 {
		t.Errorf("%d tries left", left)
	}
}

// After every call the next program finds a locked card.
func TestLockedAfterwards(t *testing.T) {
	v := put(t, factory(t, yubiKey57), sim.Options{})
	c := v.open()
	locked := func(after string) { // without SELECT, which would lock it too
		t.Helper()
		answer, err := v.card.Transmit(t.Context(), unhex(t, "00200080"))
		noError(t, err)
		if answer[0] == 0x90 {
			t.Errorf("the PIN is still verified after %s", after)
		}
	}
	noError(t, c.CheckPIN(t.Context(), newPIN("123456")))
	locked("CheckPIN")
	u, err := c.Unlock(t.Context(), newPIN("123456"), false)
	noError(t, err)
	noError(t, u.Close())
	noError(t, u.Close())
	locked("Unlock")
}

// The factory PIN is used only when that is asked for and the card says it has
// it; the PIN a person gave is used in every other case.
func TestFactoryPIN(t *testing.T) {
	own := factory(t, yubiKey57)
	own.PIN.Value = []byte("owner123")
	for _, c := range []struct {
		name    string
		state   sim.State
		pin     string
		factory bool
		kind    engine.Kind
		left    int
	}{
		{"new card", factory(t, yubiKey57), "owner123", true, -1, 3},
		{"new card, not asked for", factory(t, yubiKey57), "owner123", false, engine.WrongPIN, 2},
		{"card that has its PIN", own, "owner123", true, -1, 3},
		{"card that has another PIN", own, "stranger", true, engine.WrongPIN, 2},
		{"plain card, which cannot tell", factory(t, plainCard), "654321", true, engine.WrongPIN, 2},
	} {
		v := put(t, c.state, sim.Options{})
		u, err := v.open().Unlock(t.Context(), newPIN(c.pin), c.factory)
		if c.kind >= 0 {
			wantKind(t, err, c.kind)
		} else if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else {
			noError(t, u.Close())
		}
		if left := v.card.State().PIN.Left; left != c.left {
			t.Errorf("%s: %d tries left, want %d", c.name, left, c.left)
		}
	}
}

// An administration key that is neither the factory's nor behind the PIN is
// refused, and the PIN locked again.
func TestUnknownAdminKey(t *testing.T) {
	state := factory(t, yubiKey57)
	state.Admin.Value = bytes.Repeat([]byte{9}, 24)
	v := put(t, state, sim.Options{})
	_, err := v.open().Unlock(t.Context(), newPIN("123456"), false)
	wantKind(t, err, engine.CardRefused)
	if v.held {
		t.Error("the card is still held")
	}
}

// A card that is not a YubiKey is never shown a key that nobody told us: it may
// count the tries. It is not shown the PIN in vain either.
func TestAdminKeyIsNotGuessed(t *testing.T) {
	v := put(t, factory(t, plainCard), sim.Options{})
	c := Open(v, rand.Reader)
	if !inspect(t, c).Admin.Untold {
		t.Error("the contents do not say that the key is not known")
	}
	v.apdus()
	_, err := c.Unlock(t.Context(), newPIN("123456"), false)
	wantKind(t, err, engine.CardRefused)
	if sent := v.sent(); sent[insVerify]+sent[insAuthenticate] != 0 {
		t.Errorf("the card was shown secrets: %v", sent)
	}
}

// A key that was told is tried once, and a wrong one ends the matter.
func TestAdminKeyTold(t *testing.T) {
	v := put(t, factory(t, plainCard), sim.Options{})
	c := Open(v, rand.Reader)
	c.UseAdminKey(AdminKey{Algorithm: "3DES", Value: bytes.Repeat([]byte{9}, 24)})
	if inspect(t, c).Admin.Untold {
		t.Error("the contents say that the key is not known")
	}
	v.apdus()
	_, err := c.Unlock(t.Context(), newPIN("123456"), false)
	wantKind(t, err, engine.CardRefused)
	if n := v.sent()[insAuthenticate]; n != 2 { // witness and answer
		t.Errorf("%d commands about the key, want 2", n)
	}
	c.UseAdminKey(AdminKey{Algorithm: "3DES", Value: factoryAdminKey()})
	unlock(t, c, "123456", false)
}

// Unlock finds a key behind the PIN that Yubico's tools put there, in every
// algorithm.
func TestProtectedByOthers(t *testing.T) {
	for _, a := range []adminAlgorithm{tripleDES, aes128, aes192, aes256} {
		state := factory(t, yubiKey57)
		key := make([]byte, a.keyLength())
		_, err := rand.Read(key)
		noError(t, err)
		state.Admin = sim.AdminKey{Algorithm: byte(a), Value: key, Touch: sim.TouchNever}
		state.Objects[sim.Object(objectPrinted)] = append([]byte{tagProtected, byte(2 + len(key)), tagStoredKey, byte(len(key))}, key...)
		state.Objects[sim.Object(objectAdminData)] = []byte{tagAdminData, 3, tagFlags, 1, flagProtected}
		c := put(t, state, sim.Options{}).open()
		if got := inspect(t, c).Admin; got != (engine.AdminKey{Algorithm: a.String(), Protected: true}) {
			t.Errorf("administration key %+v", got)
		}
		noError(t, unlock(t, c, "123456", false).RemoveCertificate(t.Context(), "9a"))
	}
}

// A card that lets a wrong administration key pass and cannot answer our
// challenge is not believed.
func TestFalseCard(t *testing.T) {
	key, witness := bytes.Repeat([]byte{7}, 24), unhex(t, "0011223344556677")
	block, err := tripleDES.cipher(key)
	noError(t, err)
	plain := make([]byte, 8)
	block.Decrypt(plain, witness)
	s := play(t,
		[2]string{"0087039b 04 7c028000 00", fmt.Sprintf("7c0a8008 %x 9000", witness)},
		[2]string{fmt.Sprintf("0087039b 18 7c16 8008 %x 8108 0000000000000000 8200 00", plain), "7c0a8208 0000000000000000 9000"}).session()
	s.random = bytes.NewReader(make([]byte, 8))
	err = s.authenticateAdmin(t.Context(), tripleDES, key)
	if err == nil || !strings.Contains(err.Error(), "its own administration key") {
		t.Errorf("error is %v", err)
	}
}

// An administration key that wants a finger, and gets none, is TouchMissed.
func TestAdminKeyTouch(t *testing.T) {
	s := play(t,
		[2]string{"00f7009b 00", "01010a 02020002 050101 9000"},
		[2]string{"00870a9b 04 7c028000 00", "6982"}).session()
	s.maker = &maker{firmware: firmware{5, 7, 1}}
	wantKind(t, s.unlockAdmin(t.Context()), engine.TouchMissed)
}

// Cards that answer 6300 to a wrong PIN are asked how many tries are left.
func TestVerifyWithoutCount(t *testing.T) {
	for answer, want := range map[string]engine.Kind{"63c2": engine.WrongPIN, "6983": engine.PINBlocked} {
		s := play(t, [2]string{"00200080 08 313233343536ffff", "6300"}, [2]string{"00200080", answer}).session()
		err := s.verifyPIN(t.Context(), newPIN("123456"))
		wantKind(t, err, want)
		var e *engine.Error
		if errors.As(err, &e); want == engine.WrongPIN && e.TriesLeft != 2 {
			t.Errorf("%d tries left", e.TriesLeft)
		}
	}
}

// No command stays in memory after it was sent, and the PIN that is held is
// wiped when the card is locked; the caller's is not.
func TestNothingStays(t *testing.T) {
	v := put(t, factory(t, yubiKey57), sim.Options{})
	pin := newPIN("123456")
	locked, err := v.open().Unlock(t.Context(), pin, false)
	noError(t, err)
	u := locked.(*unlocked)
	held := &u.pin
	chosen := newPIN("86429751")
	noError(t, u.SetPIN(t.Context(), chosen))
	noError(t, u.ProtectAdminKey(t.Context()))
	if held.Len() != 8 {
		t.Errorf("the new PIN is not held")
	}
	noError(t, u.Close())
	if held.Len() != 0 || pin.Len() != 6 || chosen.Len() != 8 {
		t.Errorf("held PIN has %d bytes, the caller's %d and %d", held.Len(), pin.Len(), chosen.Len())
	}
	for i, command := range v.kept {
		if slices.ContainsFunc(command, func(b byte) bool { return b != 0 }) {
			t.Fatalf("command %d is still there", i)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", u, u.pin, u.pin); strings.Contains(text, "86429751") {
		t.Error("the PIN is printed")
	}
}
