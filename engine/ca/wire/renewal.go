package wire

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"github.com/smallstep/pkcs7"
)

// SignRenewal wraps a PKCS #10 request into CMS SignedData (RFC 5652, 5), signed by
// the key of a certificate that goes with it: the way MS-WCCE, 3.1.1.4.3.1.3 has
// renewals. The key signs once, which may take a PIN or a finger.
//
// There are no signed attributes: what is signed is the request itself, and nobody
// has to trust the clock of a kiosk.
func SignRenewal(csr []byte, by *x509.Certificate, key crypto.Signer) ([]byte, error) {
	digest, algorithm, err := renewalAlgorithm(by.PublicKey)
	if err != nil {
		return nil, err
	}
	if own, ok := by.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !own.Equal(key.Public()) {
		return nil, errors.New("sign renewal: the key is not the certificate's")
	}
	signed, err := pkcs7.NewSignedData(csr)
	if err != nil {
		return nil, fmt.Errorf("sign renewal: %w", err)
	}
	signed.SetDigestAlgorithm(digest)
	signed.SetEncryptionAlgorithm(algorithm)
	if err := signed.SignWithoutAttr(by, key, pkcs7.SignerInfoConfig{}); err != nil {
		return nil, fmt.Errorf("sign renewal: %w", err)
	}
	return signed.Finish()
}

// renewalAlgorithm chooses digest and signature: RFC 5754, 2 and 3. A card's P-256
// key takes 32 bytes, its P-384 key 48.
func renewalAlgorithm(public crypto.PublicKey) (digest, signature asn1.ObjectIdentifier, err error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return pkcs7.OIDDigestAlgorithmSHA256, pkcs7.OIDEncryptionAlgorithmRSASHA256, nil
	case *ecdsa.PublicKey:
		if k.Curve.Params().BitSize > 256 {
			return pkcs7.OIDDigestAlgorithmSHA384, pkcs7.OIDDigestAlgorithmECDSASHA384, nil
		}
		return pkcs7.OIDDigestAlgorithmSHA256, pkcs7.OIDDigestAlgorithmECDSASHA256, nil
	}
	return nil, nil, fmt.Errorf("sign renewal: keys of type %T sign no renewals", public)
}

// What a renewal may be signed with. The library takes SHA-1 too.
var (
	renewalDigests = []asn1.ObjectIdentifier{
		pkcs7.OIDDigestAlgorithmSHA256, pkcs7.OIDDigestAlgorithmSHA384, pkcs7.OIDDigestAlgorithmSHA512,
	}
	renewalSignatures = []asn1.ObjectIdentifier{
		pkcs7.OIDDigestAlgorithmECDSASHA256, pkcs7.OIDDigestAlgorithmECDSASHA384, pkcs7.OIDDigestAlgorithmECDSASHA512,
		pkcs7.OIDEncryptionAlgorithmRSA, pkcs7.OIDEncryptionAlgorithmRSASHA256,
		pkcs7.OIDEncryptionAlgorithmRSASHA384, pkcs7.OIDEncryptionAlgorithmRSASHA512,
	}
)

// ReadRenewal verifies the one signature of a signed renewal, and returns the
// request that it is over and the certificate whose key signed. Whether that
// certificate is to be trusted is not looked into.
func ReadRenewal(cms []byte) (csr []byte, by *x509.Certificate, err error) {
	// DER and nothing behind it: the library takes more than that.
	if rest, err := asn1.Unmarshal(cms, new(asn1.RawValue)); err != nil || len(rest) > 0 {
		return nil, nil, errors.New("read renewal: it is not DER")
	}
	signed, err := pkcs7.Parse(cms)
	if err != nil {
		return nil, nil, fmt.Errorf("read renewal: %w", err)
	}
	if by = signed.GetOnlySigner(); by == nil {
		return nil, nil, errors.New("read renewal: it has not exactly one signer, with its certificate")
	}
	s := signed.Signers[0]
	switch {
	case !slices.ContainsFunc(renewalDigests, s.DigestAlgorithm.Algorithm.Equal),
		!slices.ContainsFunc(renewalSignatures, s.DigestEncryptionAlgorithm.Algorithm.Equal):
		return nil, nil, errors.New("read renewal: its algorithms are not among those that are taken")
	case len(s.AuthenticatedAttributes) > 0:
		// RFC 5652, 5.3 and 11.1: they have to say what the content is, so that a
		// signature over something else cannot be taken for one over a request.
		var kind asn1.ObjectIdentifier
		if err := signed.UnmarshalSignedAttribute(pkcs7.OIDAttributeContentType, &kind); err != nil || !kind.Equal(pkcs7.OIDData) {
			return nil, nil, errors.New("read renewal: its signed attributes do not say that the content is data")
		}
	}
	if err := signed.Verify(); err != nil {
		return nil, nil, fmt.Errorf("read renewal: %w", err)
	}
	return signed.Content, by, nil
}
