package piv

import "context"

// Instructions: SP 800-73-4 part 2, table 2, then Yubico's own
// (docs.yubico.com, .NET SDK, "PIV commands").
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
	insReset       = 0xfb
	insGetMetadata = 0xf7
	insGetSerial   = 0xf8
	insGetVersion  = 0xfd
	insImportKey   = 0xfe
	insSetAdminKey = 0xff
)

const (
	claLast  = 0x00
	claChain = 0x10 // more of the command follows (ISO 7816-4, 5.1.1.1)
)

// How much answer a command asks for.
const (
	noAnswer    = 0
	shortAnswer = 256
	longAnswer  = 65536
)

// Limits for what a card may answer. The largest PIV object is the facial
// image of about 12,710 bytes (SP 800-73-4 part 1, table 13).
const (
	mostAnswer   = 32 << 10
	mostPortions = 256
	mostPortion  = 65536
)

// chunk is the most data of a short APDU.
const chunk = 255

// command is a command of any length; how many APDUs it takes depends on card
// and reader.
type command struct {
	ins, p1, p2 byte
	data        []byte
	answer      int
	moved       func(done, total int) // told how much of data has reached the card
}

// long reports whether the command needs an extended APDU to go in one piece.
func (c command) long() bool { return len(c.data) > chunk || c.answer > shortAnswer }

// send carries out a command. A status word other than 9000 is returned as a
// Status.
func (s *session) send(ctx context.Context, c command) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, stopped(err)
	}
	extended := s.extended && !s.t0 && c.long()
	answer, sw, err := s.exchange(ctx, c, extended)
	if err == nil && extended && sw == statusWrongLength {
		// The ATR promised extended length and card or reader cannot; the
		// command was not carried out (ISO 7816-4, table 5).
		s.extended = false
		answer, sw, err = s.exchange(ctx, c, false)
	}
	switch {
	case err != nil:
		return nil, err
	case sw != statusOK:
		return nil, sw
	}
	return answer, nil
}

// exchange sends a command in as many APDUs as it takes and collects the
// answer. Once begun it is not cut short by ctx: a card in the middle of a
// chain takes the next program's command for a part of ours.
func (s *session) exchange(ctx context.Context, c command, extended bool) ([]byte, Status, error) {
	rest, done := c.data, 0
	for !extended && len(rest) > chunk {
		_, sw, err := s.transmit(ctx, s.encodeShort(claChain, c, rest[:chunk], noAnswer))
		if err != nil || sw != statusOK {
			return nil, sw, err
		}
		rest, done = rest[chunk:], done+chunk
		c.tell(done)
		ctx = context.WithoutCancel(ctx)
	}
	last := s.encodeShort
	if extended {
		last = encodeExtended
	}
	answer, sw, err := s.transmit(ctx, last(claLast, c, rest, c.answer))
	ctx = context.WithoutCancel(ctx)
	if err == nil && sw.class() == statusExactLength && len(answer) == 0 {
		answer, sw, err = s.transmit(ctx, s.encodeShort(claLast, c, rest, sw.length()))
	}
	if err != nil {
		return nil, 0, err
	}
	if sw == statusOK {
		c.tell(len(c.data))
	}
	return s.collect(ctx, answer, sw)
}

func (c command) tell(done int) {
	if c.moved != nil {
		c.moved(done, len(c.data))
	}
}

// collect fetches the rest of an answer (SP 800-73-4 part 2, 3.1.2, note 5).
func (s *session) collect(ctx context.Context, first []byte, sw Status) ([]byte, Status, error) {
	all := first
	for portions := 0; sw.class() == statusMore; portions++ {
		if portions == mostPortions || len(all) > mostAnswer {
			return nil, sw, malformed("answer", "the card does not come to an end")
		}
		portion, next, err := s.transmit(ctx, s.encodeShort(claLast, command{ins: insGetResponse}, nil, sw.length()))
		if err == nil && next.class() == statusExactLength && len(portion) == 0 {
			portion, next, err = s.transmit(ctx, s.encodeShort(claLast, command{ins: insGetResponse}, nil, next.length()))
		}
		if err != nil {
			return nil, next, err
		}
		all, sw = append(all, portion...), next
	}
	if len(all) > mostAnswer {
		return nil, sw, malformed("answer", "%d bytes are more than any PIV object has", len(all))
	}
	return all, sw, nil
}

// transmit sends one APDU and wipes it: it may hold a PIN or a key.
func (s *session) transmit(ctx context.Context, apdu []byte) ([]byte, Status, error) {
	defer clear(apdu)
	if s.over {
		return nil, 0, errOver
	}
	answer, err := s.wire.Transmit(ctx, apdu)
	if err != nil {
		return nil, 0, err
	}
	n := len(answer) - 2
	if n < 0 || n > mostPortion {
		return nil, 0, malformed("answer", "%d bytes are not an answer", len(answer))
	}
	return answer[:n:n], Status(answer[n])<<8 | Status(answer[n+1]), nil
}

// encodeShort writes an APDU with one-byte lengths (ISO 7816-4, 5.1). Le is
// the low byte of answer: 256 is 00.
//
// T=0 has one byte, P3, for both lengths (ISO/IEC 7816-3, 12.2). Behind data
// there is no Le: the card says 61xx, and the answer is fetched. Where there is
// neither data nor answer, P3 is 00.
func (s *session) encodeShort(cla byte, c command, data []byte, answer int) []byte {
	apdu := append(make([]byte, 0, 6+len(data)), cla, c.ins, c.p1, c.p2)
	if len(data) > 0 {
		apdu = append(apdu, byte(len(data)))
		apdu = append(apdu, data...)
	}
	if s.t0 && len(data) == 0 || !s.t0 && answer != noAnswer {
		apdu = append(apdu, byte(answer))
	}
	return apdu
}

// encodeExtended writes an APDU with two-byte lengths: 65,536 is 00 00.
func encodeExtended(cla byte, c command, data []byte, answer int) []byte {
	apdu := append(make([]byte, 0, 9+len(data)), cla, c.ins, c.p1, c.p2, 0)
	if len(data) > 0 {
		apdu = append(apdu, byte(len(data)>>8), byte(len(data)))
		apdu = append(apdu, data...)
	}
	if answer != noAnswer {
		apdu = append(apdu, byte(answer>>8), byte(answer))
	}
	return apdu
}
