//go:build !linux

package sim

import "net"

// quickAck does nothing: other systems have no such switch.
func quickAck(net.Conn) {}
