package sim

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"
)

// generateData is the data of GENERATE with policies; zero leaves one out.
func generateData(algorithm, pin, touch byte) []byte {
	template := appendTLV(nil, 0x80, []byte{algorithm})
	if pin != 0 {
		template = appendTLV(template, 0xaa, []byte{pin})
	}
	if touch != 0 {
		template = appendTLV(template, 0xab, []byte{touch})
	}
	return appendTLV(nil, 0xac, template)
}

// Every algorithm makes a key, whose public half the card tells twice alike:
// when it is made, and as metadata.
func TestGenerate(t *testing.T) {
	for _, algorithm := range []byte{algRSA1024, algRSA2048, algP256, algP384, algEd25519, algX25519} {
		t.Run(fmt.Sprintf("%02x", algorithm), func(t *testing.T) {
			card := newCard(t, firmware571, Options{})
			unlock(t, card)
			made := do(t, card, insGenerate, 0, 0x9a, generateData(algorithm, 0, 0))
			outer, ok := parseTLV(made)
			if !ok || len(outer) != 1 || outer[0].tag != 0x7f49 {
				t.Fatalf("answer is not in 7F49: % x", made)
			}
			all, ok := parseTLV(do(t, card, insGetMetadata, 0, 0x9a, nil))
			if !ok || !bytes.Equal(find(all, metaPublic), outer[0].value) {
				t.Errorf("metadata tells another key")
			}
			if got := find(all, metaAlgorithm); !bytes.Equal(got, []byte{algorithm}) {
				t.Errorf("metadata tells algorithm % x", got)
			}
			if got := find(all, metaOrigin); !bytes.Equal(got, []byte{metaGenerated}) {
				t.Errorf("metadata tells origin % x", got)
			}
			checkPublic(t, outer[0].value, card.State().Keys[0x9a].Public)
		})
	}
}

// checkPublic compares what the card tells with a key read by the standard
// library.
func checkPublic(t *testing.T, told, spki []byte) {
	t.Helper()
	public, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		t.Fatal(err)
	}
	all, _ := parseTLV(told)
	point, modulus := find(all, 0x86), find(all, 0x81)
	switch key := public.(type) {
	case *rsa.PublicKey:
		if new(big.Int).SetBytes(modulus).Cmp(key.N) != 0 || !bytes.Equal(find(all, 0x82), []byte{1, 0, 1}) {
			t.Error("modulus or exponent differ")
		}
	case *ecdsa.PublicKey:
		if got, err := ecdsa.ParseUncompressedPublicKey(key.Curve, point); err != nil || !got.Equal(key) {
			t.Errorf("point differs: %v", err)
		}
	case ed25519.PublicKey:
		if !bytes.Equal(point, key) {
			t.Error("point differs")
		}
	case *ecdh.PublicKey:
		if !bytes.Equal(point, key.Bytes()) {
			t.Error("point differs")
		}
	}
}

// Policies that are not stated are the slot's: 9C always wants the PIN, 9E
// never, the others once.
func TestPolicies(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	unlock(t, card)
	for _, c := range []struct {
		slot, pin, touch byte
		want             string
	}{
		{0x9a, 0, 0, "02 01"},
		{0x9c, 0, 0, "03 01"},
		{0x9d, 0, 0, "02 01"},
		{0x9e, 0, 0, "01 01"},
		{0x82, 0, 0, "02 01"},
		{0x95, 0, 0, "02 01"},
		{0xf9, 0, 0, "02 01"},
		{0x9c, 1, 3, "01 03"},
		{0x9e, 3, 2, "03 02"},
	} {
		do(t, card, insGenerate, 0, c.slot, generateData(algP256, c.pin, c.touch))
		say(t, card, fmt.Sprintf("00 f7 00 %02x", c.slot), "01 01 11 02 02"+c.want+"03 01 01 04 43 86 41 04 … 9000")
	}
	for _, data := range []string{"aa 01 04", "aa 00", "ab 01 05", "ab 02 01 01"} {
		inner := append(unhex(t, "80 01 11"), unhex(t, data)...)
		if _, sw := try9000(t, card, insGenerate, 0, 0x9a, appendTLV(nil, 0xac, inner)); sw != swIncorrectData {
			t.Errorf("policy %s: %04x", data, uint16(sw))
		}
	}
}

// Making a key wants the administration key, a slot and an algorithm that the
// card has.
func TestGenerateRefused(t *testing.T) {
	for f, want := range map[Firmware]map[string]string{
		firmware571: {
			"00 47 00 9a 05 ac 03 80 01 12": "6a80", "00 47 00 9b 05 ac 03 80 01 11": "6b00",
			"00 47 01 9a 05 ac 03 80 01 11": "6b00", "00 47 00 9a 02 ac 00": "6a80", "00 47 00 9a": "6a80",
		},
		firmware530: {"00 47 00 9a 05 ac 03 80 01 e0": "6a80", "00 47 00 9a 05 ac 03 80 01 05": "6a80"},
		plain: {
			"00 47 00 82 05 ac 03 80 01 11": "6a86", "00 47 00 f9 05 ac 03 80 01 11": "6a86",
			"00 47 00 9a 05 ac 03 80 01 06": "6a80", "00 47 00 9a 08 ac 06 80 01 11 aa 01 01": "6a80",
		},
	} {
		card := newCard(t, f, Options{})
		say(t, card, "00 47 00 9a 05 ac 03 80 01 11", "6982")
		unlock(t, card)
		for apdu, answer := range want {
			say(t, card, apdu, answer)
		}
		say(t, card, "00 47 00 9a 05 ac 03 80 01 11", "7f 49 43 86 41 04 … 9000")
	}
}

// importData is a private key as IMPORT ASYMMETRIC KEY wants it.
func importData(t *testing.T, private any) []byte {
	t.Helper()
	switch key := private.(type) {
	case *rsa.PrivateKey:
		var data []byte
		for i, n := range []*big.Int{key.Primes[0], key.Primes[1], key.Precomputed.Dp, key.Precomputed.Dq, key.Precomputed.Qinv} {
			data = appendTLV(data, uint32(i+1), n.FillBytes(make([]byte, key.Size()/2)))
		}
		return data
	case *ecdsa.PrivateKey:
		scalar, err := key.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return appendTLV(nil, 0x06, scalar)
	case ed25519.PrivateKey:
		return appendTLV(nil, 0x07, key.Seed())
	case *ecdh.PrivateKey:
		return appendTLV(nil, 0x08, key.Bytes())
	}
	t.Fatalf("no import of %T", private)
	return nil
}

// A key made elsewhere works on the card, and the card says that it was
// imported.
func TestImport(t *testing.T) {
	rsaKey, err1 := rsa.GenerateKey(rand.Reader, 2048)
	p256, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, err3 := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	_, edwards, err4 := ed25519.GenerateKey(rand.Reader)
	montgomery, err5 := ecdh.X25519().GenerateKey(rand.Reader)
	for _, err := range []error{err1, err2, err3, err4, err5} {
		if err != nil {
			t.Fatal(err)
		}
	}
	card := newCard(t, firmware571, Options{})
	unlock(t, card)
	for algorithm, private := range map[byte]any{
		algRSA2048: rsaKey, algP256: p256, algP384: p384, algEd25519: edwards, algX25519: montgomery,
	} {
		data := append(importData(t, private), unhex(t, "aa 01 01 ab 01 03")...)
		do(t, card, insImportKey, algorithm, 0x83, data)
		all, _ := parseTLV(do(t, card, insGetMetadata, 0, 0x83, nil))
		if got := find(all, metaOrigin); !bytes.Equal(got, []byte{metaImported}) {
			t.Errorf("%02x: origin % x", algorithm, got)
		}
		if got := find(all, metaPolicy); !bytes.Equal(got, []byte{PINNever, TouchCached}) {
			t.Errorf("%02x: policies % x", algorithm, got)
		}
		proves(t, card, 0x83, algorithm)
		if _, sw := try9000(t, card, insAttest, 0x83, 0, nil); sw != swNotFound {
			t.Errorf("%02x: attest imported key: %04x", algorithm, uint16(sw))
		}
		if _, sw := try9000(t, card, insImportKey, algorithm, 0x83, data[:len(data)-10]); sw != swIncorrectData {
			t.Errorf("%02x: half a key: %04x", algorithm, uint16(sw))
		}
	}
	if _, sw := try9000(t, card, insImportKey, algRSA1024, 0x83, importData(t, rsaKey)); sw != swIncorrectData {
		t.Errorf("RSA 2048 as 1024: %04x", uint16(sw))
	}
	all, _ := parseTLV(importData(t, rsaKey))
	all[2].tag, all[3].tag = all[3].tag, all[2].tag
	var disorder []byte
	for _, e := range all {
		disorder = appendTLV(disorder, e.tag, e.value)
	}
	if _, sw := try9000(t, card, insImportKey, algRSA2048, 0x83, disorder); sw != swIncorrectData {
		t.Errorf("parts in disorder: %04x", uint16(sw))
	}
	if _, sw := try9000(t, card, insImportKey, algP256, 0x83, appendTLV(nil, 6, make([]byte, 32))); sw != swIncorrectData {
		t.Errorf("scalar zero: %04x", uint16(sw))
	}
	say(t, card, "00 fe 11 33", "6b00")
	say(t, card, "00 fe 12 9a", "6a80")
}

// Importing wants the administration key, a slot, an algorithm that the card
// has, and a whole key; what is refused leaves the old key where it is. The
// plain card has never heard of it.
func TestImportRefused(t *testing.T) {
	scalar := "06 20 " + strings.Repeat("01", 32)
	for f, want := range map[Firmware]map[string]string{
		firmware571: {
			"00 fe 11 9b 22 " + scalar: "6b00", "00 fe 12 9a 22 " + scalar: "6a80",
			"00 fe 11 9a": "6a80", "00 fe 11 9a 02 06 00": "6a80", "00 fe 11 9a 02 06 20": "6a80",
			"00 fe 11 9a 22 07 20 " + scalar[6:]: "6a80", "00 fe 14 9a 22 " + scalar: "6a80",
			"00 fe 11 9a 25 " + scalar + "aa 01 04": "6a80", "00 fe 11 9a 24 " + scalar + "ab 00": "6a80",
			"00 fe 11 9a 22 06 20 " + strings.Repeat("ff", 32): "6a80", "00 fe 07 9a 22 " + scalar: "6a80",
		},
		{5, 4, 3}: {"00 fe e0 9a 22 07 20 " + scalar[6:]: "6a80"},
		{4, 3, 3}: {"00 fe e0 9a 22 07 20 " + scalar[6:]: "6a80"},
		plain:     {"00 fe 11 9a 22 " + scalar: "6d00"},
	} {
		card := newCard(t, f, Options{})
		unlock(t, card)
		do(t, card, insGenerate, 0, 0x9a, generateData(algP256, 0, 0))
		before := card.State()
		for apdu, sw := range want {
			say(t, card, apdu, sw)
		}
		if !reflect.DeepEqual(card.State(), before) {
			t.Errorf("%s: a refused key changed the card", f)
		}
		if f == plain {
			continue
		}
		say(t, card, "00 fe 11 9a 22 "+scalar, "9000")
		card.PowerOn()
		say(t, card, selectPIV, aptPIV)
		say(t, card, verifyPIN, "9000")
		say(t, card, "00 fe 11 9a 22 "+scalar, "6982")
	}
}

// A key takes its policies and its origin with it when it moves. It moves only
// to an empty slot, and the attestation key does not move.
func TestMoveAndDelete(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	unlock(t, card)
	do(t, card, insGenerate, 0, 0x9c, generateData(algP256, 0, TouchCached))
	do(t, card, insGenerate, 0, 0x82, generateData(algP384, 0, 0))
	before := do(t, card, insGetMetadata, 0, 0x9c, nil)

	say(t, card, "00 f6 82 9c", "6a80") // occupied
	say(t, card, "00 f6 9c 9c", "6a80")
	say(t, card, "00 f6 83 9a", "6a88") // nothing there
	say(t, card, "00 f6 83 f9", "6a80")
	say(t, card, "00 f6 33 9c", "6b00")
	say(t, card, "00 f6 83 33", "6b00")
	say(t, card, "00 f6 95 9c", "9000")
	if after := do(t, card, insGetMetadata, 0, 0x95, nil); !bytes.Equal(after, before) {
		t.Errorf("metadata changed on the way: % x", after)
	}
	say(t, card, "00 f7 00 9c", "6a88")

	say(t, card, "00 f6 ff 95", "9000")
	say(t, card, "00 f7 00 95", "6a88")
	say(t, card, "00 f6 ff 95", "6a88")
	say(t, card, "00 f6 ff f9", "9000")
	card.PowerOn()
	say(t, card, selectPIV, aptPIV)
	say(t, card, "00 f6 ff 82", "6982")
}

// A factory reset wants PIN and PUK blocked, wipes what people put on the card,
// and leaves the attestation key.
func TestReset(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	attestation := card.State().Keys[slotAttestation]
	unlock(t, card)
	do(t, card, insGenerate, 0, 0x9a, generateData(algP256, 0, 0))
	do(t, card, insPutData, 0x3f, 0xff, unhex(t, "5c 03 5f c1 02 53 01 aa"))
	do(t, card, insSetAdminKey, 0xff, 0xff, append(unhex(t, "08 9b 10"), make([]byte, 16)...))
	for range 3 {
		send(t, card, unhex(t, verifyBad))
	}
	say(t, card, "00 fb 00 00", "6985") // the PUK is not blocked yet
	for range 3 {
		send(t, card, unhex(t, "00 2c 00 80 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"))
	}
	say(t, card, "00 fb 00 00", "9000")
	say(t, card, "00 f7 00 9a", "6a88")
	say(t, card, "00 cb 3f ff 05 5c 03 5f c1 02", "6a82")
	say(t, card, "00 f7 00 9b", "01 01 0a 02 02 00 01 05 01 01 9000")
	say(t, card, "00 db 3f ff 07 5c 03 5f c1 02 53 00", "6982")
	unlock(t, card)
	if got := card.State().Keys[slotAttestation]; !bytes.Equal(got.Private, attestation.Private) {
		t.Error("the attestation key is another")
	}
	do(t, card, insGetData, 0x3f, 0xff, unhex(t, "5c 03 5f ff 01"))
}
