package signin

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"

	"cardkiosk/engine"
)

// ReadRoots reads who vouches for cards from a file in PEM: roots, which have
// signed themselves, and the CAs between them and the cards. The error is of
// Kind BadInput.
func ReadRoots(file string) (roots, intermediates *x509.CertPool, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, badRoots(err)
	}
	roots, intermediates = x509.NewCertPool(), x509.NewCertPool()
	found := false
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		switch {
		case err != nil:
			return nil, nil, badRoots(err)
		case !c.IsCA:
			return nil, nil, badRoots(errors.New(engine.Clean(c.Subject.String()) + " is no CA"))
		case bytes.Equal(c.RawSubject, c.RawIssuer) && c.CheckSignatureFrom(c) == nil:
			roots.AddCert(c)
			found = true
		default:
			intermediates.AddCert(c)
		}
	}
	if !found {
		return nil, nil, badRoots(errors.New("no root is in it: a certificate that has signed itself"))
	}
	return roots, intermediates, nil
}

func badRoots(err error) error {
	return &engine.Error{Op: "read roots", Kind: engine.BadInput, Subject: "roots_file", Err: err}
}
