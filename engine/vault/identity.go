package vault

import (
	"errors"
	"fmt"
	"os"

	"filippo.io/age"
)

// NewIdentity makes a key pair: the identity, which reveals, and the recipient,
// which seals. Both files are for their owner only; one that is there already
// is never overwritten, and when one cannot be written, neither is left behind.
// The randomness is the library's, from the system.
func NewIdentity(identityFile, recipientFile string) error {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return fmt.Errorf("make identity: %w", err)
	}
	public := id.Recipient().String()
	secret := fmt.Appendf(nil, "# Reveals the PUKs that kiosks have sealed for %s.\n"+
		"# Keep it off the kiosks, and a copy in a safe: without it the PUKs are lost.\n%s\n", public, id)
	defer clear(secret)
	if err := writeNew(identityFile, secret); err != nil {
		return fmt.Errorf("write identity: %w", err)
	}
	text := fmt.Appendf(nil, "# Seals the PUKs of cards for the help desk. Not a secret.\n%s\n", public)
	if err := writeNew(recipientFile, text); err != nil {
		return errors.Join(fmt.Errorf("write recipient: %w", err), os.Remove(identityFile))
	}
	return nil
}

// writeNew writes a file that must not be there yet, through to the disk: a key
// for which was sealed must not be lost.
func writeNew(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}
