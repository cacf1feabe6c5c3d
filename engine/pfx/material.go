package pfx

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"

	"cardkiosk/engine"
)

// material takes a key apart.
func material(private any) (engine.KeyMaterial, error) {
	switch key := private.(type) {
	case *rsa.PrivateKey:
		return rsaMaterial(key)
	case *ecdsa.PrivateKey:
		return pointMaterial(key)
	}
	return engine.KeyMaterial{}, ErrKeyKind
}

// Cards are not told the exponent: it is always this one.
const rsaExponent = 65537

func rsaMaterial(key *rsa.PrivateKey) (engine.KeyMaterial, error) {
	const bits, half = 2048, 128
	parts := key.Precomputed
	switch {
	case key.N.BitLen() != bits:
		return engine.KeyMaterial{}, fmt.Errorf("%w; this one is RSA with %d bits", ErrKeyKind, key.N.BitLen())
	case key.E != rsaExponent:
		return engine.KeyMaterial{}, fmt.Errorf("%w with the exponent %d; this one has %d", ErrKeyKind, rsaExponent, key.E)
	case len(key.Primes) != 2 || key.Primes[0].BitLen() != bits/2 || key.Primes[1].BitLen() != bits/2:
		return engine.KeyMaterial{}, fmt.Errorf("%w with two primes of the same length", ErrKeyKind)
	case parts.Dp == nil || parts.Dq == nil || parts.Qinv == nil:
		return engine.KeyMaterial{}, errors.New("the private key lacks a part")
	}
	part := func(n *big.Int) []byte { return n.FillBytes(make([]byte, half)) }
	return engine.KeyMaterial{
		Type: engine.RSA2048,
		P:    part(key.Primes[0]), Q: part(key.Primes[1]),
		DP: part(parts.Dp), DQ: part(parts.Dq), QInv: part(parts.Qinv),
	}, nil
}

func pointMaterial(key *ecdsa.PrivateKey) (engine.KeyMaterial, error) {
	m := engine.KeyMaterial{Type: engine.P256}
	switch key.Curve {
	case elliptic.P256():
	case elliptic.P384():
		m.Type = engine.P384
	default:
		return engine.KeyMaterial{}, fmt.Errorf("%w; this one is on %s", ErrKeyKind, engine.Clean(key.Params().Name))
	}
	size := (key.Params().N.BitLen() + 7) / 8
	m.Scalar = key.D.FillBytes(make([]byte, size)) //nolint:staticcheck // Bytes leaves a copy behind
	return m, nil
}

// wipe overwrites what can be reached of a key.
func wipe(private any) {
	switch key := private.(type) {
	case *rsa.PrivateKey:
		parts := key.Precomputed
		wipeNumbers(append(key.Primes, key.D, parts.Dp, parts.Dq, parts.Qinv)...)
		for _, more := range parts.CRTValues { //nolint:staticcheck // they are filled in all the same
			wipeNumbers(more.Exp, more.Coeff, more.R)
		}
	case *ecdsa.PrivateKey:
		wipeNumbers(key.D) //nolint:staticcheck // it is there all the same
	case ed25519.PrivateKey:
		clear(key)
	}
}

func wipeNumbers(numbers ...*big.Int) {
	for _, n := range numbers {
		if n != nil {
			words := n.Bits()
			clear(words[:cap(words)])
		}
	}
}
