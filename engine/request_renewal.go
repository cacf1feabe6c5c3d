package engine

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
)

// oidRenewal is szOID_RENEWAL_CERTIFICATE (MS-WCCE 2.2.2.6.5): an attribute of a
// PKCS #10 request that holds the certificate which is renewed.
var oidRenewal = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 13, 1}

// oidExtensionRequest is the attribute with the extensions that are asked for
// (RFC 2985, 5.4.2).
var oidExtensionRequest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 14}

// renewalInfo is CertificationRequestInfo (RFC 2986, 4.1) with its attributes as
// they stand.
type renewalInfo struct {
	Raw        asn1.RawContent
	Version    int
	Subject    asn1.RawValue
	Public     asn1.RawValue
	Attributes []renewalAttribute `asn1:"tag:0,set"`
}

type renewalAttribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

type renewalRequest struct {
	Info      renewalInfo
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

// renewalCSR makes a PKCS #10 request that names the certificate it renews, which
// the library has no way to. It is signed by the key it is for, once: that may
// take a finger.
func renewalCSR(subject []byte, exts []pkix.Extension, renews []byte, key crypto.Signer) ([]byte, error) {
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("write request: %w", err)
	}
	wanted, err := asn1.Marshal(exts)
	if err != nil {
		return nil, fmt.Errorf("write request: %w", err)
	}
	r := renewalRequest{Info: renewalInfo{
		Subject: asn1.RawValue{FullBytes: subject}, Public: asn1.RawValue{FullBytes: public},
		Attributes: []renewalAttribute{
			{oidExtensionRequest, []asn1.RawValue{{FullBytes: wanted}}},
			{oidRenewal, []asn1.RawValue{{FullBytes: renews}}},
		},
	}}
	if r.Info.Raw, err = asn1.Marshal(r.Info); err != nil {
		return nil, fmt.Errorf("write request: %w", err)
	}
	var hash crypto.Hash
	if r.Algorithm, hash, err = signatureFor(key.Public()); err != nil {
		return nil, err
	}
	h := hash.New()
	h.Write(r.Info.Raw)
	signature, err := key.Sign(rand.Reader, h.Sum(nil), hash)
	if err != nil {
		return nil, err
	}
	r.Signature = asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}
	return asn1.Marshal(r)
}

// Renews returns the certificate, DER, that a PKCS #10 request names as the one
// it renews; ok is false when it names none. Nothing is verified.
func Renews(csr []byte) (der []byte, ok bool) {
	var r renewalRequest
	if rest, err := asn1.Unmarshal(csr, &r); err != nil || len(rest) > 0 {
		return nil, false
	}
	for _, a := range r.Info.Attributes {
		if a.Type.Equal(oidRenewal) && len(a.Values) == 1 {
			return a.Values[0].FullBytes, true
		}
	}
	return nil, false
}

// signatureFor chooses the algorithm a key signs requests with: RFC 8017, A.2.4
// and RFC 5758, 3.2.
func signatureFor(public crypto.PublicKey) (pkix.AlgorithmIdentifier, crypto.Hash, error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, Parameters: asn1.NullRawValue}, crypto.SHA256, nil
	case *ecdsa.PublicKey:
		if k.Curve.Params().BitSize > 256 {
			return pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}}, crypto.SHA384, nil
		}
		return pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}}, crypto.SHA256, nil
	}
	return pkix.AlgorithmIdentifier{}, 0, fmt.Errorf("keys of type %T sign no requests", public)
}
