// Package pfx opens PFX files (PKCS #12, RFC 7292): common certificates with
// their keys.
//
// A file is opened anew each time its key is wanted, and everything of the key
// that can be reached is wiped again. Copies that the standard library and the
// PKCS #12 library make inside of themselves cannot be: they go with the memory
// they lie in, when that is used for something else.
package pfx

import (
	"context"
	"errors"
	"fmt"

	"cardkiosk/engine"
)

// Source is a PFX file and the file with its password.
type Source struct {
	File         string
	PasswordFile string // its last line end is not part of the password; "": without a password
}

// Sources are the PFX files that are configured.
type Sources []Source

var _ engine.Commons = Sources(nil)

// Read returns the certificate of a PFX file, after making sure that its key is
// there and fits. Errors are of Kind BadInput.
func Read(file, passwordFile string) (engine.Certificate, error) {
	o, err := Source{File: file, PasswordFile: passwordFile}.open()
	if err != nil {
		return engine.Certificate{}, err
	}
	o.key.Wipe()
	return o.certificate, nil
}

// Key opens the file with a certificate and returns its key. Of several files
// with the same certificate the first that opens counts.
func (s Sources) Key(ctx context.Context, fingerprint string) (engine.KeyMaterial, error) {
	const op = "open common certificate"
	var unopened []error
	for _, source := range s {
		if err := ctx.Err(); err != nil {
			return engine.KeyMaterial{}, &engine.Error{Op: op, Kind: engine.Stopped, Err: err}
		}
		o, err := source.open()
		switch {
		case err != nil:
			unopened = append(unopened, err)
		case o.certificate.Fingerprint == fingerprint:
			return o.key, nil
		}
		o.key.Wipe()
	}
	err := fmt.Errorf("%w %s", ErrNotThere, fingerprint)
	return engine.KeyMaterial{}, &engine.Error{Op: op, Kind: engine.BadInput, Err: errors.Join(append([]error{err}, unopened...)...)}
}
