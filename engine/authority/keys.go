package authority

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"path/filepath"

	"github.com/youmark/pkcs8"

	"cardkiosk/engine"
)

// KeyKind is the algorithm and size of the issuing key.
type KeyKind string

// The kinds of issuing key.
const (
	KeyP256    KeyKind = "p256"
	KeyP384    KeyKind = "p384"
	KeyRSA3072 KeyKind = "rsa3072"
	KeyRSA4096 KeyKind = "rsa4096"
)

// shortestPassphrase is in bytes: the passphrase is all that guards a copied
// key file.
const shortestPassphrase = 12

// defaultIterations makes guessing the passphrase dear: OWASP's count of 2023
// for PBKDF2 with HMAC-SHA-256. Not scrypt: with parameters of that strength
// OpenSSL refuses to read the file, over its memory limit.
const defaultIterations = 600_000

func makeKey(kind KeyKind, random io.Reader) (crypto.Signer, error) {
	switch kind {
	case KeyP256:
		return ecdsa.GenerateKey(elliptic.P256(), random)
	case KeyP384:
		return ecdsa.GenerateKey(elliptic.P384(), random)
	case KeyRSA3072:
		return rsa.GenerateKey(random, 3072)
	case KeyRSA4096:
		return rsa.GenerateKey(random, 4096)
	}
	return nil, &engine.Error{
		Op: "make key", Kind: engine.BadInput, Subject: string(kind),
		Err: errors.New("the key is not one of p256 p384 rsa3072 rsa4096"),
	}
}

// seal is what keys are encrypted with.
type seal struct {
	passphrase []byte
	iterations int
}

// write writes a key encrypted.
func (s seal) write(dir, name string, key crypto.Signer) error {
	der, err := pkcs8.MarshalPrivateKey(key, s.passphrase, &pkcs8.Opts{
		Cipher:  pkcs8.AES256CBC,
		KDFOpts: pkcs8.PBKDF2Opts{SaltSize: 16, IterationCount: s.iterations, HMACHash: crypto.SHA256},
	})
	if err != nil {
		return fmt.Errorf("encrypt %s: %w", name, err)
	}
	return writePEM(dir, name, pemSealedKey, der)
}

// openPair reads a certificate and its key.
func openPair(dir, certName, keyName string, passphrase []byte) (*x509.Certificate, crypto.Signer, error) {
	der, err := readPEM(dir, certName, pemCertificate)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", certName, err)
	}
	sealed, err := readPEM(dir, keyName, pemSealedKey)
	if err != nil {
		return nil, nil, err
	}
	unusable := func(err error) error {
		return &engine.Error{Op: "open CA", Kind: engine.BadInput, Subject: filepath.Join(dir, keyName), Err: err}
	}
	if len(passphrase) == 0 { // the library would take that for "not encrypted"
		return nil, nil, unusable(errors.New("the passphrase is empty"))
	}
	parsed, _, err := pkcs8.ParsePrivateKey(sealed, passphrase)
	if err != nil {
		return nil, nil, unusable(errors.New("the passphrase does not open the key"))
	}
	key, ok := parsed.(crypto.Signer)
	if !ok || !samePublic(key.Public(), cert.PublicKey) {
		return nil, nil, unusable(fmt.Errorf("the key is not that of %s", certName))
	}
	return cert, key, nil
}

func samePublic(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// newSerial draws a serial number: 128 random bits, positive (RFC 5280,
// 4.1.2.2: at most 20 octets).
func newSerial(random io.Reader) (*big.Int, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, fmt.Errorf("draw serial number: %w", err)
	}
	n := new(big.Int).SetBytes(b)
	if n.Sign() == 0 {
		return nil, errors.New("draw serial number: the source of randomness gives zeros")
	}
	return n, nil
}

// keyID is the subject key identifier: RFC 7093, 2, method 1, the leftmost 160
// bits of the SHA-256 of the key's bit string.
func keyID(public crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &spki); err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	sum := sha256.Sum256(spki.Key.Bytes)
	return sum[:20], nil
}
