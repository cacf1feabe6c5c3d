package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"
)

// bring sends messages in their order, and returns nil when they have arrived as
// far as that way can tell.
func (s *Server) bring(ctx context.Context, messages [][]byte) error {
	conn, release, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer release()
	if packets(conn) {
		return s.packets(conn, messages)
	}
	for _, m := range messages {
		if _, err := conn.Write(frame(conn, m)); err != nil {
			return err
		}
	}
	if conn.LocalAddr().Network() == "unix" {
		return nil // the machine's own: what was written is in its hands
	}
	return readToEnd(conn)
}

// packets reports whether each message is a packet of its own.
func packets(conn net.Conn) bool {
	network := conn.LocalAddr().Network()
	return network == "udp" || network == "unixgram"
}

// packets sends each message as one. Where nobody listens, the machine at the
// other end may say so (ICMP), which is waited for a little.
func (s *Server) packets(conn net.Conn, messages [][]byte) error {
	for _, m := range messages {
		if _, err := conn.Write(m); err != nil {
			return err
		}
	}
	if s.way != overUDP {
		return nil
	}
	if err := conn.SetReadDeadline(time.Now().Add(refusal)); err != nil {
		return err
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return nil
}

// refusal is how long it may take until a machine has said that nobody listens.
const refusal = 200 * time.Millisecond

// frame is a message in a stream: over TCP and TLS with its length in front
// (RFC 6587, 3.4.1; RFC 5425, 4.3), on the machine's own socket a line.
func frame(conn net.Conn, m []byte) []byte {
	if conn.LocalAddr().Network() == "unix" {
		return append(m, '\n')
	}
	return append(strconv.AppendInt(nil, int64(len(m)), 10), append([]byte{' '}, m...)...)
}

// readToEnd says that nothing more comes and waits until the server has read all
// and says the same (RFC 5425, 4.4). A server that dies before resets the
// connection, or lets the time run out.
func readToEnd(conn net.Conn) error {
	var err error
	switch c := conn.(type) {
	case *tls.Conn:
		err = c.CloseWrite()
	case *net.TCPConn:
		err = c.CloseWrite()
	}
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, conn); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("the server has not said that it read everything: %w", err)
	}
	return nil
}
