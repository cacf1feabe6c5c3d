package piv

import (
	"bytes"
	"context"
	"errors"

	"cardkiosk/engine"
)

// What a YubiKey leaves the factory with (docs.yubico.com, .NET SDK, "The PIV
// PIN, PUK, and management key").
const (
	factoryPIN = "123456"
	factoryPUK = "12345678"
)

// secretLength is that of a PIN or PUK on its way to the card: it is padded
// with FF (SP 800-73-4 part 2, 2.4.3).
const secretLength = 8

// appendPadded appends a PIN or PUK in its padding. to must have room, so that
// no copy stays behind.
func appendPadded(to, secret []byte) []byte {
	to = append(to, secret...)
	return append(to, bytes.Repeat([]byte{0xff}, secretLength-len(secret))...)
}

// holderPIN is where the card keeps the PIN that its holder knows. The zero
// value is one that was not asked about.
type holderPIN struct {
	ref   byte
	asked bool
}

// pinRef asks which PIN the holder knows: the card's own, unless the card
// prefers the global one (SP 800-73-4 part 1, 3.3.2). Once is enough for as
// long as the card lies in the reader. A YubiKey has no global PIN.
func (s *session) pinRef(ctx context.Context) (byte, error) {
	if s.holder.asked {
		return s.holder.ref, nil
	}
	made, err := s.made(ctx)
	if err != nil {
		return 0, err
	}
	ref := byte(refPIN)
	if !made.firmware.yubiKey() {
		d, err := s.readDiscovery(ctx)
		if err != nil && !unreadable(err) { // rubbish prefers nothing
			return 0, trouble("read Discovery Object", "", err)
		}
		if d.PreferGlobal {
			ref = refGlobalPIN
		}
	}
	*s.holder = holderPIN{ref: ref, asked: true}
	return ref, nil
}

// verifyPIN verifies the PIN (SP 800-73-4 part 2, 3.2.1). A wrong one has cost
// a try when it returns.
func (s *session) verifyPIN(ctx context.Context, pin engine.PIN) error {
	if err := pin.CheckShape(); err != nil {
		return err
	}
	ref, err := s.pinRef(ctx)
	if err != nil {
		return err
	}
	return pin.Use(func(b []byte) error {
		padded := appendPadded(make([]byte, 0, secretLength), b)
		defer clear(padded)
		_, err := s.send(ctx, command{ins: insVerify, p2: ref, data: padded})
		return s.verdict(ctx, "check PIN", err)
	})
}

// verdict makes trouble of a refused PIN. Cards may say 6300 and keep the tries
// left to themselves; then they are asked.
func (s *session) verdict(ctx context.Context, op string, err error) error {
	if sw := Status(0); errors.As(err, &sw) && sw == statusVerifyFailed {
		c, cerr := s.askCounter(ctx)
		if cerr != nil {
			return trouble(op, "", cerr)
		}
		kind := engine.WrongPIN
		if c.Left == 0 {
			kind = engine.PINBlocked
		}
		return &engine.Error{Op: op, Kind: kind, TriesLeft: c.Left, Err: err}
	}
	return trouble(op, "", err)
}

// askCounter asks for the PIN's tries with a VERIFY that has no data: it spends
// none (SP 800-73-4 part 2, 3.2.1). When the PIN is verified already, the card
// says so instead, and the tries are not known.
func (s *session) askCounter(ctx context.Context) (engine.Counter, error) {
	ref, err := s.pinRef(ctx)
	if err != nil {
		return engine.Counter{}, err
	}
	_, err = s.send(ctx, command{ins: insVerify, p2: ref})
	sw := Status(0)
	switch {
	case err == nil:
		return engine.Counter{Left: -1}, nil
	case !errors.As(err, &sw):
		return engine.Counter{}, err
	case sw == statusBlocked:
		return engine.Counter{Left: 0}, nil
	}
	if left, ok := sw.triesLeft(); ok {
		return engine.Counter{Left: left}, nil
	}
	return engine.Counter{Left: -1}, nil
}

type counters struct{ pin, puk engine.Counter }

// Counters tells the state of PIN and PUK, and spends no try.
func (s *session) Counters(ctx context.Context) (pin, puk engine.Counter, err error) {
	both, err := s.counters(ctx)
	return both.pin, both.puk, err
}

// counters reads both from metadata where the card has it. Without, the tries
// of the PUK cannot be learned: SP 800-73-4 part 2 has no command that asks
// for them and spends none.
func (s *session) counters(ctx context.Context) (counters, error) {
	made, err := s.made(ctx)
	if err != nil {
		return counters{}, err
	}
	both := counters{puk: engine.Counter{Left: -1}}
	if !made.firmware.tellsMetadata() {
		both.pin, err = s.askCounter(ctx)
		return both, trouble("read PIN tries", "", err)
	}
	if both.pin, err = s.readCounter(ctx, refPIN); err != nil {
		return counters{}, trouble("read PIN tries", "", err)
	}
	both.puk, err = s.readCounter(ctx, refPUK)
	if errors.Is(err, statusNoReference) { // a YubiKey Bio has none
		both.puk, err = engine.Counter{Left: -1}, nil
	}
	return both, trouble("read PUK tries", "", err)
}

// changeReference replaces a PIN or PUK (SP 800-73-4 part 2, 3.2.2). An old
// value that is wrong costs a try.
func (s *session) changeReference(ctx context.Context, ref byte, old, secret []byte) error {
	data := make([]byte, 0, 2*secretLength)
	data = appendPadded(appendPadded(data, old), secret)
	defer clear(data)
	_, err := s.send(ctx, command{ins: insChangeReference, p2: ref, data: data})
	return err
}
