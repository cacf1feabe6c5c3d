package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
)

// Whatever is sent to a card: it answers with two bytes at least, and what it
// keeps can be loaded again.
func FuzzTransmit(f *testing.F) {
	for _, seed := range []string{
		selectPIV, verifyPIN, triesLeft, "00 f7 00 9a 00", "00 cb 3f ff 05 5c 03 5f c1 05 00",
		"00 db 3f ff 09 5c 03 5f c1 02 53 02 be ef", "10 db 3f ff 05 5c 03 5f c1 02",
		"00 47 00 9a 05 ac 03 80 01 11", "00 47 00 9a 0b ac 09 80 01 14 aa 01 02 ab 01 03",
		"00 87 11 9a 26 7c 24 82 00 81 20" + "00000000000000000000000000000000000000000000000000000000000000ff",
		"00 87 0a 9b 04 7c 02 80 00", "00 fe 11 9a 22 06 20" + "00000000000000000000000000000000000000000000000000000000000000ff",
		"00 f6 82 9a", "00 f9 9a 00 00", "00 fa 03 03", "00 fb 00 00", "00 cb 3f ff 00 00 05 5c 03 5f ff 01 00 00",
		"00 ff ff ff 13 08 9b 10 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f", "00 c0 00 00 00",
	} {
		apdu := unhex(f, seed)
		f.Add(byte(0), append([]byte{byte(len(apdu))}, apdu...))
		f.Add(byte(1), append([]byte{byte(len(apdu))}, apdu...))
	}
	states := [2]State{newCard(f, firmware571, Options{}).State(), newCard(f, plain, Options{}).State()}
	f.Fuzz(func(t *testing.T, which byte, stream []byte) {
		card := cardOf(t, states[which%2], Options{})
		card.session.verified, card.session.admin = which&2 == 0, which&4 == 0
		for len(stream) > 0 {
			n := min(int(stream[0]), len(stream)-1)
			apdu := stream[1 : 1+n]
			stream = stream[1+n:]
			if makesRSA(apdu) {
				continue
			}
			answer, err := card.Transmit(context.Background(), apdu)
			if err != nil || len(answer) < 2 {
				t.Fatalf("% x: % x, %v", apdu, answer, err)
			}
		}
		b, err := json.Marshal(card.State())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseState(b); err != nil {
			t.Fatal(err)
		}
	})
}

// makesRSA reports whether a command may make an RSA key, which takes seconds.
func makesRSA(apdu []byte) bool {
	for _, algorithm := range []byte{algRSA1024, algRSA2048, algRSA3072, algRSA4096} {
		if len(apdu) > 1 && apdu[1] == insGenerate && bytes.IndexByte(apdu, algorithm) > 0 {
			return true
		}
	}
	return false
}
