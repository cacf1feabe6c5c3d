package sim

import (
	"context"
	"errors"
	"reflect"
	"testing"
)

// visit is one session with everything in it that changes a card.
func visit(t *testing.T) [][]byte {
	t.Helper()
	var all [][]byte
	for _, apdu := range []string{
		verifyBad,
		verifyPIN,
		"00 24 00 80 10 31 32 33 34 35 36 ff ff 36 35 34 33 32 31 ff ff",
		"00 2c 00 80 10 31 32 33 34 35 36 37 38 31 32 33 34 35 36 ff ff",
		verifyPIN,
		"00 47 00 9a 08 ac 06 80 01 11 aa 01 01",
		"00 47 00 82 08 ac 06 80 01 14 aa 01 01",
		"10 fe 11 9a 05 06 20 01 02 03",
		"00 fe 11 9a 20 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f 20 aa 01 03",
		"10 db 3f ff 05 5c 03 5f c1 05",
		"00 db 3f ff 04 53 02 be ef",
		"00 f6 83 82",
		"00 f6 ff 83",
		"00 db 3f ff 07 5c 03 5f c1 05 53 00",
		"00 ff ff ff 13 08 9b 10 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f",
		"00 fa 05 05",
		"00 cb 3f ff 03 5c 01 7e",
	} {
		all = append(all, unhex(t, apdu))
	}
	return all
}

// However often the power goes, what a card keeps is what it was before a
// command or after it, the state saved is the state kept, and nothing is said
// after the cut.
func TestPowerCuts(t *testing.T) {
	factory := newCard(t, firmware571, Options{}).State()
	points := 0
	for _, cut := range []Cut{CutBefore, CutAfter} {
		for n := range visit(t) {
			if cutAt(t, factory, n, cut) {
				points++
			}
		}
	}
	if points != 2*13 {
		t.Errorf("%d cuts at commands that change the card, want %d", points, 2*13)
	}
}

// cutAt cuts the power at the n-th command of the visit and reports whether
// that command would change the card.
func cutAt(t *testing.T, factory State, n int, cut Cut) (changes bool) {
	t.Helper()
	saved, armed := factory, false
	trace := &Trace{}
	card := cardOf(t, factory, Options{
		Save:  func(s State) error { saved = s; return nil },
		Watch: trace.Add,
		Power: func(c Command) Cut {
			if !armed {
				return Stay
			}
			changes = c.Changes
			return cut
		},
	})
	unlock(t, card)
	apdus := visit(t)
	for _, apdu := range apdus[:n] {
		send(t, card, apdu)
	}
	trace.Take()
	before := card.State()
	armed = true
	if _, err := card.Transmit(context.Background(), apdus[n]); !errors.Is(err, ErrNoPower) {
		t.Fatalf("command %d, cut %d: %v", n, cut, err)
	}
	armed = false

	after := card.State()
	if !reflect.DeepEqual(saved, after) {
		t.Errorf("command %d, cut %d: kept and saved differ", n, cut)
	}
	if changed := !reflect.DeepEqual(before, after); changed != (changes && cut == CutAfter) {
		t.Errorf("command %d, cut %d: changed is %v", n, cut, changed)
	}
	if got := trace.Take(); len(got) != 1 || got[0].Cut != cut || got[0].Status != 0 || got[0].Changes != changes {
		t.Errorf("command %d, cut %d: trace %+v", n, cut, got)
	}
	if _, err := card.Transmit(context.Background(), unhex(t, triesLeft)); !errors.Is(err, ErrNoPower) {
		t.Errorf("command %d, cut %d: then %v", n, cut, err)
	}
	card.PowerOn()
	say(t, card, selectPIV, aptPIV)
	say(t, card, "00 db 3f ff 07 5c 03 5f c1 02 53 00", "6982")
	return changes
}

// A trace has headers, lengths and status words, and nothing that was in a
// command or an answer.
func TestTrace(t *testing.T) {
	trace := &Trace{}
	card := newCard(t, firmware571, Options{Watch: trace.Add})
	trace.Take()
	say(t, card, verifyPIN, "9000")
	say(t, card, verifyBad, "63c2")
	say(t, card, "00 fd 00 00 00", "050701 9000")
	want := []Exchange{
		{Command: Command{Header: [4]byte{0, 0x20, 0, 0x80}, Length: 13}, Status: 0x9000},
		{Command: Command{Header: [4]byte{0, 0x20, 0, 0x80}, Length: 13, Changes: true}, Status: 0x63c2},
		{Command: Command{Header: [4]byte{0, 0xfd, 0, 0}, Length: 5}, Received: 3, Status: 0x9000},
	}
	if got := trace.Take(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if got := trace.Take(); got != nil {
		t.Errorf("taken twice: %+v", got)
	}
}
