package mail

import (
	"errors"
	"fmt"
	"net/textproto"
	"strings"

	"github.com/emersion/go-smtp"

	"cardkiosk/engine"
)

// away is trouble that is not the letter's: it can be sent later.
func (p *Post) away(op string, err error) error {
	return &engine.Error{Op: op, Kind: engine.MailAway, Subject: p.config.Server, Err: spoken{err}}
}

// judge tells a "no" to the letter from trouble that passes, and what keeps one
// letter from what keeps all.
func (p *Post) judge(op string, err error) error {
	var said *smtp.SMTPError
	if !errors.As(err, &said) || aboutSession(said.Code) {
		return p.away(op, err)
	}
	kind := engine.MailLater
	if said.Code/100 == 5 && !aboutPolicy(said) {
		kind = engine.MailRefused
	}
	return &engine.Error{Op: op, Kind: kind, Subject: p.config.Server, Err: spoken{err}}
}

// aboutSession reports whether a reply speaks of how we talk, not of the
// letter: RFC 5321, 4.2.2 (closing, command unknown, not implemented, out of
// sequence) and RFC 4954, 6 (signing in). So does any that is no "no".
func aboutSession(code int) bool {
	switch code {
	case 421, 500, 502, 503, 504, 530, 534, 535, 538:
		return true
	}
	return code < 400
}

// aboutPolicy reports whether a lasting "no" speaks of what the server lets us
// do, not of the letter: "relay access denied". The administrator puts that
// right, of the server or of the kiosk, and the letter can still be sent. RFC
// 3463, 3.8 has a code for it; servers that give none say 554, or, as Exim in
// its default configuration, 550 "relay not permitted".
func aboutPolicy(said *smtp.SMTPError) bool {
	if said.EnhancedCode[0] > 0 {
		return said.EnhancedCode[1] == 7
	}
	return said.Code == 554 || strings.Contains(strings.ToLower(said.Message), "relay")
}

// withoutWords leaves out of an error what the server said but its codes.
func withoutWords(err error) error {
	var said *smtp.SMTPError
	var unintelligible textproto.ProtocolError
	switch {
	case errors.As(err, &said):
		more := said.EnhancedCode // RFC 3463; zeros when there is none
		return fmt.Errorf("the server says no: %d %d.%d.%d", said.Code, more[0], more[1], more[2])
	case errors.As(err, &unintelligible):
		return errors.New("the server's answer is not SMTP")
	}
	return err
}

// spoken is an error that may repeat words from outside.
type spoken struct{ err error }

func (s spoken) Error() string {
	const most = 500 // characters of a server's words
	said := []rune(engine.Clean(strings.NewReplacer("\r", "", "\n", " ").Replace(s.err.Error())))
	return string(said[:min(len(said), most)])
}

func (s spoken) Unwrap() error { return s.err }
