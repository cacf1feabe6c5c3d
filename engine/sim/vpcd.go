package sim

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// Control messages of a vpcd reader: one byte each. Longer messages are
// commands (vsmartcard, virtualsmartcard/src/vpcd/vpcd.h).
const (
	vpcdOff   = 0
	vpcdOn    = 1
	vpcdReset = 2
	vpcdATR   = 4
)

// Insertion is a Card in a vpcd reader: a connection to its port.
type Insertion struct {
	card    *Card
	conn    net.Conn
	stop    func() bool // ends the watch over the context
	seeOnce sync.Once
	seen    chan struct{}
	done    chan struct{}
	err     error // of serve; read it after done
}

// Insert puts a card into the vpcd reader at HOST:PORT. It stays until ctx ends,
// Remove is called, its power is cut, or the reader goes away.
func Insert(ctx context.Context, addr string, card *Card) (*Insertion, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("insert card: %w", err)
	}
	in := &Insertion{card: card, conn: conn, seen: make(chan struct{}), done: make(chan struct{})}
	in.stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
	go in.run()
	return in, nil
}

// Plug inserts a card and waits until it is out again. It returns nil when ctx
// ended, else why.
func Plug(ctx context.Context, addr string, card *Card) error {
	in, err := Insert(ctx, addr, card)
	if err == nil {
		err = in.Wait()
	}
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// Seen is closed once the reader has spoken to the card for the first time.
func (in *Insertion) Seen() <-chan struct{} { return in.seen }

// Remove takes the card out, and waits until a command that is under way has
// been carried out.
func (in *Insertion) Remove() {
	_ = in.conn.Close()
	<-in.done
}

// Wait waits until the card is out and returns why: ErrNoPower after a cut, the
// connection's error otherwise.
func (in *Insertion) Wait() error {
	<-in.done
	return in.err
}

func (in *Insertion) run() {
	defer close(in.done)
	in.err = in.serve()
	in.stop()
	_ = in.conn.Close()
	in.card.PowerOff()
}

// serve answers the reader until there is no one to answer.
func (in *Insertion) serve() error {
	for {
		message, err := in.receive()
		if err != nil {
			return fmt.Errorf("listen to reader: %w", err)
		}
		in.seeOnce.Do(func() { close(in.seen) })
		answer, err := in.answer(message)
		if err != nil {
			return err
		}
		if answer == nil {
			continue
		}
		framed := binary.BigEndian.AppendUint16(nil, uint16(len(answer)))
		if _, err := in.conn.Write(append(framed, answer...)); err != nil {
			return fmt.Errorf("answer reader: %w", err)
		}
	}
}

// receive reads one message: two bytes of length, then as many.
func (in *Insertion) receive() ([]byte, error) {
	r := quickReader{in.conn}
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); errors.Is(err, io.EOF) {
		return nil, errors.New("it has closed the connection")
	} else if err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint16(head[:]))
	_, err := io.ReadFull(r, message)
	return message, err
}

// answer returns nil where the reader waits for nothing.
func (in *Insertion) answer(message []byte) ([]byte, error) {
	if len(message) != 1 {
		return in.card.Transmit(context.Background(), message)
	}
	switch message[0] {
	case vpcdOff:
		in.card.PowerOff()
	case vpcdOn, vpcdReset:
		in.card.PowerOn()
	case vpcdATR:
		return in.card.ATR(), nil
	default:
		return nil, errors.New("listen to reader: it does not speak vpcd's protocol")
	}
	return nil, nil
}

// quickReader acknowledges what it has read at once. vpcd sends length and
// message apart, and would wait 40 ms between them for the acknowledgement.
type quickReader struct{ conn net.Conn }

func (r quickReader) Read(b []byte) (int, error) {
	quickAck(r.conn)
	return r.conn.Read(b)
}
