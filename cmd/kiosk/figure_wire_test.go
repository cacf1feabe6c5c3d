package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"

	"cardkiosk/engine"
	"cardkiosk/engine/piv"
	"cardkiosk/engine/sim"
)

// wire is a reader with a card in it, and keeps what goes between the two.
type wire struct {
	chip   *sim.Card
	long   bool     // takes APDUs of extended length
	visits [][]deed // the transactions, and what was done in each
}

// deed is one command, in as many APDUs as it took.
type deed struct {
	name  string
	apdus int
	bytes int // there and back
}

var (
	_ engine.Readers = (*wire)(nil)
	_ piv.Connection = (*wireEnd)(nil)
)

func (w *wire) List(context.Context) ([]engine.Reader, error) {
	return []engine.Reader{{Name: "Reader", Card: true, Visit: 1}}, nil
}

// Wait waits in vain: nobody moves the card.
func (w *wire) Wait(ctx context.Context, _ []engine.Reader) ([]engine.Reader, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (w *wire) Connect(context.Context, string) (engine.Card, error) {
	return piv.Open(&wireEnd{wire: w}, rand.Reader), nil
}

// wireEnd is a connection to the card.
type wireEnd struct {
	*wire
	chained bool // the APDU before said that more comes
}

func (e *wireEnd) Extended() bool { return e.long }

func (e *wireEnd) Close() error { return nil }

func (e *wireEnd) Begin(context.Context) error {
	e.visits = append(e.visits, nil)
	return nil
}

func (e *wireEnd) End(reset bool) error {
	if reset {
		e.chip.PowerOn()
	}
	return nil
}

func (e *wireEnd) Transmit(ctx context.Context, apdu []byte) ([]byte, error) {
	const chain, getResponse = 0x10, 0xc0
	now := &e.visits[len(e.visits)-1]
	if !e.chained && apdu[1] != getResponse {
		*now = append(*now, deed{name: deedOf(apdu)})
	}
	e.chained = apdu[0]&chain != 0
	answer, err := e.chip.Transmit(ctx, apdu)
	d := &(*now)[len(*now)-1]
	d.apdus++
	d.bytes += len(apdu) + len(answer)
	return answer, err
}

// Objects that are no certificates (SP 800-73-4 part 1, table 3, and Yubico's).
var objectNames = map[string]string{
	"\x5f\xc1\x02": "CHUID", "\x5f\xc1\x07": "capabilities", "\x5f\xc1\x09": "protected-key", "\x5f\xff\x00": "admin-data",
}

var instructions = map[byte]string{
	0xa4: "select", 0xfd: "version", 0xf8: "serial", 0x20: "verify-PIN", 0x47: "make-key", 0x87: "sign", 0xf6: "move-key",
}

// deedOf names what an APDU begins (SP 800-73-4 part 2, table 2, and Yubico's).
func deedOf(apdu []byte) string {
	switch ins, p1, p2 := apdu[1], apdu[2], apdu[3]; {
	case ins == 0xcb, ins == 0xdb:
		_, object, _ := bytes.Cut(apdu, []byte{0x5c, 0x03})
		name, known := objectNames[string(object[:3])]
		if !known {
			name = "certificate"
		}
		return map[byte]string{0xcb: "read-", 0xdb: "write-"}[ins] + name
	case ins == 0xf7:
		if of, other := map[byte]string{0x80: "-PIN", 0x81: "-PUK", 0x9b: "-admin-key"}[p2]; other {
			return "metadata" + of
		}
		return "metadata-key"
	case ins == 0x87 && p2 == 0x9b:
		return "unlock-admin-key"
	case ins == 0xf6 && p1 == 0xff:
		return "remove-key"
	}
	if name, known := instructions[apdu[1]]; known {
		return name
	}
	return fmt.Sprintf("instruction-%02x", apdu[1])
}
