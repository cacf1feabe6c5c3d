// Package sim is a smart card in software: a YubiKey's PIV application, or a
// plain SP 800-73-4 card, byte in, byte out.
//
// It is a card and not a mock: it keeps its keys in a State, counts its PIN
// tries, forgets who it talked to when the power goes, and answers with the
// status words of the real one. Where documents leave a behaviour open, the
// comment beside it says what was chosen and why. It keeps private keys in
// the open and computes without care for timing: never trust it with a secret.
package sim

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"reflect"
	"sync"
	"time"
)

// ErrNoPower is what a card without power answers: nothing.
var ErrNoPower = errors.New("card has no power")

// Options are a card's surroundings. All may be left out. The functions are
// called while a command is carried out and must not call the Card.
type Options struct {
	Now    func() time.Time     // nil: time.Now
	Random io.Reader            // nil: crypto/rand
	Finger func(slot byte) bool // waits for a touch, false when none came; nil: touched at once
	Power  func(Command) Cut    // decides over the power at every command; nil: it stays
	Watch  func(Exchange)       // is told every command after it
	// Save keeps a State that a command has changed, before its answer leaves
	// the card. When it fails, the command has not happened and the answer is
	// 6581; who passes Save knows why.
	Save func(State) error
}

// Card is a PIV card. It is without power at first. Its methods may be called
// from several goroutines; commands are carried out one after the other.
type Card struct {
	o Options

	mu      sync.Mutex
	powered bool
	state   State   // what survives; while a command runs, what it will leave behind
	session session // what does not survive
}

// session is what a card forgets when its power goes.
type session struct {
	selected       bool
	verified       bool // the PIN was
	verifiedGlobal bool // and the global PIN
	admin          bool // the administration key was authenticated
	commands       int  // whole commands so far
	freshPIN       int  // number of the command that verified the PIN
	challenge      *challenge
	touched        time.Time // last touch of the contact
	chain          *command  // command whose last part has not come
	rest           []byte    // of an answer, waiting for GET RESPONSE
}

// New returns a card with a state. It refuses a state that no card can have.
func New(state State, o Options) (*Card, error) {
	if err := state.check(); err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	return &Card{o: o, state: state.clone()}, nil
}

// State returns what would survive if the power went now.
func (c *Card) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.clone()
}

// Transmit carries one command APDU to the card and its answer back. Without
// power it returns ErrNoPower; anything else a card says is in the answer,
// which has at least two bytes.
func (c *Card) Transmit(ctx context.Context, apdu []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.powered {
		return nil, ErrNoPower
	}
	before, session := c.state, c.session
	c.state = before.clone()
	data, sw := c.answer(apdu)
	ex := Exchange{Command: Command{Length: len(apdu), Changes: !reflect.DeepEqual(before, c.state)}}
	copy(ex.Header[:], apdu)

	ex.Cut = c.askPower(ex.Command)
	switch {
	case ex.Cut == CutBefore:
		c.state = before
	case ex.Changes && !c.save():
		c.state, c.session = before, session
		c.session.interrupt()
		data, sw = nil, swMemoryFailure
	}
	if ex.Cut != Stay {
		c.powerOff()
		c.watch(ex)
		return nil, ErrNoPower
	}
	ex.Received, ex.Status = len(data), uint16(sw)
	c.watch(ex)
	return append(data, byte(sw>>8), byte(sw)), nil
}

func (c *Card) askPower(cmd Command) Cut {
	if c.o.Power == nil {
		return Stay
	}
	return c.o.Power(cmd)
}

func (c *Card) watch(ex Exchange) {
	if c.o.Watch != nil {
		c.o.Watch(ex)
	}
}

func (c *Card) save() bool { return c.o.Save == nil || c.o.Save(c.state.clone()) == nil }

// answer takes one APDU: it joins chains, carries whole commands out, and cuts
// long answers into portions.
func (c *Card) answer(apdu []byte) ([]byte, status) {
	cmd, ok := parseCommand(apdu)
	if !ok || cmd.extended && c.state.Firmware.plain() {
		c.session.interrupt()
		return nil, swWrongLength
	}
	if cmd.cla&^claChain != 0 {
		c.session.interrupt()
		return nil, swClassNotSupported
	}
	if cmd.ins == insGetResponse {
		c.session.commands++
		return c.session.getResponse(cmd)
	}
	c.session.rest = nil
	cmd, whole, sw := c.session.join(cmd, c.maxCommand())
	if !whole {
		return nil, sw
	}
	c.session.commands++
	data, sw := c.run(cmd)
	return c.session.portion(cmd, data, sw)
}

// instruction is what a command byte does, and on which cards.
type instruction struct {
	run   func(*Card, command) ([]byte, status)
	since Firmware // zero: on every PIV card
}

// instructions is SP 800-73-4 part 2, section 3, and below it Yubico's own:
// developers.yubico.com/PIV/Introduction/Yubico_extensions.html.
var instructions = map[byte]instruction{
	insSelect:          {run: (*Card).selectApplication},
	insVerify:          {run: (*Card).verify},
	insChangeReference: {run: (*Card).changeReference},
	insResetRetry:      {run: (*Card).resetRetry},
	insGenerate:        {run: (*Card).generate},
	insAuthenticate:    {run: (*Card).authenticate},
	insGetData:         {run: (*Card).getData},
	insPutData:         {run: (*Card).putData},

	insMoveKey:     {(*Card).moveKey, Firmware{5, 7, 0}},
	insGetMetadata: {(*Card).getMetadata, Firmware{5, 3, 0}},
	insGetSerial:   {(*Card).getSerial, Firmware{5, 0, 0}},
	insAttest:      {(*Card).attest, Firmware{4, 3, 0}},
	insSetRetries:  {(*Card).setRetries, Firmware{1, 0, 0}},
	insReset:       {(*Card).reset, Firmware{1, 0, 0}},
	insGetVersion:  {(*Card).getVersion, Firmware{1, 0, 0}},
	insImportKey:   {(*Card).importKey, Firmware{1, 0, 0}},
	insSetAdminKey: {(*Card).setAdminKey, Firmware{1, 0, 0}},
}

// run carries a whole command out.
func (c *Card) run(cmd command) ([]byte, status) {
	in, known := instructions[cmd.ins]
	if !known || !c.state.Firmware.atLeast(in.since) {
		return nil, swInstructionNotSupported
	}
	if !c.session.selected && cmd.ins != insSelect {
		return nil, swInstructionNotSupported
	}
	return in.run(c, cmd)
}

// selectApplication is SELECT (SP 800-73-4 part 2, 3.1.1), by the whole AID or
// its beginning.
//
// The standard keeps the security status when PIV is selected again, and keeps
// PIV selected when an unknown AID is asked for. YubiKeys do neither:
// yubico-piv-tool selects again to take the PIN back (lib/ykpiv.c,
// ykpiv_get_pin_retries), and after an unknown AID they answer 6D00
// (OpenSC pull request 1243).
func (c *Card) selectApplication(cmd command) ([]byte, status) {
	if cmd.p1 != 0x04 {
		return nil, c.badParameters()
	}
	if !c.state.Firmware.plain() {
		c.session.lock()
		c.session.selected = false
	}
	if !isPIV(cmd.data) {
		return nil, swNotFound
	}
	c.session.selected = true
	apt := appendTLV(nil, 0x4f, []byte(applicationID)[5:])
	apt = appendTLV(apt, 0x79, appendTLV(nil, 0x4f, []byte(applicationID)[:5]))
	return appendTLV(nil, 0x61, apt), swOK
}

// lock takes back everything the card has been shown.
func (s *session) lock() {
	s.verified, s.verifiedGlobal, s.admin, s.challenge = false, false, false, nil
	s.freshPIN = 0
}

// badParameters is the status word for P1 or P2 that the card does not know:
// 6A86 in SP 800-73-4, 6B00 on YubiKeys ("a custom sw for yubikey", SW_ERR_
// INCORRECT_SLOT in yubico-piv-tool's ykpiv.h).
func (c *Card) badParameters() status {
	if c.state.Firmware.plain() {
		return swIncorrectP1P2
	}
	return swWrongP1P2
}
