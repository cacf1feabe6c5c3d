package piv

import (
	"bytes"
	"context"
	"errors"

	"cardkiosk/engine"
)

// Wipe resets a YubiKey's PIV application: keys and certificates go, and PIN, PUK
// and administration key are as they left the factory. The card allows that once
// PIN and PUK are blocked (docs.yubico.com, .NET SDK, "Reset the PIV
// application"), so both lose their tries first. What was done before a power cut
// is not undone by it: called again, Wipe goes on. On other cards it is CardRefused,
// and nothing is changed.
func (c *Card) Wipe(ctx context.Context) error {
	_, err := visit(ctx, c, reset, func(s *session, ctx context.Context) (struct{}, error) {
		return struct{}{}, s.wipe(ctx)
	})
	return err
}

func (s *session) wipe(ctx context.Context) error {
	const op = "wipe card"
	if err := s.resets(ctx, op); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // a card that is blocked and not reset is of no use to anybody
	for _, spend := range []func(context.Context) error{s.spendPIN, s.spendPUK} {
		if err := s.block(ctx, op, spend); err != nil {
			return err
		}
	}
	if _, err := s.send(ctx, command{ins: insReset}); err != nil {
		return trouble(op, "", err)
	}
	return s.isFactory(ctx, op)
}

// resets tells whether the card can be reset, before anything is done to it. A
// YubiKey Bio has no PUK, and resets all its applications together.
func (s *session) resets(ctx context.Context, op string) error {
	made, err := s.made(ctx)
	switch {
	case err != nil:
		return err
	case !made.firmware.yubiKey():
		return refused(op, "", "it is no YubiKey: it has no command that resets it")
	case !made.firmware.tellsMetadata():
		return nil
	}
	_, err = s.readCounter(ctx, refPUK)
	if errors.Is(err, statusNoReference) {
		return refused(op, "", "it has no PUK: a YubiKey Bio is reset as a whole, with Yubico's own tools")
	}
	return trouble(op, "", err)
}

// nothing is the PIN and PUK that no card has: no character, padded with FF. A
// YubiKey counts it as a wrong one (ykman, yubikit/piv.py, reset).
func nothing() []byte { return bytes.Repeat([]byte{0xff}, secretLength) }

func (s *session) spendPIN(ctx context.Context) error {
	_, err := s.send(ctx, command{ins: insVerify, p2: refPIN, data: nothing()})
	return err
}

// spendPUK asks to unblock the PIN with a wrong PUK, as ykman does.
func (s *session) spendPUK(ctx context.Context) error {
	_, err := s.send(ctx, command{ins: insResetRetry, p2: refPIN, data: append(nothing(), nothing()...)})
	return err
}

// block spends a secret's tries, all of them.
func (s *session) block(ctx context.Context, op string, spend func(context.Context) error) error {
	for left := 0x100; left > 0; left-- { // a counter has one byte
		err := spend(ctx)
		sw := Status(0)
		switch {
		case err == nil:
			return &engine.Error{Op: op, Kind: engine.CardTrouble, Err: errors.New("the card took a PIN or PUK of no characters")}
		case !errors.As(err, &sw):
			return trouble(op, "", err)
		case sw.kind() == engine.PINBlocked:
			return nil
		case sw.kind() != engine.WrongPIN && sw.class() != statusVerifyFailed:
			return trouble(op, "", err)
		}
	}
	return &engine.Error{Op: op, Kind: engine.CardTrouble, Err: errors.New("the card does not count the tries")}
}

// isFactory makes sure that the card has done what it said, where it tells.
func (s *session) isFactory(ctx context.Context, op string) error {
	if !s.maker.firmware.tellsMetadata() {
		return nil
	}
	for _, ref := range []byte{refPIN, refPUK} {
		c, err := s.readCounter(ctx, ref)
		switch {
		case err != nil:
			return trouble(op, "", err)
		case !c.Factory || c.Left == 0:
			return &engine.Error{Op: op, Kind: engine.CardTrouble, Err: errors.New("the card says that it was reset, and is as before")}
		}
	}
	return nil
}
