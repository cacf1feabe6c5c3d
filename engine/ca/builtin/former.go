package builtin

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// readIssuers reads the certificates of issuers, PEM. Their validity does not
// matter: what they signed in their time may be valid still.
func readIssuers(file string) ([][]byte, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		switch {
		case err != nil:
			return nil, fmt.Errorf("read certificate %d: %w", len(all)+1, err)
		case cert.Version == 3 && !cert.IsCA: // before version 3 none could say that it is a CA's
			return nil, fmt.Errorf("certificate %d, %q, is not a CA's", len(all)+1, cert.Subject)
		}
		all = append(all, cert.Raw)
	}
	if len(all) == 0 {
		return nil, errors.New("the file holds no certificate")
	}
	return all, nil
}
