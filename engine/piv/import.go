package piv

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"

	"cardkiosk/engine"
)

// The parts of a key on its way to the card (docs.yubico.com, .NET SDK, "Import
// private key").
const (
	tagP      = 0x01
	tagQ      = 0x02
	tagDP     = 0x03
	tagDQ     = 0x04
	tagQInv   = 0x05
	tagScalar = 0x06
)

// ImportKey puts a key that was made elsewhere at a place, over any that is
// there, and reads its policies back where the card tells them. What the card
// cannot take is CardRefused before anything is overwritten. That firmware
// makes RSA keys that can be factored does not matter here: it takes good ones.
//
// It may happen twice: the same key ends up in the same place.
func (u *unlocked) ImportKey(ctx context.Context, at engine.Place, key engine.KeyMaterial, spec engine.KeySpec) (engine.Key, error) {
	const op = "import key"
	sl, err := slotAt(at)
	if err != nil {
		return engine.Key{}, err
	}
	if !u.maker.firmware.importsKeys() {
		return engine.Key{}, refused(op, string(at), "the card takes no keys from elsewhere")
	}
	algorithm, spki, err := checkMaterial(key, spec)
	if err != nil {
		return engine.Key{}, &engine.Error{Op: op, Kind: engine.BadInput, Subject: string(at), Err: err}
	}
	data := encodeMaterial(key, spec)
	defer clear(data)
	delete(u.specs, at)
	if _, err := u.send(ctx, command{ins: insImportKey, p1: algorithm, p2: sl.key, data: data}); err != nil {
		return engine.Key{}, trouble(op, string(at), err)
	}
	imported, err := u.readBack(ctx, at, engine.Key{KeySpec: spec, Public: spki, Imported: true})
	return imported, trouble(op, string(at), err)
}

// materialParts are the elements of a key, in the order they are sent.
func materialParts(key engine.KeyMaterial) elements {
	if key.Type == engine.RSA2048 {
		return elements{{tagP, key.P}, {tagQ, key.Q}, {tagDP, key.DP}, {tagDQ, key.DQ}, {tagQInv, key.QInv}}
	}
	return elements{{tagScalar, key.Scalar}}
}

// materialSize is how long each part of a key is, in bytes.
var materialSize = map[engine.KeyType]int{engine.RSA2048: 128, engine.P256: 32, engine.P384: 48}

// encodeMaterial writes a key and its policies into a buffer of the right size,
// so that no copy is left behind in a smaller one.
func encodeMaterial(key engine.KeyMaterial, spec engine.KeySpec) []byte {
	parts := materialParts(key)
	data := make([]byte, 0, parts.size()+2*(headerSize+1))
	for _, part := range parts {
		data = appendElement(data, part.tag, part.value)
	}
	return appendPolicies(data, spec)
}

// checkMaterial tells how the card calls the key's algorithm, and its public
// half.
func checkMaterial(key engine.KeyMaterial, spec engine.KeySpec) (algorithm byte, spki []byte, err error) {
	algorithm, ok := algorithmOf(spec.Type)
	if !ok || !policed(spec) || key.Type != spec.Type {
		return 0, nil, fmt.Errorf("no %s key is imported as %v", key.Type, spec)
	}
	for _, part := range materialParts(key) {
		if len(part.value) != materialSize[key.Type] {
			return 0, nil, errors.New("a part of the key has not the length of its kind")
		}
	}
	spki, err = publicHalf(key)
	return algorithm, spki, err
}

// rsaExponent is the only one that a YubiKey imports: it is not told another
// (docs.yubico.com, .NET SDK, "Import private key").
const rsaExponent = 65537

// publicHalf works the public key out, as SubjectPublicKeyInfo.
func publicHalf(key engine.KeyMaterial) ([]byte, error) {
	switch key.Type {
	case engine.RSA2048:
		return publicRSA(key.P, key.Q)
	case engine.P256:
		return publicPoint(elliptic.P256(), key.Scalar)
	case engine.P384:
		return publicPoint(elliptic.P384(), key.Scalar)
	}
	return nil, fmt.Errorf("%s is no kind of key that is imported", key.Type)
}

func publicRSA(first, second []byte) ([]byte, error) {
	p, q := new(big.Int).SetBytes(first), new(big.Int).SetBytes(second)
	defer clear(p.Bits())
	defer clear(q.Bits())
	n := new(big.Int).Mul(p, q)
	if n.BitLen() != rsaBits[algRSA2048] {
		return nil, fmt.Errorf("the key's modulus has %d bits", n.BitLen())
	}
	return x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n, E: rsaExponent})
}

func publicPoint(curve elliptic.Curve, scalar []byte) ([]byte, error) {
	private, err := ecdsa.ParseRawPrivateKey(curve, scalar)
	if err != nil {
		return nil, errors.New("the key is not one of its curve")
	}
	defer clear(private.D.Bits()) //nolint:staticcheck // the one copy of the key in there that can be wiped
	return x509.MarshalPKIXPublicKey(&private.PublicKey)
}
