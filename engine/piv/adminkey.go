package piv

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // SP 800-78-4, table 5-1: what cards before AES have
	"crypto/subtle"
	"fmt"
	"io"

	"cardkiosk/engine"
)

// adminAlgorithm is the algorithm of an administration key (SP 800-78-4, table
// 6-2).
type adminAlgorithm byte

const (
	tripleDES adminAlgorithm = 0x03
	aes128    adminAlgorithm = 0x08
	aes192    adminAlgorithm = 0x0a
	aes256    adminAlgorithm = 0x0c
)

var adminAlgorithms = map[adminAlgorithm]struct {
	name      string
	keyLength int
}{
	tripleDES: {"3DES", 24},
	aes128:    {"AES-128", 16},
	aes192:    {"AES-192", 24},
	aes256:    {"AES-256", 32},
}

func (a adminAlgorithm) known() bool    { return a.keyLength() > 0 }
func (a adminAlgorithm) String() string { return adminAlgorithms[a].name }
func (a adminAlgorithm) keyLength() int { return adminAlgorithms[a].keyLength }

// adminAlgorithmNamed finds an algorithm by its name; zero when there is none.
func adminAlgorithmNamed(name string) adminAlgorithm {
	for a, known := range adminAlgorithms {
		if known.name == name {
			return a
		}
	}
	return 0
}

func (a adminAlgorithm) cipher(key []byte) (cipher.Block, error) {
	if len(key) != a.keyLength() {
		return nil, fmt.Errorf("administration key is %d bytes long, and %s wants %d", len(key), a, a.keyLength())
	}
	if a == tripleDES {
		return des.NewTripleDESCipher(key) //nolint:gosec // as above
	}
	return aes.NewCipher(key)
}

// AdminKey is an administration key that a card's issuer told us.
type AdminKey struct {
	Algorithm string // "3DES", "AES-128", "AES-192" or "AES-256"
	Value     []byte
}

// factoryAdminKey is what a YubiKey leaves the factory with, as 3DES and, from
// firmware 5.7, as AES-192 (docs.yubico.com, .NET SDK, "The PIV PIN, PUK, and
// management key").
func factoryAdminKey() []byte {
	return bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 3)
}

// The elements of GENERAL AUTHENTICATE (SP 800-73-4 part 2, table 7).
const (
	tagAuthenticate   = 0x7c
	tagWitness        = 0x80
	tagChallenge      = 0x81
	tagResponse       = 0x82
	tagExponentiation = 0x85
)

// authenticateAdmin proves the administration key to the card and has the card
// prove it too (SP 800-73-4 part 2, A.2). A wrong key is statusSecurity.
func (s *session) authenticateAdmin(ctx context.Context, a adminAlgorithm, key []byte) error {
	block, err := a.cipher(key)
	if err != nil {
		return err
	}
	ask := appendElement(nil, tagWitness, nil)
	witness, err := s.authenticate(ctx, byte(a), refAdminKey, ask, tagWitness, shortAnswer)
	if err != nil {
		return err
	}
	size := block.BlockSize()
	if len(witness) != size {
		return malformed("witness", "it is %d bytes long, not %d", len(witness), size)
	}
	challenge := make([]byte, size)
	if _, err := io.ReadFull(s.random, challenge); err != nil {
		return fmt.Errorf("draw challenge: %w", err)
	}
	plain, want := make([]byte, size), make([]byte, size)
	block.Decrypt(plain, witness)
	block.Encrypt(want, challenge)
	ask = appendElement(nil, tagWitness, plain)
	ask = appendElement(ask, tagChallenge, challenge)
	ask = appendElement(ask, tagResponse, nil)
	got, err := s.authenticate(ctx, byte(a), refAdminKey, ask, tagResponse, shortAnswer)
	switch {
	case err != nil:
		return err
	case subtle.ConstantTimeCompare(got, want) != 1:
		return malformed("response", "the card does not know its own administration key")
	}
	return nil
}

// authenticate is GENERAL AUTHENTICATE (SP 800-73-4 part 2, 3.2.4): it sends
// elements and returns the value of the one that is wanted back.
func (s *session) authenticate(ctx context.Context, algorithm, ref byte, ask []byte, want uint32, answer int) ([]byte, error) {
	data, err := s.send(ctx, command{
		ins: insAuthenticate, p1: algorithm, p2: ref, data: encodeElement(tagAuthenticate, ask), answer: answer,
	})
	if err != nil {
		return nil, err
	}
	outer, err := readElements(data)
	if err != nil {
		return nil, malformed("authentication", "%w", err)
	}
	template, ok := outer.find(tagAuthenticate)
	if !ok {
		return nil, malformed("authentication", "the answer has no element %X", tagAuthenticate)
	}
	list, err := readElements(template)
	if err != nil {
		return nil, malformed("authentication", "%w", err)
	}
	value, ok := list.find(want)
	if !ok {
		return nil, malformed("authentication", "the answer has no element %X", want)
	}
	return value, nil
}

const opUnlockAdmin = "unlock administration key"

// unlockAdmin authenticates with the administration key.
//
// A wrong one costs nothing on a YubiKey: "there is no retry limit on the
// management key" (docs.yubico.com, .NET SDK, "The PIV PIN, PUK, and management
// key"). Other cards may count, and are shown the key that we were told, once,
// and no other.
func (s *session) unlockAdmin(ctx context.Context) error {
	made, err := s.made(ctx)
	switch {
	case err != nil:
		return err
	case made.firmware.yubiKey():
		return s.unlockYubiKey(ctx, made)
	}
	if err := s.checkTold(made); err != nil {
		return err
	}
	taken, err := s.tryAdmin(ctx, adminMetadata{algorithm: adminAlgorithmNamed(s.told.Algorithm)}, s.told.Value)
	if err == nil && !taken {
		return refused(opUnlockAdmin, "", "the card has another administration key than the one that was told")
	}
	return err
}

// checkTold reports a card whose administration key nobody told us.
func (s *session) checkTold(made maker) error {
	if made.firmware.yubiKey() || s.told.Value != nil {
		return nil
	}
	return refused(opUnlockAdmin, "", "nobody told the administration key of this card")
}

// unlockYubiKey authenticates with the first key the card takes: the factory's,
// unless the card says it is no longer that, and the one behind the PIN. Which
// of the two it is also tells how far an interrupted protectAdminKey came.
func (s *session) unlockYubiKey(ctx context.Context, made maker) (err error) {
	m := adminMetadata{algorithm: tripleDES, factory: true}
	if made.firmware.tellsMetadata() {
		if m, err = s.readAdminMetadata(ctx); err != nil {
			return trouble(opUnlockAdmin, "", err)
		}
	}
	if m.factory {
		taken, err := s.tryAdmin(ctx, m, factoryAdminKey())
		if taken || err != nil {
			return err
		}
	}
	key, err := s.readProtectedKey(ctx)
	defer clear(key)
	if err != nil && !unreadable(err) {
		return trouble(opUnlockAdmin, "", err)
	}
	if len(key) == m.algorithm.keyLength() {
		taken, err := s.tryAdmin(ctx, m, key)
		if taken || err != nil {
			return err
		}
	}
	return refused(opUnlockAdmin, "", "the card has another administration key than the factory's, and none behind the PIN")
}

// tryAdmin reports whether the card takes a key. A card that waited in vain for
// a finger refuses in the same words as one that was shown a wrong key.
func (s *session) tryAdmin(ctx context.Context, m adminMetadata, key []byte) (taken bool, err error) {
	err = s.authenticateAdmin(ctx, m.algorithm, key)
	switch {
	case err == nil:
		return true, nil
	case !isStatus(err):
		return false, trouble(opUnlockAdmin, "", err)
	case m.touch:
		return false, &engine.Error{Op: opUnlockAdmin, Kind: engine.TouchMissed, Err: err}
	}
	return false, nil
}
