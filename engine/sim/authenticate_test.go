package sim

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"math/big"
	"testing"
	"time"
)

// use asks a key for a signature (challenge) or a shared secret (exponentiation).
func use(t testing.TB, card *Card, slot, algorithm byte, tag uint32, data []byte) ([]byte, status) {
	t.Helper()
	template := appendTLV(appendTLV(nil, tagResponse, nil), tag, data)
	answer, sw := try9000(t, card, insAuthenticate, algorithm, slot, appendTLV(nil, tagTemplate, template))
	if sw != swOK {
		return nil, sw
	}
	outer, ok := parseTLV(answer)
	if !ok || len(outer) != 1 || outer[0].tag != tagTemplate {
		t.Fatalf("answer is no template: % x", answer)
	}
	inner, ok := parseTLV(outer[0].value)
	if !ok || len(inner) != 1 || inner[0].tag != tagResponse {
		t.Fatalf("answer has no response: % x", answer)
	}
	return inner[0].value, swOK
}

// proves has the key in a slot prove itself to the standard library.
func proves(t testing.TB, card *Card, slot, algorithm byte) {
	t.Helper()
	public, err := x509.ParsePKIXPublicKey(card.State().Keys[Slot(slot)].Public)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("prove yourself"))
	must := func(value []byte, sw status) []byte {
		if sw != swOK {
			t.Fatalf("%02x in %02x: %04x", algorithm, slot, uint16(sw))
		}
		return value
	}
	switch key := public.(type) {
	case *rsa.PublicKey:
		signature := must(use(t, card, slot, algorithm, tagChallenge, padded(key, digest[:])))
		if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature); err != nil {
			t.Error(err)
		}
	case *ecdsa.PublicKey:
		if !ecdsa.VerifyASN1(key, digest[:], must(use(t, card, slot, algorithm, tagChallenge, digest[:]))) {
			t.Errorf("%02x: signature does not verify", algorithm)
		}
		peer, err := key.ECDH()
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, peer, func(point []byte) []byte { return must(use(t, card, slot, algorithm, tagExponentiation, point)) })
	case ed25519.PublicKey:
		if !ed25519.Verify(key, digest[:], must(use(t, card, slot, algorithm, tagChallenge, digest[:]))) {
			t.Errorf("%02x: signature does not verify", algorithm)
		}
	case *ecdh.PublicKey:
		agrees(t, key, func(point []byte) []byte { return must(use(t, card, slot, algorithm, tagExponentiation, point)) })
	}
}

// padded is a PKCS #1 v1.5 signature block with SHA-256 (RFC 8017, 9.2).
func padded(key *rsa.PublicKey, digest []byte) []byte {
	info := append([]byte("\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"), digest...)
	block := bytes.Repeat([]byte{0xff}, key.Size())
	block[0], block[1] = 0, 1
	block[len(block)-len(info)-1] = 0
	copy(block[len(block)-len(info):], info)
	return block
}

func agrees(t testing.TB, card *ecdh.PublicKey, agree func(point []byte) []byte) {
	t.Helper()
	mine, err := card.Curve().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	want, err := mine.ECDH(card)
	if err != nil {
		t.Fatal(err)
	}
	if got := agree(mine.PublicKey().Bytes()); !bytes.Equal(got, want) {
		t.Errorf("secrets differ: % x", got)
	}
}

// A YubiKey's key signs and agrees in whatever slot it lies, also after it was
// moved there.
func TestKeysWorkEverywhere(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	unlock(t, card)
	for _, slot := range []byte{0x9a, 0x9d, 0x9e, 0x82, 0x95} {
		do(t, card, insGenerate, 0, slot, generateData(algP256, 0, 0))
		proves(t, card, slot, algP256)
	}
	do(t, card, insMoveKey, 0x9c, 0x95, nil)
	proves(t, card, 0x9c, algP256)
	do(t, card, insGenerate, 0, 0x83, generateData(algP384, 0, 0))
	proves(t, card, 0x83, algP384)
	do(t, card, insGenerate, 0, 0x84, generateData(algRSA2048, 0, 0))
	proves(t, card, 0x84, algRSA2048)
}

// On a plain card the slot decides: 9A, 9C and 9E sign, 9D agrees.
func TestPlainSlots(t *testing.T) {
	card := newCard(t, plain, Options{})
	unlock(t, card)
	digest := make([]byte, 32)
	peer, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point := peer.PublicKey().Bytes()
	for slot, want := range map[byte][2]status{0x9a: {swOK, swIncorrectData}, 0x9e: {swOK, swIncorrectData}, 0x9d: {swIncorrectData, swOK}} {
		do(t, card, insGenerate, 0, slot, generateData(algP256, 0, 0))
		if _, sw := use(t, card, slot, algP256, tagChallenge, digest); sw != want[0] {
			t.Errorf("sign in %02x: %04x", slot, uint16(sw))
		}
		if _, sw := use(t, card, slot, algP256, tagExponentiation, point); sw != want[1] {
			t.Errorf("agree in %02x: %04x", slot, uint16(sw))
		}
	}
}

// RSA decrypts what was encrypted to its public key.
func TestDecrypt(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	unlock(t, card)
	do(t, card, insGenerate, 0, 0x9d, generateData(algRSA2048, 0, 0))
	public, err := x509.ParsePKIXPublicKey(card.State().Keys[0x9d].Public)
	if err != nil {
		t.Fatal(err)
	}
	key := public.(*rsa.PublicKey)
	message := new(big.Int).SetBytes(padded(key, make([]byte, 32)))
	sealed := new(big.Int).Exp(message, big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, 256))
	opened, sw := use(t, card, 0x9d, algRSA2048, tagChallenge, sealed)
	if sw != swOK || new(big.Int).SetBytes(opened).Cmp(message) != 0 {
		t.Errorf("decrypt: %04x", uint16(sw))
	}
}

// What a key cannot do is refused: no key, another algorithm, too much data,
// a point that is not on the curve, nothing to do.
func TestAuthenticateRefused(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	unlock(t, card)
	do(t, card, insGenerate, 0, 0x9a, generateData(algP256, PINNever, 0))
	do(t, card, insGenerate, 0, 0x82, generateData(algRSA1024, PINNever, 0))
	digest := make([]byte, 32)
	for _, c := range []struct {
		what            string
		slot, algorithm byte
		tag             uint32
		data            []byte
		want            status
	}{
		{"no key", 0x9c, algP256, tagChallenge, digest, swIncorrectData},
		{"other algorithm", 0x9a, algP384, tagChallenge, digest, swIncorrectData},
		{"attestation key", 0xf9, algP256, tagChallenge, digest, swWrongP1P2},
		{"digest too long", 0x9a, algP256, tagChallenge, make([]byte, 33), swIncorrectData},
		{"no digest", 0x9a, algP256, tagChallenge, nil, swIncorrectData},
		{"no point", 0x9a, algP256, tagExponentiation, make([]byte, 65), swIncorrectData},
		{"block too short", 0x82, algRSA1024, tagChallenge, make([]byte, 127), swIncorrectData},
		{"block above modulus", 0x82, algRSA1024, tagChallenge, bytes.Repeat([]byte{0xff}, 128), swIncorrectData},
		{"agree with RSA", 0x82, algRSA1024, tagExponentiation, make([]byte, 128), swIncorrectData},
		{"unknown element", 0x9a, algP256, 0x84, digest, swIncorrectData},
	} {
		if _, sw := use(t, card, c.slot, c.algorithm, c.tag, c.data); sw != c.want {
			t.Errorf("%s: %04x, want %04x", c.what, uint16(sw), uint16(c.want))
		}
	}
	say(t, card, "00 87 11 9a 02 7c 00", "6a80")
	say(t, card, "00 87 11 9a 04 7c 02 82 00", "6a80")
	say(t, card, "00 87 11 9a 05 7c 03 81 01 00", "6a80") // response not asked for
	say(t, card, "00 87 11 9a 02 70 00", "6a80")
}

// A key with the PIN policy "once" works after one VERIFY until the power goes,
// "never" without, "always" only for the command just after it.
func TestPINPolicy(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	unlock(t, card)
	for slot, policy := range map[byte]byte{0x82: PINNever, 0x83: PINOnce, 0x84: PINAlways} {
		do(t, card, insGenerate, 0, slot, generateData(algP256, policy, 0))
	}
	sign := func(slot byte, want status) {
		t.Helper()
		if _, sw := use(t, card, slot, algP256, tagChallenge, make([]byte, 32)); sw != want {
			t.Errorf("sign in %02x: %04x, want %04x", slot, uint16(sw), uint16(want))
		}
	}
	card.PowerOn()
	say(t, card, selectPIV, aptPIV)
	sign(0x82, swOK)
	sign(0x83, swSecurityStatus)
	sign(0x84, swSecurityStatus)
	say(t, card, verifyPIN, "9000")
	sign(0x84, swOK)
	sign(0x84, swSecurityStatus)
	sign(0x83, swOK)
	sign(0x83, swOK)
	for _, between := range []string{triesLeft, "00 fd 00 00 00", "00 cb 3f ff 03 5c 01 7e", "00 55 00 00", "00"} {
		say(t, card, verifyPIN, "9000")
		send(t, card, unhex(t, between))
		sign(0x84, swSecurityStatus)
	}
}

// The parts of one signature's chain do not come between it and VERIFY.
func TestPINAlwaysAndChains(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	unlock(t, card)
	do(t, card, insGenerate, 0, 0x9c, generateData(algRSA2048, 0, 0))
	say(t, card, verifyPIN, "9000")
	proves(t, card, 0x9c, algRSA2048)
}

// A key with a touch policy waits for a finger, and without one answers 6982.
// A cached touch is good for fifteen seconds.
func TestTouch(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	touches, touched := []byte{}, true
	card := newCard(t, firmware571, Options{
		Now:    func() time.Time { return now },
		Finger: func(slot byte) bool { touches = append(touches, slot); return touched },
	})
	unlock(t, card)
	do(t, card, insGenerate, 0, 0x9a, generateData(algP256, PINNever, TouchAlways))
	do(t, card, insGenerate, 0, 0x9d, generateData(algP256, PINNever, TouchCached))
	sign := func(slot byte, want status, waits int) {
		t.Helper()
		touches = nil
		if _, sw := use(t, card, slot, algP256, tagChallenge, make([]byte, 32)); sw != want || len(touches) != waits {
			t.Errorf("sign in %02x: %04x after %d touches, want %04x after %d", slot, uint16(sw), len(touches), uint16(want), waits)
		}
	}
	touched = false
	sign(0x9a, swSecurityStatus, 1)
	sign(0x9d, swSecurityStatus, 1)
	touched = true
	sign(0x9d, swOK, 1)
	sign(0x9d, swOK, 0)
	sign(0x9a, swOK, 1)
	now = now.Add(14 * time.Second)
	sign(0x9d, swOK, 0)
	now = now.Add(2 * time.Second)
	sign(0x9d, swOK, 1)
	card.PowerOn()
	say(t, card, selectPIV, aptPIV)
	sign(0x9d, swOK, 1)
}
