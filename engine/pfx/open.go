package pfx

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"unsafe"

	"software.sslmate.com/src/go-pkcs12"

	"cardkiosk/engine"
)

// opened is what a PFX holds for a card. Whoever has it wipes the key.
type opened struct {
	certificate engine.Certificate
	key         engine.KeyMaterial
}

// open opens a file with its password.
func (s Source) open() (opened, error) {
	data, err := readFile(s.File)
	if err != nil {
		return opened{}, s.trouble(err)
	}
	defer clear(data)
	password, err := readPassword(s.PasswordFile)
	if err != nil {
		return opened{}, s.trouble(fmt.Errorf("read password: %w", err))
	}
	defer clear(password)
	o, err := decode(data, password)
	return o, s.trouble(err)
}

// decode opens the bytes of a file.
func decode(data, password []byte) (opened, error) {
	if err := checkIterations(data); err != nil {
		return opened{}, err
	}
	// The library wants a string, which nobody can wipe; this one lies over
	// bytes that somebody does.
	word := unsafe.String(unsafe.SliceData(password), len(password)) //nolint:gosec // the bytes do not change while it is used
	private, first, others, err := pkcs12.DecodeChain(data, word)
	if err != nil {
		return opened{}, inWords(err)
	}
	defer wipe(private)
	der, err := belonging(private, append([]*x509.Certificate{first}, others...))
	if err != nil {
		return opened{}, err
	}
	certificate, err := engine.ParseCertificate(der)
	if err != nil {
		return opened{}, err
	}
	key, err := material(private)
	if err != nil {
		return opened{}, err
	}
	return opened{certificate, key}, nil
}

// belonging finds the certificate of a key, DER: it need not be the first in
// the file.
func belonging(private any, certificates []*x509.Certificate) ([]byte, error) {
	signer, ok := private.(interface{ Public() crypto.PublicKey })
	if !ok {
		return nil, ErrKeyKind
	}
	for _, c := range certificates {
		if public, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); ok && public.Equal(signer.Public()) {
			return c.Raw, nil
		}
	}
	return nil, ErrOtherKey
}
