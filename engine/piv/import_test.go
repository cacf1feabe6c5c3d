package piv

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"slices"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

var (
	yubiKey54 = sim.Firmware{Major: 5, Minor: 4, Patch: 3}
	yubiKey43 = sim.Firmware{Major: 4, Minor: 3, Patch: 3} // makes RSA keys that can be factored
)

// material is a key made outside of the card, and its SubjectPublicKeyInfo.
func material(t *testing.T, kind engine.KeyType) (engine.KeyMaterial, []byte) {
	t.Helper()
	key, public := engine.KeyMaterial{Type: kind}, crypto.PublicKey(nil)
	switch kind {
	case engine.RSA2048:
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		noError(t, err)
		half := func(n interface{ FillBytes([]byte) []byte }) []byte { return n.FillBytes(make([]byte, 128)) }
		key.P, key.Q = half(private.Primes[0]), half(private.Primes[1])
		key.DP, key.DQ, key.QInv = half(private.Precomputed.Dp), half(private.Precomputed.Dq), half(private.Precomputed.Qinv)
		public = private.Public()
	case engine.P256, engine.P384:
		curve := elliptic.P256()
		if kind == engine.P384 {
			curve = elliptic.P384()
		}
		private, err := ecdsa.GenerateKey(curve, rand.Reader)
		noError(t, err)
		key.Scalar, err = private.Bytes()
		noError(t, err)
		public = private.Public()
	}
	spki, err := x509.MarshalPKIXPublicKey(public)
	noError(t, err)
	return key, spki
}

// Every kind of key, on every card that takes keys, through both lengths of
// APDUs, is imported as asked, tells so where it can, signs and agrees. A card
// whose own RSA keys are weak takes good ones.
func TestImportAndUseKeys(t *testing.T) {
	for _, c := range []struct {
		card     sim.Firmware
		extended bool
	}{{yubiKey57, true}, {yubiKey57, false}, {yubiKey54, true}, {yubiKey43, false}} {
		for _, spec := range []engine.KeySpec{
			{Type: engine.P256, PIN: engine.PINOnce, Touch: engine.TouchNever},
			{Type: engine.P384, PIN: engine.PINAlways, Touch: engine.TouchCached},
			{Type: engine.RSA2048, PIN: engine.PINNever, Touch: engine.TouchNever},
		} {
			t.Run(c.card.String()+" "+string(spec.Type), func(t *testing.T) {
				v := put(t, factory(t, c.card), sim.Options{})
				v.extended = c.extended
				if !inspect(t, v.open()).Abilities.ImportKeys {
					t.Error("the card says that it takes no keys")
				}
				u := unlock(t, v.open(), "123456", false)
				given, spki := material(t, spec.Type)
				for _, at := range []engine.Place{"9a", "82", "82"} { // twice is once
					key, err := u.ImportKey(t.Context(), at, given, spec)
					noError(t, err)
					if key.KeySpec != spec || !key.Imported || !bytes.Equal(key.Public, spki) {
						t.Errorf("key is %+v, want %+v", key, spec)
					}
					checkSignature(t, u, at, publicOf(t, spki))
					checkAgreement(t, u, at, publicOf(t, spki))
				}
			})
		}
	}
}

// Nothing of a key stays in the commands that carried it. The caller's own is
// the caller's to wipe.
func TestNothingOfAKeyStays(t *testing.T) {
	for _, extended := range []bool{true, false} {
		v := put(t, factory(t, yubiKey57), sim.Options{})
		v.extended = extended
		u := unlock(t, v.open(), "123456", false)
		given, _ := material(t, engine.RSA2048)
		_, err := u.ImportKey(t.Context(), "9d", given, engine.KeySpec{Type: engine.RSA2048, PIN: engine.PINOnce, Touch: engine.TouchNever})
		noError(t, err)
		for i, command := range v.kept {
			if slices.ContainsFunc(command, func(b byte) bool { return b != 0 }) {
				t.Fatalf("command %d is still there", i)
			}
		}
		if !slices.ContainsFunc(given.P, func(b byte) bool { return b != 0 }) {
			t.Error("the caller's key was wiped")
		}
	}
}

// What a card cannot take is refused before it overwrites anything.
func TestImportKeyRefused(t *testing.T) {
	good, _ := material(t, engine.P256)
	large, _ := material(t, engine.RSA2048)
	spec := engine.KeySpec{Type: engine.P256, PIN: engine.PINOnce, Touch: engine.TouchNever}
	asRSA := engine.KeySpec{Type: engine.RSA2048, PIN: engine.PINOnce, Touch: engine.TouchNever}

	for _, card := range []sim.Firmware{plainCard, {Major: 1, Minor: 0, Patch: 4}} {
		v := put(t, factory(t, card), sim.Options{})
		if inspect(t, v.open()).Abilities.ImportKeys {
			t.Errorf("%s: says that it takes keys", card)
		}
		u := unlock(t, v.open(), "123456", false)
		v.apdus()
		_, err := u.ImportKey(t.Context(), "9a", good, spec)
		wantKind(t, err, engine.CardRefused)
		if n := v.apdus(); n != 0 {
			t.Errorf("%s: %d commands were sent", card, n)
		}
	}

	v := put(t, factory(t, yubiKey57), sim.Options{})
	u := unlock(t, v.open(), "123456", false)
	v.apdus()
	short, odd := large, large
	short.QInv, odd.P = large.QInv[1:], make([]byte, 128)
	for _, c := range []struct {
		at   engine.Place
		key  engine.KeyMaterial
		spec engine.KeySpec
	}{
		{"9f", good, spec},
		{"9a", good, asRSA},
		{"9a", good, engine.KeySpec{Type: engine.P256, PIN: "perhaps", Touch: engine.TouchNever}},
		{"9a", engine.KeyMaterial{}, engine.KeySpec{}},
		{"9a", engine.KeyMaterial{Type: engine.P256}, spec},
		{"9a", engine.KeyMaterial{Type: engine.P256, Scalar: make([]byte, 32)}, spec},
		{"9a", engine.KeyMaterial{Type: engine.P256, Scalar: bytes.Repeat([]byte{0xff}, 32)}, spec},
		{"9a", short, asRSA},
		{"9a", odd, asRSA},
	} {
		_, err := u.ImportKey(t.Context(), c.at, c.key, c.spec)
		wantKind(t, err, engine.BadInput)
	}
	if n := v.apdus(); n != 0 {
		t.Errorf("%d commands were sent", n)
	}
}

// A card that takes the command and has another key afterwards is trouble, and
// so is one that refuses.
func TestImportKeyBelied(t *testing.T) {
	given, _ := material(t, engine.P256)
	_, other := material(t, engine.P256)
	point, err := publicOf(t, other).(*ecdsa.PublicKey).Bytes()
	noError(t, err)
	sent := "00fe119a 28 0620" + hexOf(given.Scalar) + "aa0102 ab0101"
	spec := engine.KeySpec{Type: engine.P256, PIN: engine.PINOnce, Touch: engine.TouchNever}
	for _, c := range []struct {
		lines [][2]string
		want  engine.Kind
	}{
		{[][2]string{{sent, "6982"}}, engine.CardRefused},
		{[][2]string{{sent, "6a80"}}, engine.CardTrouble},
		{[][2]string{{sent, "pull"}}, engine.CardGone},
		{[][2]string{{sent, "9000"}, {"00f7009a 00", "6a88"}}, engine.CardTrouble},
		{[][2]string{{sent, "9000"}, {"00f7009a 00", "010111 02020201 030102 0443 8641" + hexOf(point) + "9000"}}, engine.CardTrouble},
	} {
		u := scripted(play(t, c.lines...))
		u.maker = &maker{firmware: firmware{5, 7, 1}}
		_, err := u.ImportKey(t.Context(), "9a", given, spec)
		wantKind(t, err, c.want)
	}
}
