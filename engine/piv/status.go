package piv

import (
	"context"
	"errors"
	"fmt"

	"cardkiosk/engine"
)

// Status is a status word, the last two bytes of every answer. As an error it
// is the reason why a command was not carried out.
type Status uint16

// The status words that are told apart: SP 800-73-4 part 1, table 6, and ISO
// 7816-4, table 5.
const (
	statusOK            Status = 0x9000
	statusMemoryFailure Status = 0x6581
	statusWrongLength   Status = 0x6700
	statusSecurity      Status = 0x6982
	statusBlocked       Status = 0x6983
	statusConditions    Status = 0x6985
	statusBadData       Status = 0x6a80
	statusNoFunction    Status = 0x6a81
	statusNotFound      Status = 0x6a82
	statusFull          Status = 0x6a84
	statusBadParameters Status = 0x6a86
	statusNoReference   Status = 0x6a88
	statusNoInstruction Status = 0x6d00
	statusNoClass       Status = 0x6e00
)

// The classes of status words whose low byte, or digit, is a number.
const (
	statusMore         Status = 0x6100 // so many bytes more
	statusVerifyFailed Status = 0x6300
	statusExactLength  Status = 0x6c00 // ask again, for so many bytes
	statusTriesLeft    Status = 0x63c0 // a digit only
)

// class is a status word without its low byte.
func (s Status) class() Status { return s &^ 0xff }

// length is the number of bytes in the low byte, where 00 means 256.
func (s Status) length() int {
	if s&0xff == 0 {
		return shortAnswer
	}
	return int(s & 0xff)
}

// statuses is what the standard calls them, and what a person can do about
// them.
var statuses = map[Status]struct {
	words string
	kind  engine.Kind
}{
	statusMemoryFailure: {"memory failure", engine.CardTrouble},
	statusWrongLength:   {"wrong length", engine.CardTrouble},
	statusSecurity:      {"security status not satisfied", engine.CardRefused},
	statusBlocked:       {"authentication method blocked", engine.PINBlocked},
	statusConditions:    {"conditions of use not satisfied", engine.CardRefused},
	statusBadData:       {"incorrect parameter in command data field", engine.CardTrouble},
	statusNoFunction:    {"function not supported", engine.CardRefused},
	statusNotFound:      {"data object or application not found", engine.CardTrouble},
	statusFull:          {"not enough memory", engine.CardFull},
	statusBadParameters: {"incorrect parameter in P1 or P2", engine.CardRefused},
	statusNoReference:   {"referenced data not found", engine.CardTrouble},
	statusNoInstruction: {"instruction not supported", engine.CardRefused},
	statusNoClass:       {"class not supported", engine.CardRefused},
}

func (s Status) Error() string {
	if known, ok := statuses[s]; ok {
		return fmt.Sprintf("status %04X: %s", uint16(s), known.words)
	}
	if left, ok := s.triesLeft(); ok {
		return fmt.Sprintf("status %04X: verification failed, %d tries left", uint16(s), left)
	}
	return fmt.Sprintf("status %04X", uint16(s))
}

// kind classes a status word by what the person can do about it. One that is
// not known is trouble.
func (s Status) kind() engine.Kind {
	if left, ok := s.triesLeft(); ok {
		if left == 0 {
			return engine.PINBlocked
		}
		return engine.WrongPIN
	}
	if known, ok := statuses[s]; ok {
		return known.kind
	}
	return engine.CardTrouble
}

// triesLeft reads the counter in 63CX.
func (s Status) triesLeft() (int, bool) {
	return int(s & 0xf), s&^0xf == statusTriesLeft
}

// FormatError says what is wrong with something that was read from a card.
type FormatError struct {
	Object string // "CHUID", "certificate object"
	Err    error  // "GUID is 15 bytes long, not 16"
}

func (e *FormatError) Error() string { return e.Object + ": " + e.Err.Error() }

func (e *FormatError) Unwrap() error { return e.Err }

func malformed(object, what string, values ...any) error {
	return &FormatError{Object: object, Err: fmt.Errorf(what, values...)}
}

// trouble makes an engine.Error of what went wrong in a deed. Errors that are
// engine.Errors already keep their Kind. It returns nil for nil.
func trouble(op, subject string, err error) error {
	if err == nil {
		return nil
	}
	var sw Status
	var format *FormatError
	var known *engine.Error
	switch {
	case errors.As(err, &known):
		return fmt.Errorf("%s: %w", op, err)
	case errors.Is(err, context.Canceled):
		return &engine.Error{Op: op, Kind: engine.Stopped, Subject: subject, Err: err}
	case errors.As(err, &sw):
		left, _ := sw.triesLeft()
		return &engine.Error{Op: op, Kind: sw.kind(), Subject: subject, TriesLeft: left, Err: err}
	case errors.As(err, &format):
		return &engine.Error{Op: op, Kind: engine.CardTrouble, Subject: subject, Err: err}
	}
	return fmt.Errorf("%s: %w", op, err)
}

func refused(op, subject, why string) error {
	return &engine.Error{Op: op, Kind: engine.CardRefused, Subject: subject, Err: errors.New(why)}
}

func stopped(err error) error {
	return &engine.Error{Op: "talk to card", Kind: engine.Stopped, Err: err}
}
