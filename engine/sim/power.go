package sim

import "sync"

// Cut is what happens to the power at a command.
type Cut int

// The cuts. After one the card is dead until PowerOn.
const (
	Stay      Cut = iota
	CutBefore     // the command has no effect
	CutAfter      // the command takes effect, its answer is lost
)

// Command is what the power switch is told of a command APDU: its header,
// never its data, which may hold a PIN. Each part of a chain is one.
type Command struct {
	Header  [4]byte // CLA INS P1 P2
	Length  int     // of the whole APDU, in bytes
	Changes bool    // it would change what survives the power
}

// Exchange is one command and what came of it.
type Exchange struct {
	Command
	Cut      Cut
	Received int    // bytes of answer before the status word
	Status   uint16 // 0 when the power was cut
}

// PowerOn starts the card as a reader does when it is put in, and returns its
// answer to reset. On a card that has power it is a reset.
func (c *Card) PowerOn() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.powerOff()
	c.powered = true
	return c.state.Firmware.answerToReset()
}

// PowerOff takes the card out of the reader.
func (c *Card) PowerOff() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.powerOff()
}

// powerOff forgets what only power keeps.
func (c *Card) powerOff() {
	c.powered, c.session = false, session{}
}

// ATR returns the card's answer to reset.
func (c *Card) ATR() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.Firmware.answerToReset()
}

// answerToReset is, for YubiKeys, the one of the 5 series (developers.yubico.com
// /PIV/Introduction/Yubico_extensions.html): chaining and extended lengths. The
// plain card's names no abilities: short APDUs and chaining must do.
func (f Firmware) answerToReset() []byte {
	if f.plain() {
		return []byte("\x3b\x86\x80\x01PIVSIM\x1f")
	}
	return []byte("\x3b\xfd\x13\x00\x00\x81\x31\xfe\x15\x80\x73\xc0\x21\xc0\x57YubiKey\x40")
}

// Trace remembers exchanges, for tests that count them: pass its Add as
// Options.Watch. The zero value is ready.
type Trace struct {
	mu  sync.Mutex
	all []Exchange
}

// Add remembers an exchange.
func (t *Trace) Add(ex Exchange) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, ex)
}

// Take returns what was remembered, and forgets it.
func (t *Trace) Take() []Exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.all
	t.all = nil
	return all
}
