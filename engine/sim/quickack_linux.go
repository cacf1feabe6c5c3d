package sim

import (
	"net"
	"syscall"
)

// quickAck makes the kernel acknowledge at once. The kernel takes that back by
// itself, so it has to be said before every read (tcp(7), TCP_QUICKACK). It is
// about speed only: an error changes nothing.
func quickAck(conn net.Conn) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1)
	})
}
