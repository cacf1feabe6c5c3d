package sim

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // the administration key of older cards is 3DES
	"fmt"
	"io"
	"slices"
)

// Algorithms of the administration key (SP 800-78-4 table 6-2). 00 in a command
// means 3DES.
const (
	alg3DES   = 0x03
	algAES128 = 0x08
	algAES192 = 0x0a
	algAES256 = 0x0c
)

// factoryAdminKey fits 3DES and AES-192.
const factoryAdminKey = "\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08"

var adminKeyLength = map[byte]int{alg3DES: 24, algAES128: 16, algAES192: 24, algAES256: 32}

// challenge is a question the card has asked about the administration key.
type challenge struct {
	tag    uint32 // as what: witness or challenge
	answer []byte // the one right answer
}

// cipher returns the block cipher of the key.
func (k AdminKey) cipher() (cipher.Block, error) {
	n, known := adminKeyLength[k.Algorithm]
	if !known || len(k.Value) != n {
		return nil, fmt.Errorf("algorithm %02x with %d bytes does not exist", k.Algorithm, len(k.Value))
	}
	if k.Touch < TouchNever || k.Touch > TouchCached {
		return nil, fmt.Errorf("touch policy %02x does not exist", k.Touch)
	}
	if k.Algorithm == alg3DES {
		return des.NewTripleDESCipher(k.Value) //nolint:gosec // as the card has it
	}
	return aes.NewCipher(k.Value)
}

// authenticateAdmin shows that the other side holds the administration key, and
// with a witness also that the card does (SP 800-73-4 part 2, A.1 and A.2):
//
//	81 empty           → 81 random, then 82 encrypted → nothing
//	80 empty           → 80 encrypted random, then 80 decrypted, 81 random → 82 encrypted
//
// A wrong answer costs nothing but the question. An algorithm that is not the
// key's is 6A80 (Teleport issue 55889: 3DES asked of firmware 5.7).
func (c *Card) authenticateAdmin(algorithm byte, template []element) ([]byte, status) {
	block, err := c.state.Admin.cipher()
	if algorithm == 0 {
		algorithm = alg3DES
	}
	if err != nil || algorithm != c.state.Admin.Algorithm {
		return nil, swIncorrectData
	}
	asked := c.session.challenge
	c.session.challenge = nil
	witness, random, response := find(template, tagWitness), find(template, tagChallenge), find(template, tagResponse)
	switch {
	case len(witness) == 0 && witness != nil:
		return c.ask(block, tagWitness)
	case len(random) == 0 && random != nil:
		return c.ask(block, tagChallenge)
	case len(witness) > 0 && len(random) == block.BlockSize():
		if sw := c.hear(asked, tagWitness, witness); sw != swOK {
			return nil, sw
		}
		sealed := make([]byte, len(random))
		block.Encrypt(sealed, random)
		return answerTemplate(tagResponse, sealed), swOK
	case len(response) > 0 && witness == nil && random == nil:
		return nil, c.hear(asked, tagChallenge, response)
	}
	return nil, swIncorrectData
}

// ask draws a random block and remembers the answer to it: as a witness it tells
// the block encrypted, as a challenge the block itself.
func (c *Card) ask(block cipher.Block, tag uint32) ([]byte, status) {
	drawn := make([]byte, block.BlockSize())
	if _, err := io.ReadFull(c.o.Random, drawn); err != nil {
		return nil, swMemoryFailure
	}
	sealed := make([]byte, len(drawn))
	block.Encrypt(sealed, drawn)
	if tag == tagWitness {
		c.session.challenge = &challenge{tag, drawn}
		return answerTemplate(tag, sealed), swOK
	}
	c.session.challenge = &challenge{tag, sealed}
	return answerTemplate(tag, drawn), swOK
}

// hear takes the answer to what was asked.
func (c *Card) hear(asked *challenge, tag uint32, answer []byte) status {
	if asked == nil || asked.tag != tag || !bytes.Equal(asked.answer, answer) {
		c.session.admin = false
		return swSecurityStatus
	}
	if !c.fingerSuffices(byte(slotAdmin), c.state.Admin.Touch) {
		return swSecurityStatus
	}
	c.session.admin = true
	return swOK
}

// setAdminKey is Yubico's SET MANAGEMENT KEY: algorithm, 9B, length, key. P2
// tells the touch policy: FF never, FE always, FD cached (Yubico .NET SDK, "Set
// management key"). AES keys came with firmware 5.4.2.
func (c *Card) setAdminKey(cmd command) ([]byte, status) {
	touch, ok := map[byte]byte{0xff: TouchNever, 0xfe: TouchAlways, 0xfd: TouchCached}[cmd.p2]
	switch {
	case cmd.p1 != 0xff || !ok:
		return nil, c.badParameters()
	case !c.session.admin:
		return nil, swSecurityStatus
	case len(cmd.data) < 3 || cmd.data[1] != byte(slotAdmin) || int(cmd.data[2]) != len(cmd.data)-3:
		return nil, swIncorrectData
	case cmd.data[0] != alg3DES && !c.state.Firmware.atLeast(Firmware{5, 4, 2}):
		return nil, swIncorrectData
	}
	key := AdminKey{Algorithm: cmd.data[0], Value: slices.Clone(cmd.data[3:]), Touch: touch}
	if _, err := key.cipher(); err != nil {
		return nil, swIncorrectData
	}
	c.state.Admin = key
	return nil, swOK
}
