package piv

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"cardkiosk/engine"
)

// long is a command that takes three short APDUs.
func long() command {
	return command{ins: 0xdb, p1: 0x3f, p2: 0xff, data: bytes.Repeat([]byte{0xaa}, 2*chunk+1), answer: longAnswer}
}

var (
	firstPart  = "10db3fff ff" + strings.Repeat("aa", chunk)
	secondPart = firstPart
	lastPart   = "00db3fff 01 aa 00"
	whole      = "00db3fff 00 01ff" + strings.Repeat("aa", 2*chunk+1) + "0000"
)

// Commands go in one extended APDU where that is possible, else in a chain.
func TestLengths(t *testing.T) {
	s := play(t, [2]string{whole, "01029000"})
	s.extended = true
	got, err := s.session().send(t.Context(), long())
	if err != nil || !bytes.Equal(got, []byte{1, 2}) {
		t.Errorf("answer %X (%v)", got, err)
	}
	got, err = play(t, [2]string{firstPart, "9000"}, [2]string{secondPart, "9000"}, [2]string{lastPart, "01029000"}).
		session().send(t.Context(), long())
	if err != nil || !bytes.Equal(got, []byte{1, 2}) {
		t.Errorf("answer %X (%v)", got, err)
	}
}

// A card that promised extended APDUs and refuses them gets chains from then
// on, and the command is carried out once.
func TestExtendedFallsBack(t *testing.T) {
	s := play(t, [2]string{whole, "6700"},
		[2]string{firstPart, "9000"}, [2]string{secondPart, "9000"}, [2]string{lastPart, "9000"},
		[2]string{"00cb3fff 01 00 00", "9000"})
	s.extended = true
	session := s.session()
	_, err := session.send(t.Context(), long())
	noError(t, err)
	_, err = session.send(t.Context(), command{ins: 0xcb, p1: 0x3f, p2: 0xff, data: []byte{0}, answer: longAnswer})
	noError(t, err)
}

// A chain that a card refuses in the middle goes no further.
func TestChainRefused(t *testing.T) {
	_, err := play(t, [2]string{firstPart, "6a84"}).session().send(t.Context(), long())
	wantKind(t, trouble("write", "", err), engine.CardFull)
}

// An answer in portions is put together; 6CXX is asked again as the card likes.
func TestPortions(t *testing.T) {
	read := command{ins: 0xcb, answer: shortAnswer}
	for _, lines := range [][][2]string{
		{{"00cb0000 00", "01 6102"}, {"00c00000 02", "02 6100"}, {"00c00000 00", "03 9000"}},
		{{"00cb0000 00", "6103"}, {"00c00000 03", "010203 9000"}},
		{{"00cb0000 00", "6c03"}, {"00cb0000 03", "010203 9000"}},
	} {
		got, err := play(t, lines...).session().send(t.Context(), read)
		if err != nil || !bytes.Equal(got, []byte{1, 2, 3}) {
			t.Errorf("answer %X (%v)", got, err)
		}
	}
}

// Who turns away in the middle of a long answer or command still lets the card
// finish it; nothing new is begun.
func TestCancelledInTheMiddle(t *testing.T) {
	for _, lines := range [][][2]string{
		{{firstPart, "9000"}, {secondPart, "9000"}, {lastPart, "01 6101"}, {"00c00000 01", "02 9000"}},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		s := play(t, lines...)
		s.before = func(int) { cancel() }
		session := s.session()
		got, err := session.send(ctx, long())
		if err != nil || !bytes.Equal(got, []byte{1, 2}) {
			t.Errorf("answer %X (%v)", got, err)
		}
		_, err = session.send(ctx, long())
		wantKind(t, err, engine.Stopped)
	}
}

// endless says that there is more, for ever.
type endless struct {
	answer []byte
	sent   int
}

func (e *endless) Transmit(context.Context, []byte) ([]byte, error) {
	e.sent++
	return e.answer, nil
}

// A card that never comes to an end, gives nothing, or answers what is no
// answer, is given up, before it has filled the memory.
func TestHostileAnswers(t *testing.T) {
	for _, answer := range [][]byte{
		{0x61, 0x00},
		{0xff, 0x61, 0x01},
		append(make([]byte, 256), 0x61, 0x00),
		append(make([]byte, 65536), 0x61, 0xff),
		append(make([]byte, 65536), 0x90, 0x00),
		make([]byte, 70000),
		{0x90},
		{},
	} {
		card := &endless{answer: answer}
		s := &session{wire: card}
		_, err := s.send(t.Context(), command{ins: 0xcb, answer: longAnswer})
		wantKind(t, trouble("read", "", err), engine.CardTrouble)
		if card.sent > mostPortions+1 || card.sent*len(answer) > mostAnswer+2*mostPortion {
			t.Errorf("%d commands were sent, each answered with %d bytes", card.sent, len(answer))
		}
	}
}

// Every status word means something for the person, and says what the standard
// calls it.
func TestStatus(t *testing.T) {
	for status, want := range map[Status]engine.Kind{
		0x63c2: engine.WrongPIN, 0x63c0: engine.PINBlocked, 0x6983: engine.PINBlocked, 0x6a84: engine.CardFull,
		0x6982: engine.CardRefused, 0x6d00: engine.CardRefused, 0x6a80: engine.CardTrouble, 0x6f00: engine.CardTrouble,
	} {
		err := trouble("test", "9a", status)
		wantKind(t, err, want)
		if !strings.Contains(err.Error(), strings.ToUpper(hexOf([]byte{byte(status >> 8), byte(status)}))) {
			t.Errorf("%v does not name its status", err)
		}
	}
	if trouble("test", "", nil) != nil {
		t.Error("no error became one")
	}
}
