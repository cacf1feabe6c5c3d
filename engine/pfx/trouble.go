package pfx

import (
	"errors"

	"software.sslmate.com/src/go-pkcs12"

	"cardkiosk/engine"
)

// What may be wrong with a PFX file.
var (
	ErrNoPFX         = errors.New("the file is no PFX (PKCS #12, DER)")
	ErrPassword      = errors.New("the password is not that of the PFX")
	ErrNoPassword    = errors.New("the password file is empty")
	ErrNoKey         = errors.New("the PFX has no private key")
	ErrSeveralKeys   = errors.New("the PFX has several private keys, and a card gets one")
	ErrNoCertificate = errors.New("the PFX has no certificate")
	ErrOtherKey      = errors.New("no certificate in the PFX belongs to its private key")
	ErrKeyKind       = errors.New("the private key is none that cards take: RSA 2048, P-256 or P-384")
	ErrIterations    = errors.New("the PFX wants its password hashed too often to ever be opened")
	ErrNotThere      = errors.New("no PFX that is configured has the certificate")
)

// told are the errors that the library has no values for.
var told = map[string]error{
	"pkcs12: private key missing":          ErrNoKey,
	"pkcs12: expected exactly one key bag": ErrSeveralKeys,
	"pkcs12: certificate missing":          ErrNoCertificate,
	pkcs12.ErrIncorrectPassword.Error():    ErrPassword,
}

// inWords names what the library has found.
func inWords(err error) error {
	if known, ok := told[err.Error()]; ok {
		return known
	}
	return err
}

func (s Source) trouble(err error) error {
	if err == nil {
		return nil
	}
	return &engine.Error{Op: "open PFX", Kind: engine.BadInput, Subject: s.File, Err: err}
}
