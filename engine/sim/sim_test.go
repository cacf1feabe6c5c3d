package sim

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"strings"
	"testing"
	"time"
)

var (
	firmware571 = Firmware{5, 7, 1}
	firmware530 = Firmware{5, 3, 0}
	plain       = Firmware{}

	testTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

const (
	selectPIV = "00 a4 04 00 05 a0 00 00 03 08"
	aptPIV    = "61 11 4f 06 00 00 10 00 01 00 79 07 4f 05 a0 00 00 03 08 9000"
	verifyPIN = "00 20 00 80 08 31 32 33 34 35 36 ff ff"
	verifyBad = "00 20 00 80 08 39 39 39 39 39 39 ff ff"
	triesLeft = "00 20 00 80"
)

// newCard returns a factory-new card in a reader, PIV selected.
func newCard(t testing.TB, f Firmware, o Options) *Card {
	t.Helper()
	state, err := Factory(f, 712233, testTime, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return cardOf(t, state, o)
}

// cardOf puts a card with a state into a reader, PIV selected.
func cardOf(t testing.TB, state State, o Options) *Card {
	t.Helper()
	card, err := New(state, o)
	if err != nil {
		t.Fatal(err)
	}
	card.PowerOn()
	send(t, card, unhex(t, selectPIV))
	return card
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// send transmits one APDU and splits the answer.
func send(t testing.TB, card *Card, apdu []byte) ([]byte, status) {
	t.Helper()
	answer, err := card.Transmit(context.Background(), apdu)
	if err != nil {
		t.Fatalf("% x: %v", apdu, err)
	}
	n := len(answer) - 2
	return answer[:n], status(answer[n])<<8 | status(answer[n+1])
}

// say transmits an APDU in hex and checks the whole answer, in hex. "…" stands
// for bytes that do not matter.
func say(t testing.TB, card *Card, apdu, want string) {
	t.Helper()
	answer, err := card.Transmit(context.Background(), unhex(t, apdu))
	if err != nil {
		t.Fatalf("%s: %v", apdu, err)
	}
	got := hex.EncodeToString(answer)
	begin, end, dots := strings.Cut(strings.ReplaceAll(want, " ", ""), "…")
	if dots && strings.HasPrefix(got, begin) && strings.HasSuffix(got, end) && len(got) > len(begin)+len(end) {
		return
	}
	if dots || got != begin {
		t.Errorf("%s:\n got %s\nwant %s", apdu, got, want)
	}
}

// do transmits one command with data, extended or chained as the card takes it,
// fetches the whole answer, and wants 9000.
func do(t testing.TB, card *Card, ins, p1, p2 byte, data []byte) []byte {
	t.Helper()
	answer, sw := try9000(t, card, ins, p1, p2, data)
	if sw != swOK {
		t.Fatalf("%02x %02x %02x: %04x", ins, p1, p2, uint16(sw))
	}
	return answer
}

// try9000 is do for commands that may fail.
func try9000(t testing.TB, card *Card, ins, p1, p2 byte, data []byte) ([]byte, status) {
	t.Helper()
	for len(data) > 255 {
		if _, sw := send(t, card, append([]byte{claChain, ins, p1, p2, 255}, data[:255]...)); sw != swOK {
			return nil, sw
		}
		data = data[255:]
	}
	apdu := []byte{0, ins, p1, p2}
	if len(data) > 0 {
		apdu = append(append(apdu, byte(len(data))), data...)
	}
	answer, sw := send(t, card, append(apdu, 0))
	for sw&0xff00 == swMoreData {
		var more []byte
		more, sw = send(t, card, []byte{0, insGetResponse, 0, 0, 0})
		answer = append(answer, more...)
	}
	return answer, sw
}

// unlock verifies the factory PIN and authenticates the factory administration
// key, both sides.
func unlock(t testing.TB, card *Card) {
	t.Helper()
	say(t, card, verifyPIN, "9000")
	admin := card.State().Admin
	block, err := admin.cipher()
	if err != nil {
		t.Fatal(err)
	}
	if sw := authenticateMutually(t, card, admin.Algorithm, block); sw != swOK {
		t.Fatalf("authenticate administration key: %04x", uint16(sw))
	}
}

// authenticateMutually is the host's side of SP 800-73-4 part 2, A.2.
func authenticateMutually(t testing.TB, card *Card, algorithm byte, block cipher.Block) status {
	t.Helper()
	n := block.BlockSize()
	answer, sw := try9000(t, card, insAuthenticate, algorithm, 0x9b, unhex(t, "7c 02 80 00"))
	if sw != swOK {
		return sw
	}
	witness := make([]byte, n)
	block.Decrypt(witness, answer[4:])
	random := bytes.Repeat([]byte{0x5a}, n)
	inner := appendTLV(appendTLV(appendTLV(nil, 0x80, witness), 0x81, random), 0x82, nil)
	answer, sw = try9000(t, card, insAuthenticate, algorithm, 0x9b, appendTLV(nil, 0x7c, inner))
	if sw != swOK {
		return sw
	}
	expected := make([]byte, n)
	block.Encrypt(expected, random)
	if !bytes.Equal(answer[4:], expected) {
		t.Fatal("the card does not know its administration key")
	}
	return sw
}

func aes192(t testing.TB, key string) cipher.Block {
	t.Helper()
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return block
}
