package piv

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"

	"cardkiosk/engine"
)

// Sign signs a digest with the key at a place: ECDSA as ASN.1, or RSA PKCS #1
// v1.5. key is its public key. A card without such a key there is CardTrouble;
// a finger that did not come is TouchMissed.
func (u *unlocked) Sign(ctx context.Context, at engine.Place, key crypto.PublicKey, digest []byte, hash crypto.Hash) ([]byte, error) {
	const op = "sign"
	algorithm, size, err := algorithmOfKey(key)
	if err != nil {
		return nil, badRequest(op, at, err)
	}
	block := fitDigest(digest, size)
	if _, ok := key.(*rsa.PublicKey); ok {
		if block, err = padPKCS1(digest, hash, size); err != nil {
			return nil, badRequest(op, at, err)
		}
	}
	signature, err := u.useKey(ctx, op, at, algorithm, tagChallenge, block)
	if err != nil {
		return nil, err
	}
	if _, ok := key.(*rsa.PublicKey); ok && len(signature) != size {
		return nil, trouble(op, string(at), malformed("signature", "it is %d bytes long, not %d", len(signature), size))
	}
	return signature, nil
}

// Agree does ECDH with a peer's uncompressed point and returns the X
// coordinate (SP 800-73-4 part 2, A.5.2.1), or decrypts an RSA block of the
// key's size and returns all of it (A.5.1).
func (u *unlocked) Agree(ctx context.Context, at engine.Place, key crypto.PublicKey, peer []byte) ([]byte, error) {
	const op = "agree key"
	algorithm, size, err := algorithmOfKey(key)
	if err != nil {
		return nil, badRequest(op, at, err)
	}
	tag, want := uint32(tagChallenge), size
	if _, ok := key.(*ecdsa.PublicKey); ok {
		tag, want = tagExponentiation, 1+2*size
	}
	if len(peer) != want {
		return nil, badRequest(op, at, fmt.Errorf("the peer's part is %d bytes long, not %d", len(peer), want))
	}
	result, err := u.useKey(ctx, op, at, algorithm, tag, peer)
	if err != nil {
		return nil, err
	}
	if len(result) != size {
		return nil, trouble(op, string(at), malformed("result", "it is %d bytes long, not %d", len(result), size))
	}
	return result, nil
}

func badRequest(op string, at engine.Place, err error) error {
	return &engine.Error{Op: op, Kind: engine.BadInput, Subject: string(at), Err: err}
}

// useKey has the card use a private key. A key that wants the PIN each time
// gets it in the command right before: anything between the two takes it back
// (SP 800-73-4 part 1, 3.2.1).
func (u *unlocked) useKey(ctx context.Context, op string, at engine.Place, algorithm byte, tag uint32, data []byte) ([]byte, error) {
	sl, err := slotAt(at)
	if err != nil {
		return nil, err
	}
	spec, err := u.specOf(ctx, sl)
	if err != nil {
		return nil, trouble(op, string(at), err)
	}
	if spec.PIN == engine.PINAlways {
		if err := u.verifyAgain(ctx); err != nil {
			return nil, trouble(op, string(at), err)
		}
	}
	ask := appendElement(nil, tagResponse, nil)
	ask = appendElement(ask, tag, data)
	result, err := u.authenticate(ctx, algorithm, sl.key, ask, tagResponse, longAnswer)
	switch {
	case err == nil:
		return result, nil
	case errors.Is(err, statusSecurity) && wantsFinger(spec):
		// docs.yubico.com, .NET SDK, "Authenticate: sign": 6982 is "wrong or no
		// PIN, or no touch".
		return nil, &engine.Error{Op: op, Kind: engine.TouchMissed, Subject: string(at), Err: err}
	case errors.Is(err, statusBadData), errors.Is(err, statusBadParameters), errors.Is(err, statusNoReference):
		// SP 800-73-4 part 2, 3.2.4: not with this algorithm, or not here.
		return nil, &engine.Error{Op: op, Kind: engine.CardTrouble, Subject: string(at), Err: fmt.Errorf("the card has no such key there: %w", err)}
	}
	return nil, trouble(op, string(at), err)
}

func wantsFinger(spec engine.KeySpec) bool {
	return spec.Touch == engine.TouchAlways || spec.Touch == engine.TouchCached
}

// specOf returns the policies of a key: as the card told them in this
// transaction, else as it tells them now, else as its slot has them.
func (u *unlocked) specOf(ctx context.Context, sl slot) (engine.KeySpec, error) {
	if spec, ok := u.specs[sl.place]; ok {
		return spec, nil
	}
	if !u.maker.firmware.tellsMetadata() {
		return engine.KeySpec{PIN: sl.defaultPIN(), Touch: engine.TouchNever}, nil
	}
	key, err := u.KeyAt(ctx, sl.place)
	switch {
	case err != nil:
		return engine.KeySpec{}, err
	case key == nil:
		return engine.KeySpec{}, malformed("slot", "it holds no key")
	case key.Unreadable != "":
		return engine.KeySpec{}, malformed("metadata", "%s", key.Unreadable)
	}
	return key.KeySpec, nil
}

// algorithmOfKey returns the identifier of a key's algorithm and the length in
// bytes of its modulus or coordinates.
func algorithmOfKey(key crypto.PublicKey) (algorithm byte, size int, err error) {
	switch key := key.(type) {
	case *rsa.PublicKey:
		for algorithm, bits := range rsaBits {
			if key.N.BitLen() == bits {
				return algorithm, bits / 8, nil
			}
		}
		return 0, 0, fmt.Errorf("no card has RSA keys of %d bits", key.N.BitLen())
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			return algP256, 32, nil
		case elliptic.P384():
			return algP384, 48, nil
		}
		return 0, 0, fmt.Errorf("no card has keys on %s", key.Curve.Params().Name)
	}
	return 0, 0, fmt.Errorf("no card signs with a %T", key)
}

// fitDigest makes a digest as long as the curve's order: a longer one loses its
// end (FIPS 186-5, 6.4.1), a shorter one keeps its value.
func fitDigest(digest []byte, size int) []byte {
	if len(digest) >= size {
		return digest[:size]
	}
	return append(make([]byte, size-len(digest), size), digest...)
}

// digestInfos are the DER prefixes of RFC 8017, 9.2, note 1.
var digestInfos = map[crypto.Hash]string{
	crypto.SHA256: "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
	crypto.SHA384: "\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
	crypto.SHA512: "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
}

// padPKCS1 is EMSA-PKCS1-v1_5 (RFC 8017, 9.2): the card does the rest.
func padPKCS1(digest []byte, hash crypto.Hash, size int) ([]byte, error) {
	info, ok := digestInfos[hash]
	if !ok {
		return nil, fmt.Errorf("no RSA signatures are made with %v", hash)
	}
	if int(info[len(info)-1]) != len(digest) {
		return nil, fmt.Errorf("%d bytes are not a digest of %v", len(digest), hash)
	}
	fill := size - 3 - len(info) - len(digest)
	if fill < 8 {
		return nil, fmt.Errorf("a key of %d bytes is too short for %v", size, hash)
	}
	block := append(make([]byte, 0, size), 0x00, 0x01)
	block = append(block, bytes.Repeat([]byte{0xff}, fill)...)
	block = append(block, 0x00)
	block = append(block, info...)
	return append(block, digest...), nil
}
