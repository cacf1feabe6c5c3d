package sim

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"time"
)

// memory is what the data objects of a YubiKey 5 may take together (Yubico .NET
// SDK, "Maximum certificate sizes").
const memory = 51000

// Factory returns the state of a new card: PIN 123456, PUK 12345678, three
// tries for each, the well-known administration key (AES-192 from firmware 5.7
// on, else 3DES), no CHUID and no keys but the one for attestations. Those lead
// to a certification authority of the card's own, whose key is thrown away.
func Factory(f Firmware, serial uint32, now time.Time, random io.Reader) (State, error) {
	s := State{Format: stateFormat, Firmware: f, Serial: serial, Memory: memory}.blank()
	if !f.atLeast(instructions[insAttest].since) {
		return s, nil
	}
	if err := s.makeAttestation(now, random); err != nil {
		return State{}, err
	}
	return s, nil
}

// blank returns the same card without anything that people put on it.
func (s State) blank() State {
	s.PIN, s.PUK = factorySecret(factoryPIN, 3), factorySecret(factoryPUK, 3)
	s.Admin = s.Firmware.factoryAdmin()
	s.Keys, s.Objects = map[Slot]Key{}, map[Object][]byte{}
	return s
}

func factorySecret(value string, tries int) Secret {
	return Secret{Value: []byte(value), Left: tries, Max: tries}
}

func (f Firmware) factoryAdmin() AdminKey {
	k := AdminKey{Algorithm: alg3DES, Value: []byte(factoryAdminKey), Touch: TouchNever}
	if f.atLeast(Firmware{5, 7, 0}) {
		k.Algorithm = algAES192
	}
	return k
}

// makeAttestation makes the attestation key, its certificate, and an authority
// above it.
func (s *State) makeAttestation(now time.Time, random io.Reader) error {
	root, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return fmt.Errorf("make attestation authority: %w", err)
	}
	attester, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return fmt.Errorf("make attestation key: %w", err)
	}
	rootDER, err := authority("Software PIV Root CA", nil, root.Public(), root, now, random)
	if err != nil {
		return err
	}
	parent, err := x509.ParseCertificate(rootDER)
	if err != nil {
		return fmt.Errorf("make attestation authority: %w", err)
	}
	der, err := authority("Software PIV Attestation", parent, attester.Public(), root, now, random)
	if err != nil {
		return err
	}
	key, err := NewKey(attester, true, PINOnce, TouchNever) // imported, as YubiKeys tell of theirs
	if err != nil {
		return err
	}
	s.Keys[slotAttestation] = key
	s.Objects[objectAttestation] = CertificateObject(der)
	s.AttestationRoot = rootDER
	return nil
}

// authority makes a CA certificate; one without a parent signs itself.
func authority(name string, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer, now time.Time, random io.Reader) ([]byte, error) {
	number, err := serialNumber(random)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          number,
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             now,
		NotAfter:              now.AddDate(30, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(random, template, parent, public, signer)
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", name, err)
	}
	return der, nil
}
