package sim

import (
	"encoding/binary"
	"strings"
)

// applicationID is PIV's, with its version (SP 800-73-4 part 1, 2.2).
const applicationID = "\xa0\x00\x00\x03\x08\x00\x00\x10\x00\x01\x00"

// isPIV reports whether an AID is PIV's, or its beginning. The first five
// bytes are the least.
func isPIV(aid []byte) bool {
	return len(aid) >= 5 && strings.HasPrefix(applicationID, string(aid))
}

// The instructions: SP 800-73-4 part 2 table 2, then Yubico's.
const (
	insVerify          = 0x20
	insChangeReference = 0x24
	insResetRetry      = 0x2c
	insGenerate        = 0x47
	insAuthenticate    = 0x87
	insSelect          = 0xa4
	insGetResponse     = 0xc0
	insGetData         = 0xcb
	insPutData         = 0xdb

	insMoveKey     = 0xf6
	insGetMetadata = 0xf7
	insGetSerial   = 0xf8
	insAttest      = 0xf9
	insSetRetries  = 0xfa
	insReset       = 0xfb
	insGetVersion  = 0xfd
	insImportKey   = 0xfe
	insSetAdminKey = 0xff
)

// claChain marks a command that goes on in the next APDU (ISO 7816-4, 5.1.1.1).
const claChain = 0x10

// status is the status word that ends every answer (ISO 7816-4, 5.1.3).
type status uint16

const (
	swOK                      status = 0x9000
	swMoreData                status = 0x6100 // low byte: how much, 00 for 256 or more
	swTriesLeft               status = 0x63c0 // low digit: how many
	swMemoryFailure           status = 0x6581
	swWrongLength             status = 0x6700
	swSecurityStatus          status = 0x6982
	swBlocked                 status = 0x6983
	swConditions              status = 0x6985
	swIncorrectData           status = 0x6a80
	swFunctionNotSupported    status = 0x6a81
	swNotFound                status = 0x6a82
	swNotEnoughMemory         status = 0x6a84
	swIncorrectP1P2           status = 0x6a86
	swReferenceNotFound       status = 0x6a88
	swWrongP1P2               status = 0x6b00
	swInstructionNotSupported status = 0x6d00
	swClassNotSupported       status = 0x6e00
)

// command is a command APDU, or a chain of them joined.
type command struct {
	cla, ins, p1, p2 byte
	data             []byte
	most             int // bytes the answer may have
	extended         bool
}

// mostShort is how long the answer to a short APDU may be. A command without
// Le may be answered like one with Le 00: Yubico's documents show GET METADATA
// and ATTEST sent that way.
const mostShort = 256

// parseCommand reads a command APDU, short or extended (ISO 7816-3, 12.1.3).
func parseCommand(b []byte) (command, bool) {
	if len(b) < 4 {
		return command{}, false
	}
	cmd := command{cla: b[0], ins: b[1], p1: b[2], p2: b[3], most: mostShort}
	body := b[4:]
	switch {
	case len(body) == 0:
		return cmd, true
	case len(body) == 1:
		cmd.most = length(int(body[0]), mostShort)
		return cmd, true
	case body[0] == 0 && len(body) >= 3:
		return cmd.parseExtended(body[1:])
	}
	lc := int(body[0])
	body = body[1:]
	switch {
	case lc == 0 || len(body) < lc || len(body) > lc+1:
		return command{}, false
	case len(body) == lc+1:
		cmd.most = length(int(body[lc]), mostShort)
	}
	cmd.data = body[:lc]
	return cmd, true
}

// parseExtended reads what comes after the zero that announces lengths of two
// bytes.
func (cmd command) parseExtended(body []byte) (command, bool) {
	const mostExtended = 65536
	cmd.extended = true
	n := int(binary.BigEndian.Uint16(body))
	body = body[2:]
	switch len(body) {
	case 0:
		cmd.most = length(n, mostExtended)
		return cmd, true
	case n:
		cmd.data = body
		return cmd, true
	case n + 2:
		cmd.data = body[:n]
		cmd.most = length(int(binary.BigEndian.Uint16(body[n:])), mostExtended)
		return cmd, n > 0
	}
	return command{}, false
}

// length is what an Le means: zero asks for all there may be.
func length(le, all int) int {
	if le == 0 {
		return all
	}
	return le
}

// interrupt forgets a chain that was begun and an answer that was not fetched.
func (s *session) interrupt() {
	s.chain, s.rest = nil, nil
	s.commands++
}

// join adds an APDU to the chain it belongs to, and tells whether the command
// is whole. Another command gives a chain up, and it has had no effect
// (SP 800-73-4 part 2, 3.2.4).
func (s *session) join(cmd command, most int) (command, bool, status) {
	if ch := s.chain; ch != nil && ch.ins == cmd.ins && ch.p1 == cmd.p1 && ch.p2 == cmd.p2 {
		cmd.data = append(ch.data, cmd.data...)
	}
	s.chain = nil
	if len(cmd.data) > most {
		return cmd, false, swWrongLength
	}
	if cmd.cla&claChain == 0 {
		return cmd, true, swOK
	}
	cmd.data = append([]byte(nil), cmd.data...) // the APDU is the caller's
	s.chain = &cmd
	return cmd, false, swOK
}

// portion cuts an answer to what the command may get, and keeps the rest.
func (s *session) portion(cmd command, data []byte, sw status) ([]byte, status) {
	if len(data) <= cmd.most {
		return data, sw
	}
	s.rest = data[cmd.most:]
	more := len(s.rest)
	if more > 0xff {
		more = 0
	}
	return data[:cmd.most:cmd.most], swMoreData | status(more)
}

// getResponse is GET RESPONSE (SP 800-73-4 part 2, A.4.1). That a YubiKey with
// nothing to give answers 6A80 is in Yubico's documents: .NET SDK, "Authenticate:
// sign", last lines of the example.
func (s *session) getResponse(cmd command) ([]byte, status) {
	s.chain = nil
	data := s.rest
	s.rest = nil
	if len(data) == 0 {
		return nil, swIncorrectData
	}
	return s.portion(cmd, data, swOK)
}
