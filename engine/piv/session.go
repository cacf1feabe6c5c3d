package piv

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// session is the PIV application, selected, within one transaction.
type session struct {
	wire     Transmitter
	t0       bool // the reader speaks T=0 with the card
	extended bool
	random   io.Reader
	over     bool // the transaction has ended
	told     AdminKey
	holder   *holderPIN

	maker *maker // nil until asked
}

// maker is what a card tells of its maker. It cannot change in a transaction.
type maker struct {
	firmware firmware
	serial   string // "" when the card tells none
}

var errOver = errors.New("the card is locked")

// PIV's AID with its version (SP 800-73-4 part 1, 2.2), and that of the
// YubiKey's management application.
const (
	aidPIV        = "\xa0\x00\x00\x03\x08\x00\x00\x10\x00\x01\x00"
	aidManagement = "\xa0\x00\x00\x05\x27\x47\x11\x17"
)

// selectPIV selects the PIV application (SP 800-73-4 part 2, 3.1.1). Nothing
// is expected of the answer: cards put there what they like.
func (s *session) selectPIV(ctx context.Context) error {
	err := s.selectApplication(ctx, aidPIV)
	if errors.Is(err, statusNotFound) {
		return trouble("select PIV application", "", malformed("card", "it has no PIV application (%w)", err))
	}
	return trouble("select PIV application", "", err)
}

func (s *session) selectApplication(ctx context.Context, aid string) error {
	_, err := s.send(ctx, command{ins: insSelect, p1: 0x04, data: []byte(aid), answer: shortAnswer})
	return err
}

// made asks the card for its firmware and serial number, once in a
// transaction.
func (s *session) made(ctx context.Context) (maker, error) {
	if s.maker != nil {
		return *s.maker, nil
	}
	fw, err := s.readFirmware(ctx)
	if err != nil {
		return maker{}, err
	}
	serial, err := s.readSerial(ctx, fw)
	if err != nil {
		return maker{}, err
	}
	s.maker = &maker{firmware: fw, serial: serial}
	return *s.maker, nil
}

// firmware is a YubiKey's version. The zero value is any other card.
type firmware struct{ major, minor, patch byte }

func (f firmware) yubiKey() bool { return f != firmware{} }

func (f firmware) atLeast(major, minor, patch byte) bool {
	return f.number() >= firmware{major, minor, patch}.number()
}

func (f firmware) number() int { return int(f.major)<<16 | int(f.minor)<<8 | int(f.patch) }

// model is how people call the card.
func (f firmware) model() string {
	switch {
	case !f.yubiKey():
		return "PIV card"
	case !f.atLeast(4, 0, 0): // a NEO tells the version of its applet
		return fmt.Sprintf("YubiKey NEO (PIV %d.%d.%d)", f.major, f.minor, f.patch)
	}
	return fmt.Sprintf("YubiKey %d.%d.%d", f.major, f.minor, f.patch)
}

// readFirmware asks for a YubiKey's version. Other cards do not know the
// instruction, and are free to refuse it in any words.
func (s *session) readFirmware(ctx context.Context) (firmware, error) {
	answer, err := s.send(ctx, command{ins: insGetVersion, answer: shortAnswer})
	switch {
	case isStatus(err):
		return firmware{}, nil
	case err != nil:
		return firmware{}, trouble("read version", "", err)
	case len(answer) != 3:
		return firmware{}, nil
	}
	return firmware{answer[0], answer[1], answer[2]}, nil
}

// isStatus reports whether err is a card's refusal, and not trouble on the way
// to it.
func isStatus(err error) bool {
	var sw Status
	return errors.As(err, &sw)
}
