package sim

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// reader is the other end of vpcd's protocol.
type reader struct {
	t    testing.TB
	conn net.Conn
}

// insert puts a card into a reader of the test's own.
func insert(ctx context.Context, t testing.TB, card *Card) (*Insertion, reader) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	in, err := Insert(ctx, l.Addr().String(), card)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Cleanup(in.Remove)
	err1 := conn.SetDeadline(time.Now().Add(time.Minute))
	err2 := conn.(*net.TCPConn).SetNoDelay(false) // as in vpcd
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return in, reader{t, conn}
}

// send sends a message as vpcd does: length and payload apart.
func (r reader) send(message []byte) {
	r.t.Helper()
	_, err1 := r.conn.Write(binary.BigEndian.AppendUint16(nil, uint16(len(message))))
	_, err2 := r.conn.Write(message)
	if err := errors.Join(err1, err2); err != nil {
		r.t.Fatal(err)
	}
}

func (r reader) receive() []byte {
	r.t.Helper()
	head := make([]byte, 2)
	if _, err := io.ReadFull(r.conn, head); err != nil {
		r.t.Fatal(err)
	}
	message := make([]byte, binary.BigEndian.Uint16(head))
	if _, err := io.ReadFull(r.conn, message); err != nil {
		r.t.Fatal(err)
	}
	return message
}

// A card in a vpcd reader tells its ATR, obeys the power, and answers commands.
func TestVPCD(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	card.PowerOff()
	in, r := insert(context.Background(), t, card)
	r.send([]byte{vpcdATR})
	if got := r.receive(); !bytes.Equal(got, card.ATR()) {
		t.Errorf("ATR % x", got)
	}
	<-in.Seen()
	r.send([]byte{vpcdOn})
	r.send(unhex(t, selectPIV))
	if got := r.receive(); !bytes.Equal(got, unhex(t, aptPIV)) {
		t.Errorf("SELECT: % x", got)
	}
	r.send(unhex(t, verifyPIN))
	r.receive()
	r.send([]byte{vpcdReset})
	r.send(unhex(t, triesLeft))
	if got := r.receive(); !bytes.Equal(got, unhex(t, "6d00")) {
		t.Errorf("after a reset: % x", got)
	}
	in.Remove()
	if _, err := card.Transmit(context.Background(), unhex(t, selectPIV)); !errors.Is(err, ErrNoPower) {
		t.Errorf("after removal: %v", err)
	}
	if _, err := io.ReadAll(r.conn); err != nil {
		t.Errorf("the reader does not see the card go: %v", err)
	}
}

// A card whose power is cut leaves the reader, and says why.
func TestVPCDPowerCut(t *testing.T) {
	cut := Stay
	card := newCard(t, firmware571, Options{Power: func(Command) Cut { return cut }})
	in, r := insert(context.Background(), t, card)
	cut = CutAfter
	r.send(unhex(t, selectPIV))
	if b, err := io.ReadAll(r.conn); err != nil || len(b) > 0 {
		t.Errorf("the reader got % x, %v", b, err)
	}
	if err := in.Wait(); !errors.Is(err, ErrNoPower) {
		t.Errorf("insertion ended with %v", err)
	}
}

// Plug ends with its context, without an error; with the reader, and says so;
// and at once where no reader listens.
func TestPlug(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	card := newCard(t, firmware571, Options{})
	for _, who := range []string{"context", "reader"} {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- Plug(ctx, l.Addr().String(), card) }()
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if who == "context" {
			cancel()
		} else {
			conn.Close()
		}
		if err := <-ended; (err == nil) != (who == "context") {
			t.Errorf("%s ended it: %v", who, err)
		}
		conn.Close()
		cancel()
	}
	l.Close()
	if err := Plug(context.Background(), l.Addr().String(), card); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("no reader: %v", err)
	}
}

// What is not vpcd's protocol is not answered.
func TestVPCDProtocol(t *testing.T) {
	in, r := insert(context.Background(), t, newCard(t, firmware571, Options{}))
	r.send([]byte{9})
	if err := in.Wait(); err == nil {
		t.Error("no error")
	}
}

// How long one command takes through a socket whose other end writes length and
// payload apart, as vpcd does: without TCP_QUICKACK it is over 40 ms.
func BenchmarkVPCD(b *testing.B) {
	_, r := insert(context.Background(), b, newCard(b, firmware571, Options{}))
	apdu := unhex(b, selectPIV)
	for b.Loop() {
		r.send(apdu)
		r.receive()
	}
}
