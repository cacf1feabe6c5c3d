package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"filippo.io/age"
)

// Reveal opens what was sealed for the identity in a file. The caller wipes the
// result.
func Reveal(sealed []byte, identityFile string) ([]byte, error) {
	identities, err := readIdentities(identityFile)
	if err != nil {
		return nil, err
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), identities...)
	var other *age.NoIdentityMatchError
	if errors.As(err, &other) {
		return nil, fmt.Errorf("reveal: this was sealed for another key than that in %s", identityFile)
	}
	if err != nil {
		return nil, fmt.Errorf("reveal: the sealed secret is damaged: %w", err)
	}
	secret := make([]byte, len(sealed)) // what is sealed is longer: one buffer, no copies to wipe
	n, err := readAll(r, secret)
	if err != nil {
		clear(secret)
		return nil, fmt.Errorf("reveal: the sealed secret is damaged: %w", err)
	}
	return secret[:n], nil
}

// readAll reads up to the end into a buffer that is longer than what comes.
// io.ReadFull would not do: it says ErrUnexpectedEOF, as age does of a sealed
// secret that was cut off.
func readAll(r io.Reader, into []byte) (n int, err error) {
	for err == nil {
		var more int
		more, err = r.Read(into[n:])
		n += more
	}
	if errors.Is(err, io.EOF) {
		return n, nil
	}
	return n, err
}

// readIdentities reads a file of secret keys. The library makes strings of
// them, which nobody can wipe; they live as long as the help desk's command.
func readIdentities(name string) ([]age.Identity, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the vault's identity: %w", err)
	}
	defer clear(text)
	identities, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read the vault's identity: %s is not an identity file: %w", name, err)
	}
	return identities, nil
}
