// Package vault seals PUKs for the help desk, so that a kiosk that is broken
// into gives none away.
//
// A kiosk holds the recipient file only, which is public; what it has sealed it
// cannot open. The identity file opens everything that was ever sealed for it:
// it belongs on the help desk's machine, and in a safe. Both are files of age
// (https://age-encryption.org/v1), so age's own tools read them too.
package vault

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"filippo.io/age"

	"cardkiosk/engine"
)

var _ engine.Vault = (*Vault)(nil)

// Vault seals for those whose public keys it was opened with.
type Vault struct {
	recipients []age.Recipient
}

// identityStart begins every identity of age.
const identityStart = "AGE-SECRET-KEY-"

// Open reads the public keys for which is sealed, one a line; each of their
// owners can reveal. A file with a secret key in it is refused: this machine
// must not be able to open what it has sealed.
func Open(recipientFile string) (*Vault, error) {
	text, err := os.ReadFile(recipientFile)
	if err != nil {
		return nil, fmt.Errorf("read the vault's recipients: %w", err)
	}
	if bytes.Contains(text, []byte(identityStart)) {
		clear(text)
		return nil, fmt.Errorf("read the vault's recipients: %s holds a secret key, which must not lie on this machine; give the recipient file", recipientFile)
	}
	recipients, err := age.ParseRecipients(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read the vault's recipients: %s: %w", recipientFile, err)
	}
	return &Vault{recipients: recipients}, nil
}

// Seal encrypts a secret; its bytes stay the caller's to wipe. The result is
// about 200 bytes longer and different each time.
func (v *Vault) Seal(secret []byte) ([]byte, error) {
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, v.recipients...)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	_, err = w.Write(secret)
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return sealed.Bytes(), nil
}
