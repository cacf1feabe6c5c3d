package piv

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"math/big"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

// Every kind of key, on every card, through both lengths of APDUs, is made as
// asked, tells so where it can, signs and agrees.
func TestMakeAndUseKeys(t *testing.T) {
	for _, c := range []struct {
		card     sim.Firmware
		extended bool
	}{{yubiKey57, true}, {yubiKey57, false}, {yubiKey53, true}, {plainCard, false}} {
		for _, spec := range []engine.KeySpec{
			{Type: engine.P256, PIN: engine.PINOnce, Touch: engine.TouchNever},
			{Type: engine.P384, PIN: engine.PINAlways, Touch: engine.TouchNever},
			{Type: engine.RSA2048, PIN: engine.PINAlways, Touch: engine.TouchNever},
		} {
			t.Run(c.card.String()+" "+string(spec.Type), func(t *testing.T) {
				v := put(t, factory(t, c.card), sim.Options{})
				v.extended = c.extended
				u := unlock(t, v.open(), "123456", false)
				at := engine.Place("9a")
				if spec.PIN == engine.PINAlways {
					at = "9c" // the one place where a plain card does that
				}
				key, err := u.MakeKey(t.Context(), at, spec)
				noError(t, err)
				if key.KeySpec != spec || key.Imported {
					t.Errorf("key is %+v, want %+v", key, spec)
				}
				told, err := u.KeyAt(t.Context(), at)
				noError(t, err)
				if knows := c.card != plainCard; knows != (told != nil) || knows && !bytes.Equal(told.Public, key.Public) {
					t.Errorf("the card tells of %+v", told)
				}
				public, err := x509.ParsePKIXPublicKey(key.Public)
				noError(t, err)
				for range 2 { // a PIN for each
					checkSignature(t, u, at, public)
				}
				if c.card != plainCard {
					checkAgreement(t, u, at, public)
				}
			})
		}
	}
}

func checkSignature(t *testing.T, u engine.CardProof, at engine.Place, public crypto.PublicKey) {
	t.Helper()
	digests := map[crypto.Hash][]byte{}
	d256, d512 := sha256.Sum256([]byte("x")), sha512.Sum512([]byte("x"))
	digests[crypto.SHA256], digests[crypto.SHA512] = d256[:], d512[:]
	for hash, digest := range digests {
		signature, err := u.Sign(t.Context(), at, public, digest, hash)
		noError(t, err)
		switch key := public.(type) {
		case *ecdsa.PublicKey:
			if !ecdsa.VerifyASN1(key, digest, signature) {
				t.Errorf("signature over %v is wrong", hash)
			}
		case *rsa.PublicKey:
			noError(t, rsa.VerifyPKCS1v15(key, hash, digest, signature))
		}
	}
}

func checkAgreement(t *testing.T, u engine.CardProof, at engine.Place, public crypto.PublicKey) {
	t.Helper()
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		theirs, err := key.ECDH()
		noError(t, err)
		ours, err := theirs.Curve().GenerateKey(rand.Reader)
		noError(t, err)
		want, err := ours.ECDH(theirs)
		noError(t, err)
		got, err := u.Agree(t.Context(), at, public, ours.PublicKey().Bytes())
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("agreed key differs (%v)", err)
		}
	case *rsa.PublicKey:
		block := make([]byte, key.Size())
		block[1], block[key.Size()-1] = 2, 7
		sealed := new(big.Int).Exp(new(big.Int).SetBytes(block), big.NewInt(int64(key.E)), key.N)
		got, err := u.Agree(t.Context(), at, public, sealed.FillBytes(make([]byte, key.Size())))
		if err != nil || !bytes.Equal(got, block) {
			t.Errorf("decrypted block differs (%v)", err)
		}
	}
}

// Policies belong to the key: it signs as it was made to, wherever it is moved
// to, also when the card was locked in between.
func TestPoliciesFollowTheKey(t *testing.T) {
	touches := 0
	v := put(t, factory(t, yubiKey57), sim.Options{Finger: func(byte) bool { touches++; return true }})
	c := v.open()
	u := unlock(t, c, "123456", false)
	_, err := u.MakeKey(t.Context(), "9a", engine.KeySpec{Type: engine.P256, PIN: engine.PINNever, Touch: engine.TouchNever})
	noError(t, err)
	noError(t, u.MoveKey(t.Context(), "9a", "94"))
	spec := engine.KeySpec{Type: engine.P256, PIN: engine.PINAlways, Touch: engine.TouchAlways}
	key, err := u.MakeKey(t.Context(), "95", spec)
	noError(t, err)
	public, err := x509.ParsePKIXPublicKey(key.Public)
	noError(t, err)
	noError(t, u.MoveKey(t.Context(), "95", "9a"))
	checkSignature(t, u, "9a", public)
	noError(t, u.Close())
	u = unlock(t, c, "123456", false)
	checkSignature(t, u, "9a", public)
	if told, err := u.KeyAt(t.Context(), "9a"); err != nil || told.KeySpec != spec {
		t.Errorf("key is %+v (%v), want %+v", told, err, spec)
	}
	if gone, err := u.KeyAt(t.Context(), "95"); err != nil || gone != nil {
		t.Errorf("there is still %+v (%v)", gone, err)
	}
	if touches != 4 {
		t.Errorf("%d touches for four signatures", touches)
	}
}

// Keys of kinds that no template asks for are shown all the same.
func TestForeignKeys(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	noError(t, err)
	x, err := ecdh.X25519().GenerateKey(rand.Reader)
	noError(t, err)
	large, err := rsa.GenerateKey(rand.Reader, 3072)
	noError(t, err)
	state := factory(t, yubiKey57)
	for slot, private := range map[sim.Slot]any{0x82: ed, 0x83: x, 0x84: large} {
		key, err := sim.NewKey(private, true, sim.PINNever, sim.TouchCached)
		noError(t, err)
		state.Keys[slot] = key
	}
	got := inspect(t, put(t, state, sim.Options{}).open())
	for place, kind := range map[engine.Place]engine.KeyType{"82": "ed25519", "83": "x25519", "84": "rsa3072"} {
		it, _ := got.At(place)
		want := engine.KeySpec{Type: kind, PIN: engine.PINNever, Touch: engine.TouchCached}
		if it.Key == nil || it.Key.KeySpec != want || !it.Key.Imported {
			t.Errorf("%s holds %+v (%q), want %+v", place, it.Key, it.Unreadable, want)
			continue
		}
		publicOf(t, it.Key.Public)
	}
}

// A finger that does not come is told from a card that refuses.
func TestTouchMissed(t *testing.T) {
	state := factory(t, yubiKey57)
	keyed := func(slot sim.Slot, touch byte) crypto.PublicKey {
		der := furnish(t, state, slot, sim.PINOnce, touch)
		c, err := x509.ParseCertificate(der)
		noError(t, err)
		return c.PublicKey
	}
	wants := keyed(0x9a, sim.TouchCached)
	v := put(t, state, sim.Options{Finger: func(byte) bool { return false }})
	u := unlock(t, v.open(), "123456", false)
	digest := sha256.Sum256(nil)
	_, err := u.Sign(t.Context(), "9a", wants, digest[:], crypto.SHA256)
	wantKind(t, err, engine.TouchMissed)

	for status, want := range map[string]engine.Kind{
		"6982": engine.CardRefused, "6a86": engine.CardTrouble, "6a80": engine.CardTrouble, "6a88": engine.CardTrouble,
	} {
		u := scripted(play(t, [2]string{"0087119e 26 7c24 8200 8120" + hexOf(digest[:]) + "00", status}))
		_, err = u.Sign(t.Context(), "9e", wants, digest[:], crypto.SHA256)
		wantKind(t, err, want)
	}
}

// scripted is a plain card, unlocked with the PIN 123456.
func scripted(s *script) *unlocked {
	u := &unlocked{session: s.session(), pin: newPIN("123456"), specs: map[engine.Place]engine.KeySpec{}}
	u.maker = &maker{}
	return u
}

// If the card no longer takes the PIN it took before, one try is lost and no
// other is spent.
func TestPINChangedUnderUs(t *testing.T) {
	der := furnish(t, factory(t, plainCard), 0x9c, sim.PINAlways, sim.TouchNever)
	c, err := x509.ParseCertificate(der)
	noError(t, err)
	u := scripted(play(t, [2]string{"00200080 08 313233343536ffff", "63c2"}))
	_, err = u.Sign(t.Context(), "9c", c.PublicKey, make([]byte, 32), crypto.SHA256)
	wantKind(t, err, engine.WrongPIN)
	_, err = u.Sign(t.Context(), "9c", c.PublicKey, make([]byte, 32), crypto.SHA256)
	wantKind(t, err, engine.BadInput)
}

// The card that has no such key is trouble, not a refusal: it may be another
// card.
func TestSignWithoutKey(t *testing.T) {
	state := factory(t, yubiKey57)
	c, err := x509.ParseCertificate(furnish(t, state, 0x9a, sim.PINOnce, sim.TouchNever))
	noError(t, err)
	delete(state.Keys, 0x9a)
	u := unlock(t, put(t, state, sim.Options{}).open(), "123456", false)
	digest := sha256.Sum256(nil)
	_, err = u.Sign(t.Context(), "9a", c.PublicKey, digest[:], crypto.SHA256)
	wantKind(t, err, engine.CardTrouble)

	plain := factory(t, plainCard)
	u = unlock(t, put(t, plain, sim.Options{}).open(), "123456", false)
	_, err = u.Sign(t.Context(), "9a", c.PublicKey, digest[:], crypto.SHA256)
	wantKind(t, err, engine.CardTrouble)
}

// What cannot be signed or agreed is refused before the card is asked.
func TestSignNonsense(t *testing.T) {
	v := put(t, factory(t, yubiKey57), sim.Options{})
	u := unlock(t, v.open(), "123456", false)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	noError(t, err)
	x, err := ecdh.X25519().GenerateKey(rand.Reader)
	noError(t, err)
	v.apdus()
	for _, f := range []func() ([]byte, error){
		func() ([]byte, error) {
			return u.Sign(t.Context(), "9a", x.PublicKey(), make([]byte, 32), crypto.SHA256)
		},
		func() ([]byte, error) {
			return u.Sign(t.Context(), "9a", &small.PublicKey, make([]byte, 31), crypto.SHA256)
		},
		func() ([]byte, error) {
			return u.Sign(t.Context(), "9a", &small.PublicKey, make([]byte, 20), crypto.SHA1)
		},
		func() ([]byte, error) {
			return u.Sign(t.Context(), "9f", &small.PublicKey, make([]byte, 32), crypto.SHA256)
		},
		func() ([]byte, error) { return u.Agree(t.Context(), "9a", &small.PublicKey, make([]byte, 127)) },
	} {
		_, err := f()
		wantKind(t, err, engine.BadInput)
	}
	if n := v.apdus(); n != 0 {
		t.Errorf("%d commands were sent", n)
	}
}

// What a card cannot make is refused before it overwrites anything.
func TestMakeKeyRefused(t *testing.T) {
	plain := put(t, factory(t, plainCard), sim.Options{})
	u := unlock(t, plain.open(), "123456", false)
	plain.apdus()
	for _, spec := range []engine.KeySpec{
		{Type: engine.P256, PIN: engine.PINAlways, Touch: engine.TouchNever},
		{Type: engine.P256, PIN: engine.PINOnce, Touch: engine.TouchCached},
	} {
		_, err := u.MakeKey(t.Context(), "9a", spec)
		wantKind(t, err, engine.CardRefused)
	}
	for _, spec := range []engine.KeySpec{{}, {Type: "rsa1024", PIN: engine.PINOnce, Touch: engine.TouchNever}, {Type: engine.P256}} {
		_, err := u.MakeKey(t.Context(), "9a", spec)
		wantKind(t, err, engine.BadInput)
	}
	wantKind(t, u.MoveKey(t.Context(), "9a", "95"), engine.CardRefused)
	wantKind(t, u.RemoveKey(t.Context(), "9a"), engine.CardRefused)
	if n := plain.apdus(); n != 0 {
		t.Errorf("%d commands were sent", n)
	}
	_, err := u.MakeKey(t.Context(), "82", engine.KeySpec{Type: engine.P256, PIN: engine.PINOnce, Touch: engine.TouchNever})
	wantKind(t, err, engine.CardRefused)

	weak := &unlocked{session: &session{maker: &maker{firmware: firmware{4, 3, 3}}}}
	_, err = weak.MakeKey(t.Context(), "9a", engine.KeySpec{Type: engine.RSA2048, PIN: engine.PINOnce, Touch: engine.TouchNever})
	wantKind(t, err, engine.CardRefused)
}

// Keys move to empty places only, and removing what is not there is no error.
func TestMoveAndRemove(t *testing.T) {
	state := factory(t, yubiKey57)
	furnish(t, state, 0x9a, sim.PINOnce, sim.TouchNever)
	furnish(t, state, 0x9c, sim.PINOnce, sim.TouchNever)
	v := put(t, state, sim.Options{})
	u := unlock(t, v.open(), "123456", false)
	for _, c := range [][2]engine.Place{{"9a", "9c"}, {"82", "83"}} {
		if err := u.MoveKey(t.Context(), c[0], c[1]); err == nil {
			t.Errorf("moved %s to %s", c[0], c[1])
		}
	}
	noError(t, u.MoveKey(t.Context(), "9a", "95"))
	for range 2 {
		noError(t, u.RemoveKey(t.Context(), "95"))
		noError(t, u.RemoveCertificate(t.Context(), "9a"))
	}
	if keys := v.card.State().Keys; len(keys) != 2 { // 9c, and the one for attestations
		t.Errorf("%d keys are left", len(keys))
	}
}
