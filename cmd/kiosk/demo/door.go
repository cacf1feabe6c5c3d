package demo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// doorPassword opens the PFX of the building's door, in this demo only.
const doorPassword = "open sesame"

// writeDoor makes the building's door key, which many cards share, and writes
// it as a PFX with its password beside it.
func (w *World) writeDoor() error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make the door's key: %w", err)
	}
	now := w.Now()
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "Building door"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(3, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &private.PublicKey, private)
	if err != nil {
		return fmt.Errorf("make the door's certificate: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("read the door's certificate: %w", err)
	}
	pfx, err := pkcs12.Modern.Encode(private, certificate, nil, doorPassword)
	if err != nil {
		return fmt.Errorf("write the door's PFX: %w", err)
	}
	for file, content := range map[string][]byte{"door.p12": pfx, "door-password": []byte(doorPassword + "\n")} {
		if err := os.WriteFile(filepath.Join(w.Folder, file), content, 0o600); err != nil {
			return fmt.Errorf("write the door's files: %w", err)
		}
	}
	return nil
}
