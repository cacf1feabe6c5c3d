package piv

import (
	"context"
	"encoding/binary"
	"strconv"
)

// readSerial reads a YubiKey's serial number as it is printed on it, in
// decimal. "" is a card that tells none: a NEO, or one configured to hide it.
func (s *session) readSerial(ctx context.Context, fw firmware) (string, error) {
	switch {
	case fw.atLeast(5, 0, 0):
		// docs.yubico.com, .NET SDK, "Get the serial number": YubiKey 5 and later.
		answer, err := s.send(ctx, command{ins: insGetSerial, answer: shortAnswer})
		if isStatus(err) {
			return "", nil
		}
		return serialText(answer), trouble("read serial number", "", err)
	case fw.atLeast(4, 1, 0):
		return s.readManagedSerial(ctx)
	}
	return "", nil
}

// readManagedSerial asks the management application of a YubiKey 4 and comes
// back to PIV. Whatever was verified there is forgotten by the card (SP
// 800-73-4 part 2, 3.1.1), so it is only called before.
func (s *session) readManagedSerial(ctx context.Context) (string, error) {
	const (
		insReadConfig = 0x1d // ykman, management.py
		tagSerial     = 0x02
	)
	answer := []byte(nil)
	err := s.selectApplication(ctx, aidManagement)
	if err == nil {
		answer, err = s.send(ctx, command{ins: insReadConfig, answer: shortAnswer})
	}
	if err != nil && !isStatus(err) {
		return "", trouble("read serial number", "", err)
	}
	if err := s.selectPIV(ctx); err != nil {
		return "", err
	}
	if len(answer) == 0 {
		return "", nil
	}
	config, _ := readElements(answer[1:]) // the first byte counts the others; rubbish tells nothing
	serial, _ := config.find(tagSerial)
	return serialText(serial), nil
}

func serialText(b []byte) string {
	if len(b) != 4 {
		return ""
	}
	n := binary.BigEndian.Uint32(b)
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(n), 10)
}
