package authority

import (
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"

	"cardkiosk/engine"
)

// ErrUnknown is inside the error about a request, template, certificate or
// station that this CA does not have.
var ErrUnknown = errors.New("the CA does not know")

// unknown says what the CA does not have.
func unknown(op, format string, args ...any) error {
	return &engine.Error{Op: op, Kind: engine.BadInput, Err: fmt.Errorf("%w %s", ErrUnknown, fmt.Sprintf(format, args...))}
}

// refuse says no in the CA's own words: they, as a sentence, are all that goes
// to the station.
func refuse(op string, kind engine.Kind, format string, args ...any) error {
	return &engine.Error{Op: op, Kind: kind, Err: errors.New(engine.Clean(fmt.Sprintf(format, args...)))}
}

// wordsOf returns the words of a refusal.
func wordsOf(err error) string {
	var e *engine.Error
	if errors.As(err, &e) && e.Err != nil {
		return e.Err.Error()
	}
	return err.Error()
}

// sentence begins with a capital.
func sentence(words string) string {
	first, size := utf8.DecodeRuneInString(words)
	return string(unicode.ToUpper(first)) + words[size:]
}
