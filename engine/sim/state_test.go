package sim

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// What is on a card is on the card that is made from its file.
func TestFile(t *testing.T) {
	file := File(filepath.Join(t.TempDir(), "card.json"))
	if _, err := file.Load(); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("no file: %v", err)
	}
	card := newCard(t, firmware571, Options{Save: file.Save})
	unlock(t, card)
	for _, algorithm := range []byte{algP256, algP384, algRSA2048, algEd25519, algX25519} {
		do(t, card, insGenerate, 0, 0x82+algorithm%8, generateData(algorithm, PINNever, TouchCached))
	}
	do(t, card, insPutData, 0x3f, 0xff, unhex(t, "5c 03 5f c1 02 53 02 be ef"))
	do(t, card, insPutData, 0x3f, 0xff, unhex(t, "7e 02 be ef"))
	say(t, card, verifyBad, "63c2")

	state, err := file.Load()
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(state, card.State()) {
		t.Error("the file holds another card")
	}
	again := cardOf(t, state, Options{})
	say(t, again, triesLeft, "63c2")
	say(t, again, "00 cb 3f ff 05 5c 03 5f c1 02", "53 02 be ef 9000")
	for slot, key := range state.Keys {
		if slot != slotAttestation {
			proves(t, again, byte(slot), key.Algorithm)
		}
	}
	if info, err := os.Stat(string(file)); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode of the file: %v %v", info.Mode(), err)
	}
	if left, err := filepath.Glob(string(file) + ".*"); err != nil || len(left) > 0 {
		t.Errorf("left beside the file: %v %v", left, err)
	}
}

// A state that no card can have is refused with words.
func TestBrokenState(t *testing.T) {
	state, err := Factory(firmware571, 1, testTime, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"format":1`, `"format":2`, "format 2"},
		{`"serial"`, `"cereal"`, "cereal"},
		{`"max":3`, `"max":2`, "3 of 2 tries"},
		{`"MTIzNDU2//8="`, `"MTIzNDU2"`, "PIN of card: it has 6 bytes"},
		{`"MTIzNDU2Nzg="`, `"MTIzNDU2Nzg5"`, "PUK of card: it has 9 bytes"},
		{`"algorithm":10`, `"algorithm":8`, "administration key"},
		{`"algorithm":17`, `"algorithm":20`, "key in slot f9 of card: algorithm 14"},
		{`"f9"`, `"fa"`, "no key slot"},
		{`"5fff01"`, `"6fff01"`, "no data object"},
		{`"5.7.1"`, `"5.7"`, "firmware"},
		{`"5.7.1"`, `"5.7.1000"`, "firmware"},
		{`"private":"MIGH`, `"private":"MIGI`, "read key"},
	} {
		if strings.Count(string(b), c.old) == 0 {
			t.Fatalf("%s is not in the state", c.old)
		}
		broken := strings.Replace(string(b), c.old, c.new, 1)
		if _, err := ParseState([]byte(broken)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.new, err)
		}
	}
	for _, broken := range [][]byte{nil, b[:len(b)/2], append(bytes.Clone(b), b...), []byte("null"), []byte("[]")} {
		if _, err := ParseState(broken); err == nil {
			t.Errorf("%.20s…: no error", broken)
		}
	}
}

// A card whose memory fails says so, and the command has not happened.
func TestSaveFails(t *testing.T) {
	full := false
	card := newCard(t, firmware571, Options{Save: func(State) error {
		if full {
			return errors.New("disk full")
		}
		return nil
	}})
	unlock(t, card)
	full = true
	before := card.State()
	say(t, card, "00 db 3f ff 09 5c 03 5f c1 02 53 02 be ef", "6581")
	say(t, card, "00 47 00 9a 05 ac 03 80 01 11 10", "6581")
	say(t, card, "00 c0 00 00 00", "6a80") // nothing of the key is left to fetch
	say(t, card, verifyBad, "6581")
	if !reflect.DeepEqual(card.State(), before) {
		t.Error("the state has changed")
	}
	say(t, card, "00 cb 3f ff 03 5c 01 7e", "7e … 9000") // reading goes on
}

// A file that cannot be replaced stays as it is.
func TestFileReplaced(t *testing.T) {
	state, err := Factory(plain, 1, testTime, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "card.json")
	if err := os.Mkdir(name, 0o700); err != nil { // a folder has the name
		t.Fatal(err)
	}
	if err := File(name).Save(state); err == nil {
		t.Error("saved over a folder")
	}
	if left, err := filepath.Glob(name + ".*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if err := File(filepath.Join(name, "no", "card.json")).Save(state); err == nil {
		t.Error("saved in a folder that does not exist")
	}
}

// A State taken from a card does not change with it.
func TestStateIsACopy(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	before := card.State()
	unlock(t, card)
	do(t, card, insGenerate, 0, 0x9a, generateData(algP256, 0, 0))
	do(t, card, insPutData, 0x3f, 0xff, unhex(t, "5c 03 5f c1 02 53 02 be ef"))
	say(t, card, verifyBad, "63c2")
	if len(before.Keys) != 1 || len(before.Objects) != 1 || before.PIN.Left != 3 {
		t.Error("it has changed")
	}
}

// Tests may build cards: a key and certificate put into a State are on the card.
func TestStateByHand(t *testing.T) {
	for slot, object := range map[Slot]Object{0x9a: 0x5fc105, 0x9c: 0x5fc10a, 0x9d: 0x5fc10b, 0x9e: 0x5fc101, 0x82: 0x5fc10d, 0x95: 0x5fc120, 0xf9: 0x5fff01} {
		if got := slot.Certificate(); got != object {
			t.Errorf("certificate of %02x is in %x", byte(slot), uint32(got))
		}
	}
	private, err := makeKey(algP256, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := NewKey(private, false, PINNever, TouchNever)
	if err != nil {
		t.Fatal(err)
	}
	state := newCard(t, firmware571, Options{}).State()
	state.Keys[0x9e] = key
	state.Objects[Slot(0x9e).Certificate()] = CertificateObject([]byte("DER"))
	card := cardOf(t, state, Options{})
	proves(t, card, 0x9e, algP256)
	say(t, card, "00 cb 3f ff 05 5c 03 5f c1 01", "53 0a 70 03 44 45 52 71 01 00 fe 00 9000")

	state.Keys[0x33] = key
	if _, err := New(state, Options{}); err == nil {
		t.Error("there is no slot 33")
	}
	if _, err := NewKey(private, false, 0, TouchNever); err == nil {
		t.Error("there is no PIN policy 0")
	}
}
