package sim

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
)

// Algorithms (SP 800-78-4 table 6-2; from RSA 3072 on Yubico's, from firmware
// 5.7).
const (
	algRSA1024 = 0x06
	algRSA2048 = 0x07
	algP256    = 0x11
	algP384    = 0x14
	algRSA3072 = 0x05
	algRSA4096 = 0x16
	algEd25519 = 0xe0
	algX25519  = 0xe1
)

// algorithmSince says from which card on there is an algorithm.
var algorithmSince = map[byte]Firmware{
	algRSA1024: {1, 0, 0},
	algRSA2048: {},
	algP256:    {},
	algP384:    {},
	algRSA3072: {5, 7, 0},
	algRSA4096: {5, 7, 0},
	algEd25519: {5, 7, 0},
	algX25519:  {5, 7, 0},
}

var rsaBits = map[byte]int{algRSA1024: 1024, algRSA2048: 2048, algRSA3072: 3072, algRSA4096: 4096}

// Policies, in Yubico's numbers.
const (
	PINNever  byte = 0x01
	PINOnce   byte = 0x02
	PINAlways byte = 0x03

	TouchNever  byte = 0x01
	TouchAlways byte = 0x02
	TouchCached byte = 0x03

	policyDefault = 0x00 // in a command: the slot's own
)

const (
	slotAuthentication     Slot = 0x9a
	slotAdmin              Slot = 0x9b
	slotSignature          Slot = 0x9c
	slotKeyManagement      Slot = 0x9d
	slotCardAuthentication Slot = 0x9e
	slotAttestation        Slot = 0xf9
)

// valid reports whether a private key can be in the slot.
func (s Slot) valid() bool {
	return s == slotAuthentication || s >= slotSignature && s <= slotCardAuthentication || s.retired() || s == slotAttestation
}

func (s Slot) retired() bool { return s >= 0x82 && s <= 0x95 }

func (s Slot) check() error {
	if !s.valid() {
		return errors.New("there is no such slot")
	}
	return nil
}

// pinPolicy is what the slot asks for when the command does not say (SP 800-73-4
// part 1, table 4b; Yubico .NET SDK, "PIV PIN and touch policies").
func (s Slot) pinPolicy() byte {
	if s == slotSignature {
		return PINAlways
	}
	if s == slotCardAuthentication {
		return PINNever
	}
	return PINOnce
}

// privateKey is a Key ready for use.
type privateKey struct {
	algorithm byte
	signer    crypto.Signer    // nil for X25519
	agreer    *ecdh.PrivateKey // nil for RSA and Ed25519
	public    crypto.PublicKey
	spki      []byte // public, as SubjectPublicKeyInfo
}

// makeKey makes a key pair.
func makeKey(algorithm byte, random io.Reader) (any, error) {
	switch algorithm {
	case algP256:
		return ecdsa.GenerateKey(elliptic.P256(), random)
	case algP384:
		return ecdsa.GenerateKey(elliptic.P384(), random)
	case algEd25519:
		_, key, err := ed25519.GenerateKey(random)
		return key, err
	case algX25519:
		return ecdh.X25519().GenerateKey(random)
	}
	return rsa.GenerateKey(random, rsaBits[algorithm])
}

// NewKey closes a private key of the standard library into a Key: RSA, ECDSA on
// P-256 or P-384, Ed25519, or ECDH on X25519.
func NewKey(private any, imported bool, pin, touch byte) (Key, error) {
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return Key{}, fmt.Errorf("write key: %w", err)
	}
	k := Key{PIN: pin, Touch: touch, Imported: imported, Private: der}
	opened, err := k.open()
	if err != nil {
		return Key{}, err
	}
	k.Algorithm, k.Public = opened.algorithm, opened.spki
	return k, k.check()
}

// Signer opens the private key; nil for X25519, which does not sign.
func (k Key) Signer() (crypto.Signer, error) {
	p, err := k.open()
	return p.signer, err
}

// open reads the private key.
func (k Key) open() (privateKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(k.Private)
	if err != nil {
		return privateKey{}, fmt.Errorf("read key: %w", err)
	}
	var p privateKey
	switch key := parsed.(type) {
	case *rsa.PrivateKey:
		p = privateKey{algorithm: algorithmOfRSA(key.N.BitLen()), signer: key, public: key.Public()}
	case *ecdsa.PrivateKey:
		p = privateKey{algorithm: algorithmOfCurve(key.Curve), signer: key, public: key.Public()}
		p.agreer, err = key.ECDH()
	case ed25519.PrivateKey:
		p = privateKey{algorithm: algEd25519, signer: key, public: key.Public()}
	case *ecdh.PrivateKey:
		p = privateKey{algorithm: algX25519, agreer: key, public: key.PublicKey()}
	}
	if err != nil {
		return privateKey{}, fmt.Errorf("read key: %w", err)
	}
	if p.spki, err = x509.MarshalPKIXPublicKey(p.public); err != nil {
		return privateKey{}, fmt.Errorf("read public key: %w", err)
	}
	return p, nil
}

// algorithmOfCurve returns zero, which is no algorithm, for curves of other cards.
func algorithmOfCurve(curve elliptic.Curve) byte {
	switch curve {
	case elliptic.P256():
		return algP256
	case elliptic.P384():
		return algP384
	}
	return 0
}

func algorithmOfRSA(bits int) byte {
	for algorithm, n := range rsaBits {
		if n == bits {
			return algorithm
		}
	}
	return 0
}

// publicTLV writes a public key as GENERATE and GET METADATA tell it (SP 800-73-4
// part 2, table 12): modulus and exponent, or the point.
func publicTLV(spki []byte) ([]byte, error) {
	public, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	var point []byte
	switch key := public.(type) {
	case *rsa.PublicKey:
		e := big.NewInt(int64(key.E)).Bytes()
		return appendTLV(appendTLV(nil, 0x81, key.N.Bytes()), 0x82, e), nil
	case *ecdsa.PublicKey:
		if point, err = key.Bytes(); err != nil {
			return nil, fmt.Errorf("read public key: %w", err)
		}
	case ed25519.PublicKey:
		point = key
	case *ecdh.PublicKey:
		point = key.Bytes()
	}
	return appendTLV(nil, 0x86, point), nil
}
