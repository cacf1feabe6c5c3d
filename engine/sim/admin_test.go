package sim

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"testing"
)

// Both sides prove that they hold the administration key, whatever its
// algorithm; a wrong key costs nothing.
func TestAdminKeys(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	unlock(t, card)
	for algorithm, n := range adminKeyLength {
		value := bytes.Repeat([]byte{algorithm, 0x31, 0x57}, 11)[:n]
		do(t, card, insSetAdminKey, 0xff, 0xff, append([]byte{algorithm, 0x9b, byte(n)}, value...))
		say(t, card, "00 f7 00 9b", "01 01"+hexByte(algorithm)+"02 02 00 01 05 01 00 9000")
		card.PowerOn()
		say(t, card, selectPIV, aptPIV)
		wrong := block(t, algorithm, bytes.Repeat([]byte{0x77, 0x13, 0x42}, 11)[:n])
		for range 5 {
			if sw := authenticateMutually(t, card, algorithm, wrong); sw != swSecurityStatus {
				t.Errorf("%02x: wrong key: %04x", algorithm, uint16(sw))
			}
		}
		say(t, card, "00 db 3f ff 07 5c 03 5f c1 02 53 00", "6982")
		if sw := authenticateMutually(t, card, algorithm, block(t, algorithm, value)); sw != swOK {
			t.Errorf("%02x: right key: %04x", algorithm, uint16(sw))
		}
		say(t, card, "00 db 3f ff 07 5c 03 5f c1 02 53 00", "9000")
	}
}

func hexByte(b byte) string {
	return string("0123456789abcdef"[b>>4]) + string("0123456789abcdef"[b&15])
}

func block(t *testing.T, algorithm byte, key []byte) cipher.Block {
	t.Helper()
	newCipher := aes.NewCipher
	if algorithm == alg3DES {
		newCipher = des.NewTripleDESCipher
	}
	b, err := newCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The other side alone may prove itself, too: it encrypts the card's challenge.
func TestSingleAuthentication(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	key := aes192(t, factoryAdminKey)
	answer := do(t, card, insAuthenticate, algAES192, 0x9b, unhex(t, "7c 02 81 00"))
	response := make([]byte, 16)
	key.Encrypt(response, answer[4:])
	data := appendTLV(nil, 0x7c, appendTLV(nil, 0x82, response))
	do(t, card, insAuthenticate, algAES192, 0x9b, data)
	say(t, card, "00 db 3f ff 07 5c 03 5f c1 02 53 00", "9000")
	if _, sw := try9000(t, card, insAuthenticate, algAES192, 0x9b, data); sw != swSecurityStatus {
		t.Errorf("same answer again: %04x", uint16(sw))
	}
	say(t, card, "00 db 3f ff 07 5c 03 5f c1 02 53 00", "6982")
}

// The factory's administration key is AES-192 from firmware 5.7 on and 3DES
// before; another algorithm is told at once.
func TestFactoryAdminKey(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	say(t, card, "00 f7 00 9b", "01 01 0a 02 02 00 01 05 01 01 9000")
	say(t, card, "00 87 03 9b 04 7c 02 80 00", "6a80")
	say(t, card, "00 87 00 9b 04 7c 02 81 00", "6a80")
	say(t, card, "00 87 0a 9b 04 7c 02 81 00", "7c 12 81 10 … 9000")
	card = newCard(t, firmware530, Options{})
	say(t, card, "00 f7 00 9b", "01 01 03 02 02 00 01 05 01 01 9000")
	say(t, card, "00 87 00 9b 04 7c 02 81 00", "7c 0a 81 08 … 9000")
	say(t, card, "00 87 03 9b 04 7c 02 80 00", "7c 0a 80 08 … 9000")
	unlock(t, card)
	say(t, card, "00 ff ff ff 13 08 9b 10 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f", "6a80") // AES came later
	unlock(t, newCard(t, plain, Options{}))
}

// A new administration key must be one, and may want a touch.
func TestSetAdminKey(t *testing.T) {
	touched := false
	card := newCard(t, firmware571, Options{Finger: func(slot byte) bool { return slot == 0x9b && touched }})
	unlock(t, card)
	say(t, card, "00 ff ff ff 04 08 9b 01 00", "6a80")
	say(t, card, "00 ff ff ff 13 08 9a 10 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f", "6a80")
	say(t, card, "00 ff ff ff 13 09 9b 10 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f", "6a80")
	say(t, card, "00 ff ff 00 13 08 9b 10 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f", "6b00")
	say(t, card, "00 ff ff fe 13 08 9b 10 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f", "9000")
	say(t, card, "00 f7 00 9b", "01 01 08 02 02 00 02 05 01 00 9000")
	card.PowerOn()
	say(t, card, selectPIV, aptPIV)
	key := block(t, algAES128, []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
	if sw := authenticateMutually(t, card, algAES128, key); sw != swSecurityStatus {
		t.Errorf("without a touch: %04x", uint16(sw))
	}
	touched = true
	if sw := authenticateMutually(t, card, algAES128, key); sw != swOK {
		t.Errorf("with a touch: %04x", uint16(sw))
	}
}
