//go:build cgo

package pcsc_test

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
)

// yubiKey is the ATR of a YubiKey 5: it takes extended-length commands.
var yubiKey = []byte{
	0x3b, 0xfd, 0x13, 0x00, 0x00, 0x81, 0x31, 0xfe, 0x15, 0x80, 0x73, 0xc0, 0x21, 0xc0,
	0x57, 0x59, 0x75, 0x62, 0x69, 0x4b, 0x65, 0x79, 0x40,
}

// virtualCard is a card in a vpcd reader: it answers each command with its own
// bytes and 9000.
type virtualCard struct {
	atr  []byte
	busy func(command []byte) // called before a command is answered

	mu     sync.Mutex
	resets int
	seen   [][]byte

	conn net.Conn
	done chan struct{}
}

// plug puts the card in; it is taken out when the test ends at the latest.
func (c *virtualCard) plug(t testing.TB, addr string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatalf("put card in: %v", err)
	}
	c.conn, c.done = conn, make(chan struct{})
	if c.atr == nil {
		c.atr = yubiKey
	}
	go c.serve(conn, c.done)
	t.Cleanup(c.pull)
}

// pull takes the card out.
func (c *virtualCard) pull() {
	_ = c.conn.Close()
	<-c.done
}

func (c *virtualCard) serve(conn net.Conn, done chan<- struct{}) {
	defer close(done)
	defer func() { _ = conn.Close() }()
	for {
		message, err := receive(conn)
		if err != nil {
			return
		}
		answer := c.answer(message)
		if answer == nil {
			continue
		}
		length := binary.BigEndian.AppendUint16(nil, uint16(len(answer)))
		if _, err := conn.Write(append(length, answer...)); err != nil {
			return
		}
	}
}

// answer knows vpcd's messages to the reader: one byte.
func (c *virtualCard) answer(message []byte) []byte {
	const off, on, reset, atr = 0, 1, 2, 4
	if len(message) != 1 {
		return c.command(message)
	}
	switch message[0] {
	case off, on:
	case reset:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.resets++
	case atr:
		return c.atr
	}
	return nil
}

func (c *virtualCard) command(command []byte) []byte {
	c.mu.Lock()
	c.seen = append(c.seen, command)
	c.mu.Unlock()
	if c.busy != nil {
		c.busy(command)
	}
	return append(append([]byte{}, command...), 0x90, 0x00)
}

// commands are the commands the card has got.
func (c *virtualCard) commands() [][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen
}

// wasReset is how often the card was reset.
func (c *virtualCard) wasReset() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.resets
}

func receive(conn net.Conn) ([]byte, error) {
	length := make([]byte, 2)
	if err := readQuick(conn, length); err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint16(length))
	return message, readQuick(conn, message)
}

// readQuick has the kernel acknowledge at once. vpcd sends length and message
// apart, and waits for the acknowledgement in between: 44 ms for each command.
// The kernel forgets the option with every read.
func readQuick(conn net.Conn, buf []byte) error {
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return err
	}
	if err := raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1)
	}); err != nil {
		return err
	}
	_, err = io.ReadFull(conn, buf)
	return err
}
