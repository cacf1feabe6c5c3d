//go:build cgo

package pcsc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
)

// between stands between pcscd and its clients, for what pcscd does only with
// hardware or services that a test does not have.
type between struct {
	refuse func(command uint32) bool // close the connection instead of carrying this out?
	change func(answer []byte)       // may change pcscd's answers, a message or more at a time
	pcscd  string                    // its socket
}

// stand takes pcscd's place until the test ends.
func (b *between) stand(t testing.TB) {
	t.Helper()
	const front, back = "/run/pcscd/pcscd.comm", "/run/pcscd/behind"
	must(t, os.Rename(front, back))
	b.pcscd = back
	door, err := net.Listen("unix", front)
	must(t, err)
	var clients sync.WaitGroup
	clients.Go(func() {
		for {
			client, err := door.Accept()
			if err != nil {
				return
			}
			clients.Go(func() { b.serve(client) })
		}
	})
	t.Cleanup(func() {
		_ = door.Close()
		clients.Wait()
	})
}

// serve carries messages to pcscd, and its answers back. A message is size and
// command, 32 bits each as the machine has them, and size bytes.
func (b *between) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("unix", b.pcscd)
	for errors.Is(err, syscall.EAGAIN) { // pcscd's queue is short
		server, err = net.Dial("unix", b.pcscd)
	}
	if err != nil {
		return
	}
	var answers sync.WaitGroup
	answers.Go(func() { b.answer(client, server) })
	defer answers.Wait()
	defer func() { _ = server.Close() }()
	header := make([]byte, 8)
	for {
		if _, err := io.ReadFull(client, header); err != nil {
			return
		}
		size := int64(binary.NativeEndian.Uint32(header))
		if b.refuse != nil && b.refuse(binary.NativeEndian.Uint32(header[4:])) {
			// pcscd asks polkit while the message arrives, and does not read it:
			// that makes the client's end "connection reset".
			_, _ = io.CopyN(io.Discard, client, size-1)
			return
		}
		message := io.MultiReader(bytes.NewReader(header), io.LimitReader(client, size))
		if _, err := io.Copy(server, message); err != nil {
			return
		}
	}
}

func (b *between) answer(client io.Writer, server io.Reader) {
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		if b.change != nil {
			b.change(buf[:n])
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}
