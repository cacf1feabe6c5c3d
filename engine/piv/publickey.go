package piv

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"

	"cardkiosk/engine"
)

// Algorithm identifiers of keys (SP 800-78-4, table 6-2), and the YubiKey's
// (docs.yubico.com, .NET SDK, "Get metadata").
const (
	algRSA1024 = 0x06
	algRSA2048 = 0x07
	algRSA3072 = 0x05
	algRSA4096 = 0x16
	algP256    = 0x11
	algP384    = 0x14
	algEd25519 = 0xe0
	algX25519  = 0xe1
)

// keyTypes names the algorithms. Templates ask for three of them; the others
// may lie on a card that somebody else wrote.
var keyTypes = map[byte]engine.KeyType{
	algRSA1024: "rsa1024",
	algRSA2048: engine.RSA2048,
	algRSA3072: "rsa3072",
	algRSA4096: "rsa4096",
	algP256:    engine.P256,
	algP384:    engine.P384,
	algEd25519: "ed25519",
	algX25519:  "x25519",
}

// algorithmOf is the identifier of a key type that can be made.
func algorithmOf(t engine.KeyType) (byte, bool) {
	switch t {
	case engine.RSA2048:
		return algRSA2048, true
	case engine.P256:
		return algP256, true
	case engine.P384:
		return algP384, true
	}
	return 0, false
}

// The elements of a public key (SP 800-73-4 part 2, table 12).
const (
	tagKeyTemplate = 0x7f49
	tagModulus     = 0x81
	tagExponent    = 0x82
	tagPoint       = 0x86
)

// parsePublicKey reads a public key as cards give it and returns its
// SubjectPublicKeyInfo.
func parsePublicKey(algorithm byte, data []byte) ([]byte, error) {
	list, err := readElements(data)
	if err != nil {
		return nil, malformed("public key", "%w", err)
	}
	point, _ := list.find(tagPoint)
	var public crypto.PublicKey
	switch algorithm {
	case algRSA1024, algRSA2048, algRSA3072, algRSA4096:
		public, err = rsaKey(list, rsaBits[algorithm])
	case algP256:
		public, err = ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	case algP384:
		public, err = ecdsa.ParseUncompressedPublicKey(elliptic.P384(), point)
	case algEd25519:
		public, err = ed25519Key(point)
	case algX25519:
		public, err = ecdh.X25519().NewPublicKey(point)
	default:
		err = fmt.Errorf("its algorithm %02X is unknown", algorithm)
	}
	if err != nil {
		return nil, malformed("public key", "%w", err)
	}
	spki, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, malformed("public key", "%w", err)
	}
	return spki, nil
}

var rsaBits = map[byte]int{algRSA1024: 1024, algRSA2048: 2048, algRSA3072: 3072, algRSA4096: 4096}

func rsaKey(list elements, bits int) (*rsa.PublicKey, error) {
	modulus, _ := list.find(tagModulus)
	exponent, _ := list.find(tagExponent)
	n, e := new(big.Int).SetBytes(modulus), new(big.Int).SetBytes(exponent)
	if n.BitLen() != bits {
		return nil, fmt.Errorf("its modulus has %d bits, not %d", n.BitLen(), bits)
	}
	if e.BitLen() > 31 || e.Bit(0) == 0 || e.Int64() < 3 {
		return nil, fmt.Errorf("its exponent of %d bits is not one for RSA", e.BitLen())
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
}

func ed25519Key(point []byte) (ed25519.PublicKey, error) {
	if len(point) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("it is %d bytes long, not %d", len(point), ed25519.PublicKeySize)
	}
	return ed25519.PublicKey(point), nil
}
