package pfx

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
)

// mostIterations is about two seconds' work. OpenSSL and Windows hash a
// password 2,000 times, the cautious a million times.
const mostIterations = 5_000_000

// envelope is a PFX as far as it can be trusted before its MAC is right (RFC
// 7292, 4): its MAC tells how often the password is to be hashed, and whoever
// wrote it may have meant to keep us busy for days.
type envelope struct {
	Version  int
	AuthSafe asn1.RawValue
	MAC      mac `asn1:"optional"`
}

type mac struct {
	Digest struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}
	Salt       []byte
	Iterations int `asn1:"optional,default:1"`
}

// mac1 are the parameters of PBMAC1 (RFC 9579, which has them in place of
// Iterations), and kdf those within them.
type (
	mac1 struct{ KDF, MAC pkix.AlgorithmIdentifier }
	kdf  struct {
		Salt       asn1.RawValue
		Iterations int
		Length     int                      `asn1:"optional"`
		PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
	}
)

// oidPBMAC1 is in RFC 8018, A.5.
var oidPBMAC1 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 14}

// checkIterations refuses a file that would take for ever, and what is no PFX.
func checkIterations(data []byte) error {
	count, err := iterations(data)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrNoPFX, err)
	case count > mostIterations:
		return ErrIterations
	}
	return nil
}

// iterations tells how often the MAC has the password hashed.
func iterations(data []byte) (int, error) {
	var e envelope
	if _, err := asn1.Unmarshal(data, &e); err != nil {
		return 0, err
	}
	algorithm := e.MAC.Digest.Algorithm
	if !algorithm.Algorithm.Equal(oidPBMAC1) {
		return e.MAC.Iterations, nil
	}
	var outer mac1
	if _, err := asn1.Unmarshal(algorithm.Parameters.FullBytes, &outer); err != nil {
		return 0, err
	}
	var inner kdf
	if _, err := asn1.Unmarshal(outer.KDF.Parameters.FullBytes, &inner); err != nil {
		return 0, err
	}
	return inner.Iterations, nil
}
