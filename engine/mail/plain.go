package mail

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/emersion/go-sasl"
)

// plain signs in with a name and a password: SASL PLAIN, RFC 4616. go-sasl's
// own keeps the password in a string, which cannot be wiped.
type plain struct{ response []byte }

var _ sasl.Client = (*plain)(nil)

// readPlain reads the password, so that a new one is used from the next letter
// on. The caller wipes what it gets.
func readPlain(user, passwordFile string) (*plain, error) {
	file, err := os.ReadFile(passwordFile)
	if err != nil {
		return nil, fmt.Errorf("read password: %w", err)
	}
	defer clear(file)
	password := bytes.TrimSuffix(bytes.TrimSuffix(file, []byte("\n")), []byte("\r"))
	switch {
	case len(password) == 0:
		return nil, fmt.Errorf("read password: %s is empty", passwordFile)
	case bytes.IndexByte(password, 0) >= 0:
		return nil, fmt.Errorf("read password: %s has a zero byte", passwordFile)
	}
	response := make([]byte, 0, 1+len(user)+1+len(password))
	response = append(append(response, 0), user...)
	response = append(append(response, 0), password...)
	return &plain{response}, nil
}

// Start gives the server everything it asks for.
func (p *plain) Start() (mechanism string, response []byte, err error) {
	return sasl.Plain, p.response, nil
}

// Next has no more to say.
func (p *plain) Next([]byte) ([]byte, error) {
	return nil, errors.New("the server asks for more than name and password")
}

func (p *plain) wipe() { clear(p.response) }
