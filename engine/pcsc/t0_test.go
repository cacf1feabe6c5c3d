//go:build cgo

package pcsc_test

import (
	"testing"

	"github.com/ebfe/scard"

	"cardkiosk/engine/pcsc"
	"cardkiosk/engine/piv"
)

// The driver of PIV cards asks a session for its protocol.
var _ piv.T0Connection = (*pcsc.Session)(nil)

// A session tells the protocol that reader and card speak, and keeps to it when
// another program has reset the card.
func TestT0(t *testing.T) {
	readers, daemon := start(t)
	for _, c := range []struct {
		name string
		atr  []byte
		t0   bool
	}{
		{"a card of the older protocol", []byte{0x3b, 0x02, 0x14, 0x50}, true},
		{"a YubiKey", yubiKey, false},
	} {
		card := &virtualCard{atr: c.atr}
		insert(t, readers, daemon, card)
		session := open(t, readers, daemon)
		must(t, session.Begin(soon(t)))
		if got := session.T0(); got != c.t0 {
			t.Errorf("%s: T=0 is %v, want %v", c.name, got, c.t0)
		}
		must(t, session.End(false))
		other := otherProgram(t, daemon, scard.ShareShared)
		must(t, other.Disconnect(scard.ResetCard))
		must(t, session.Begin(soon(t)))
		echo(t, session)
		if got := session.T0(); got != c.t0 {
			t.Errorf("%s after a reset: T=0 is %v, want %v", c.name, got, c.t0)
		}
		must(t, session.End(false))
		must(t, session.Close())
		card.pull()
		until(t, readers, empty)
	}
}
