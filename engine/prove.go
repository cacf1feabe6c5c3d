package engine

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
)

// prove has the card show that it holds the private key to a public one: by a
// signature over a challenge, or, for encryption keys, by agreeing or
// decrypting. A card that cannot is CardTrouble.
func (r *runner) prove(ctx context.Context, at Place, spki []byte, encrypts bool) error {
	public, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return fmt.Errorf("read public key: %w", err)
	}
	if encrypts {
		return proveByAgreeing(ctx, r.card, at, public, r.desk.Random)
	}
	return proveBySigning(ctx, r.card, at, public, r.desk.Random)
}

func unproven(at Place, err error) error {
	return &Error{Op: "prove key", Kind: CardTrouble, Subject: string(at), Err: err}
}

var errWrongProof = errors.New("the card does not hold the private key")

// signs is a card, as far as it signs.
type signs interface {
	Sign(ctx context.Context, at Place, key crypto.PublicKey, digest []byte, hash crypto.Hash) ([]byte, error)
}

func proveBySigning(ctx context.Context, card signs, at Place, public crypto.PublicKey, random io.Reader) error {
	challenge := make([]byte, 32)
	if _, err := io.ReadFull(random, challenge); err != nil {
		return fmt.Errorf("draw challenge: %w", err)
	}
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		digest, hash := digestFor(key, challenge)
		sig, err := card.Sign(ctx, at, public, digest, hash)
		if err != nil {
			return err
		}
		if !ecdsa.VerifyASN1(key, digest, sig) {
			return unproven(at, errWrongProof)
		}
	case *rsa.PublicKey:
		digest := sha256.Sum256(challenge)
		sig, err := card.Sign(ctx, at, public, digest[:], crypto.SHA256)
		if err != nil {
			return err
		}
		if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], sig); err != nil {
			return unproven(at, errWrongProof)
		}
	default:
		return unproven(at, fmt.Errorf("keys of type %T cannot be proven", public))
	}
	return nil
}

// digestFor hashes with the function of the curve's size.
func digestFor(key *ecdsa.PublicKey, challenge []byte) ([]byte, crypto.Hash) {
	if key.Curve.Params().BitSize > 256 {
		d := sha512.Sum384(challenge)
		return d[:], crypto.SHA384
	}
	d := sha256.Sum256(challenge)
	return d[:], crypto.SHA256
}

func proveByAgreeing(ctx context.Context, card CardProof, at Place, public crypto.PublicKey, random io.Reader) error {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		return proveECDH(ctx, card, at, key)
	case *rsa.PublicKey:
		return proveDecryption(ctx, card, at, key, random)
	}
	return unproven(at, fmt.Errorf("keys of type %T cannot be proven", public))
}

func proveECDH(ctx context.Context, card CardProof, at Place, key *ecdsa.PublicKey) error {
	theirs, err := key.ECDH()
	if err != nil {
		return unproven(at, err)
	}
	ours, err := theirs.Curve().GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make a key to agree with: %w", err)
	}
	want, err := ours.ECDH(theirs)
	if err != nil {
		return unproven(at, err)
	}
	got, err := card.Agree(ctx, at, key, ours.PublicKey().Bytes())
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return unproven(at, errWrongProof)
	}
	return nil
}

// proveDecryption encrypts a secret below the modulus without padding (RFC
// 8017, 5.1.1 RSAEP) and has the card undo it.
func proveDecryption(ctx context.Context, card CardProof, at Place, key *rsa.PublicKey, random io.Reader) error {
	secret := make([]byte, key.Size())
	if _, err := io.ReadFull(random, secret[1:]); err != nil {
		return fmt.Errorf("draw secret: %w", err)
	}
	got, err := card.Agree(ctx, at, key, rsaEncrypt(key, secret))
	if err != nil {
		return err
	}
	if !bytes.Equal(got, secret) {
		return unproven(at, errWrongProof)
	}
	return nil
}

// rsaEncrypt is RSAEP, on public data only.
func rsaEncrypt(key *rsa.PublicKey, block []byte) []byte {
	m := new(big.Int).SetBytes(block)
	return m.Exp(m, big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, key.Size()))
}
