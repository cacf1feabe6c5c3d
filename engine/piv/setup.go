package piv

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"cardkiosk/engine"
)

// SetPIN replaces the factory PIN. On a card that no longer has it nothing
// happens, and no try is spent. A PIN that the card finds too simple is
// BadInput.
func (u *unlocked) SetPIN(ctx context.Context, pin engine.PIN) error {
	const op = "set PIN"
	if err := pin.CheckShape(); err != nil {
		return err
	}
	if still, err := u.hasFactory(ctx, op, refPIN); err != nil || !still {
		return err
	}
	err := pin.Use(func(b []byte) error {
		return u.changeReference(ctx, refPIN, []byte(factoryPIN), b)
	})
	if errors.Is(err, statusBadData) || errors.Is(err, statusConditions) {
		// 6985 is a YubiKey's with PIN complexity switched on.
		return &engine.Error{Op: op, Kind: engine.BadInput, Err: err}
	}
	if err != nil {
		return trouble(op, "", err)
	}
	u.holdPIN(copyPIN(pin))
	// SP 800-73-4 part 2, 3.2.2 leaves the PIN verified; the card shall show
	// that it has the new one.
	return u.verifyAgain(ctx)
}

// SetPUK replaces the factory PUK by one of six to eight bytes.
func (u *unlocked) SetPUK(ctx context.Context, puk []byte) error {
	const op = "set PUK"
	if len(puk) < engine.MinPIN || len(puk) > secretLength {
		return &engine.Error{Op: op, Kind: engine.BadInput, Err: fmt.Errorf("a PUK of %d bytes", len(puk))}
	}
	if still, err := u.hasFactory(ctx, op, refPUK); err != nil || !still {
		return err
	}
	return trouble(op, "", u.changeReference(ctx, refPUK, []byte(factoryPUK), puk))
}

// hasFactory reports whether PIN or PUK are still the factory's.
func (u *unlocked) hasFactory(ctx context.Context, op string, ref byte) (bool, error) {
	if !u.maker.firmware.tellsMetadata() {
		return false, refused(op, "", "the card does not tell whether it is the factory's")
	}
	c, err := u.readCounter(ctx, ref)
	return c.Factory, trouble(op, "", err)
}

// BlockPUK spends every try of a factory PUK, and notes it where Yubico's tools
// look for it. A PUK that is not the factory's is left alone.
func (u *unlocked) BlockPUK(ctx context.Context) error {
	const op = "block PUK"
	if still, err := u.hasFactory(ctx, op, refPUK); err != nil || !still {
		return err
	}
	wrong := []byte("0BADF00D")           // not too simple either, or the card might refuse it without counting
	for left := 0x100; left > 0; left-- { // a counter has one byte
		err := u.changeReference(ctx, refPUK, wrong, wrong)
		sw := Status(0)
		switch {
		case err == nil:
			return &engine.Error{Op: op, Kind: engine.CardTrouble, Err: errors.New("the card took a wrong PUK")}
		case !errors.As(err, &sw):
			return trouble(op, "", err)
		case sw.kind() == engine.PINBlocked:
			return trouble(op, "", u.setAdminFlag(ctx, flagNoPUK))
		case sw.kind() != engine.WrongPIN:
			return trouble(op, "", err)
		}
	}
	return &engine.Error{Op: op, Kind: engine.CardTrouble, Err: errors.New("the card does not count the tries")}
}

// ProtectAdminKey replaces a factory administration key by a random one that is
// kept behind the PIN. The order of its steps survives a power cut at any
// place: the new key is readable before it is the card's, so that Unlock always
// finds one the card takes; and the flag, by which others find it, comes last.
// Called again, it goes on.
func (u *unlocked) ProtectAdminKey(ctx context.Context) error {
	const op = "protect administration key"
	if !u.maker.firmware.tellsMetadata() {
		return refused(op, "", "the card does not tell whether its key is the factory's")
	}
	m, err := u.readAdminMetadata(ctx)
	if err != nil {
		return trouble(op, "", err)
	}
	if m.factory {
		if err := u.replaceAdminKey(ctx, m.algorithm); err != nil {
			return trouble(op, "", err)
		}
	}
	return trouble(op, "", u.setAdminFlag(ctx, flagProtected))
}

func (u *unlocked) replaceAdminKey(ctx context.Context, a adminAlgorithm) error {
	key := make([]byte, a.keyLength())
	defer clear(key)
	if _, err := io.ReadFull(u.random, key); err != nil {
		return fmt.Errorf("draw administration key: %w", err)
	}
	if err := u.writeProtectedKey(ctx, key); err != nil {
		return err
	}
	kept, err := u.readProtectedKey(ctx)
	defer clear(kept)
	if err != nil {
		return err
	}
	if !bytes.Equal(kept, key) {
		return malformed("protected data", "the card does not keep what was written")
	}
	if err := u.setAdminKey(ctx, a, key); err != nil {
		return err
	}
	return u.authenticateAdmin(ctx, a, key)
}

// setAdminKey is Yubico's SET MANAGEMENT KEY, without a touch
// (docs.yubico.com, .NET SDK, "Set management key").
func (u *unlocked) setAdminKey(ctx context.Context, a adminAlgorithm, key []byte) error {
	const noTouch = 0xff
	data := append(make([]byte, 0, 3+len(key)), byte(a), refAdminKey, byte(len(key)))
	data = append(data, key...)
	defer clear(data)
	_, err := u.send(ctx, command{ins: insSetAdminKey, p1: 0xff, p2: noTouch, data: data})
	return err
}

// WriteFile writes one of the files every card needs. Written again, it writes
// the same bytes.
func (u *unlocked) WriteFile(ctx context.Context, f engine.CardFile) error {
	switch {
	case f.GUID != "":
		return u.writeCHUID(ctx, f.GUID)
	case f.Capabilities:
		return u.writeCapabilities(ctx)
	case f.Former != nil:
		return u.writeKeyHistory(ctx, *f.Former)
	}
	return &engine.Error{Op: "write file", Kind: engine.BadInput, Err: errors.New("no file is named")}
}

// writeCHUID never touches one that an issuer has signed.
func (u *unlocked) writeCHUID(ctx context.Context, guid string) error {
	const op = "write CHUID"
	var id [16]byte
	if n, err := hex.Decode(id[:], []byte(guid)); err != nil || n != len(id) || len(guid) != 2*n {
		return &engine.Error{Op: op, Kind: engine.BadInput, Subject: guid, Err: errors.New("a GUID is 32 hex digits")}
	}
	old, err := u.readObject(ctx, objectCHUID)
	if err != nil {
		return trouble(op, "", err)
	}
	if old != nil {
		c, err := ParseCHUID(old)
		if err != nil {
			return trouble(op, "", err)
		}
		if len(c.Signature) > 0 {
			return refused(op, "", "the card's CHUID is signed by its issuer")
		}
	}
	return trouble(op, "", u.writeObject(ctx, objectCHUID, encodeCHUID(id), nil))
}

func (u *unlocked) writeCapabilities(ctx context.Context) error {
	id, err := u.Identify(ctx)
	if err != nil {
		return err
	}
	return trouble("write card capabilities", "", u.writeObject(ctx, objectCapabilities, encodeCapabilities(id.ID), nil))
}

// writeKeyHistory counts keys whose certificates are on the card, and keeps
// what an issuer wrote of those whose certificates are not.
func (u *unlocked) writeKeyHistory(ctx context.Context, onCard int) error {
	const op = "write key history"
	old, err := u.readObject(ctx, objectKeyHistory)
	if err != nil && !unreadable(err) {
		return trouble(op, "", err)
	}
	h, _ := ParseKeyHistory(old) // a broken one is replaced
	h.OnCard = onCard
	if onCard < 0 || h.OnCard+h.OffCard > mostRetired {
		return &engine.Error{Op: op, Kind: engine.BadInput, Err: fmt.Errorf("%d keys in %d places", h.OnCard+h.OffCard, mostRetired)}
	}
	return trouble(op, "", u.writeObject(ctx, objectKeyHistory, h.encode(), nil))
}
