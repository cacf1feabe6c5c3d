package sim

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
)

// Extensions of an attestation (developers.yubico.com/PIV/Introduction/
// PIV_attestation.html), below 1.3.6.1.4.1.41482.3.
const (
	attestFirmware   = 3 // three bytes
	attestSerial     = 7 // INTEGER
	attestPolicies   = 8 // PIN policy, touch policy
	attestFormFactor = 9 // one byte

	formUSBA = 0x01
)

// attest is Yubico's ATTEST: a certificate, signed by the attestation key, which
// says that the key in slot P1 was made on this card.
//
// Where nothing can be attested, no key or an imported one, YubiKeys of the 5
// series answer 6A82 (piv-go pull requests 144 and 177, yubikey-agent issue 91).
// X25519 keys, which YubiKeys attest, answer 6A80 here: the standard library
// writes no certificates for them.
func (c *Card) attest(cmd command) ([]byte, status) {
	slot := Slot(cmd.p1)
	if !slot.valid() || slot == slotAttestation || cmd.p2 != 0 {
		return nil, c.badParameters()
	}
	key, ok := c.state.Keys[slot]
	if !ok || key.Imported {
		return nil, swNotFound
	}
	der, err := c.attestation(slot, key)
	if err != nil {
		return nil, swIncorrectData
	}
	return der, swOK
}

func (c *Card) attestation(slot Slot, key Key) ([]byte, error) {
	attester, ok := c.state.Keys[slotAttestation]
	if !ok {
		return nil, errors.New("attest key: there is no attestation key")
	}
	signer, err := attester.open()
	if err != nil {
		return nil, err
	}
	issuer, err := readCertificateObject(c.state.Objects[objectAttestation])
	if err != nil {
		return nil, err
	}
	issuer.SubjectKeyId = nil // YubiKeys do not name the issuer's key
	public, err := x509.ParsePKIXPublicKey(key.Public)
	if err != nil {
		return nil, fmt.Errorf("attest key: %w", err)
	}
	template, err := c.attestationTemplate(slot, key, issuer)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(c.o.Random, template, issuer, public, signer.signer)
	if err != nil {
		return nil, fmt.Errorf("attest key: %w", err)
	}
	return der, nil
}

// attestationTemplate is the certificate to be: a random serial of 16 bytes,
// the attestation certificate's dates, and what there is to say of the key.
func (c *Card) attestationTemplate(slot Slot, key Key, issuer *x509.Certificate) (*x509.Certificate, error) {
	number, err := serialNumber(c.o.Random)
	if err != nil {
		return nil, err
	}
	serial, err := asn1.Marshal(int64(c.state.Serial))
	if err != nil {
		return nil, fmt.Errorf("attest key: %w", err)
	}
	f := c.state.Firmware
	return &x509.Certificate{
		SerialNumber: number,
		Subject:      pkix.Name{CommonName: fmt.Sprintf("YubiKey PIV Attestation %02x", byte(slot))},
		NotBefore:    issuer.NotBefore,
		NotAfter:     issuer.NotAfter,
		ExtraExtensions: []pkix.Extension{
			yubicoExtension(attestFirmware, []byte{f.Major, f.Minor, f.Patch}),
			yubicoExtension(attestSerial, serial),
			yubicoExtension(attestPolicies, []byte{key.PIN, key.Touch}),
			yubicoExtension(attestFormFactor, []byte{formUSBA}),
		},
	}, nil
}

func yubicoExtension(arc int, value []byte) pkix.Extension {
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, arc}, Value: value}
}

// serialNumber draws a positive number of 16 bytes.
func serialNumber(random io.Reader) (*big.Int, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, fmt.Errorf("draw serial number: %w", err)
	}
	b[0] = b[0]&0x7f | 0x01
	return new(big.Int).SetBytes(b), nil
}

// readCertificateObject reads the certificate in an object that is not
// compressed (SP 800-73-4 part 1, table 10).
func readCertificateObject(value []byte) (*x509.Certificate, error) {
	all, ok := parseTLV(value)
	if !ok {
		return nil, errors.New("read certificate object: it is not TLV")
	}
	c, err := x509.ParseCertificate(find(all, 0x70))
	if err != nil {
		return nil, fmt.Errorf("read certificate object: %w", err)
	}
	return c, nil
}
