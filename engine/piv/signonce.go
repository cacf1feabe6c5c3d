package piv

import (
	"context"
	"crypto"

	"cardkiosk/engine"
)

// SignOnce verifies the PIN, signs a digest, and locks the card again. The
// administration key is not asked for: any PIV card will do.
func (c *Card) SignOnce(ctx context.Context, pin engine.PIN, at engine.Place, key crypto.PublicKey, digest []byte, hash crypto.Hash) ([]byte, error) {
	if err := pin.CheckShape(); err != nil {
		return nil, err
	}
	if _, _, err := algorithmOfKey(key); err != nil {
		return nil, badRequest("sign", at, err)
	}
	return visit(ctx, c, reset, func(s *session, ctx context.Context) ([]byte, error) {
		u := &unlocked{session: s, card: c, specs: make(map[engine.Place]engine.KeySpec)}
		if err := u.getReady(ctx, at); err != nil {
			return nil, err
		}
		if err := u.verifyPIN(ctx, pin); err != nil {
			return nil, err
		}
		return u.Sign(ctx, at, key, digest, hash)
	})
}

// getReady asks all there is to ask about a key before the PIN is verified: the
// signature can come right after, so that a key that wants the PIN each time has
// had it.
func (u *unlocked) getReady(ctx context.Context, at engine.Place) error {
	sl, err := slotAt(at)
	if err != nil {
		return err
	}
	if _, err := u.made(ctx); err != nil {
		return err
	}
	spec, err := u.specOf(ctx, sl)
	if err != nil {
		return trouble("sign", string(at), err)
	}
	spec.PIN = engine.PINOnce
	u.specs[sl.place] = spec
	return nil
}
