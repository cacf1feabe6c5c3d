package pfx

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"cardkiosk/engine"
)

const testPassword = "Grüße, Büro 7" // with letters that are not ASCII

// How openssl encrypts: as it does by itself since 3.0, and in the ways of
// before.
var (
	modern    []string
	tripleDES = []string{"-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"}
	legacy    = []string{"-legacy", "-macalg", "sha1"} // RC2-40 for certificates, 3DES for the key
)

// newKey makes a key: rsa1024, rsa2048, rsa4096, p256, p384, p521 or ed25519.
func newKey(t testing.TB, kind string) crypto.Signer {
	t.Helper()
	var key crypto.Signer
	var err error
	switch kind {
	case "rsa1024":
		key, err = rsa.GenerateKey(rand.Reader, 1024)
	case "rsa2048":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "rsa4096":
		key, err = rsa.GenerateKey(rand.Reader, 4096)
	case "p256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "p384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "p521":
		key, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "ed25519":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		err = errors.New(kind + " is not known")
	}
	must(t, err)
	return key
}

// certificate makes a certificate that signs itself, DER.
func certificate(t testing.TB, key crypto.Signer, name string) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	return der
}

// export has openssl make a PFX of a key and its certificate, and of others.
func export(t testing.TB, key crypto.Signer, der []byte, how []string, others ...[]byte) Source {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("openssl is not installed")
		}
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	writePEM(t, filepath.Join(dir, "key.pem"), "PRIVATE KEY", pkcs8)
	writePEM(t, filepath.Join(dir, "certificate.pem"), "CERTIFICATE", der)
	writePEM(t, filepath.Join(dir, "others.pem"), "CERTIFICATE", others...)
	s := Source{File: filepath.Join(dir, "common.pfx"), PasswordFile: filepath.Join(dir, "password")}
	must(t, os.WriteFile(s.PasswordFile, []byte(testPassword+"\r\n"), 0o600))
	args := []string{
		"pkcs12", "-export", "-inkey", filepath.Join(dir, "key.pem"), "-in", filepath.Join(dir, "certificate.pem"),
		"-out", s.File, "-passout", "pass:" + testPassword,
	}
	if len(others) > 0 {
		args = append(args, "-certfile", filepath.Join(dir, "others.pem"))
	}
	if out, err := exec.Command("openssl", append(args, how...)...).CombinedOutput(); err != nil {
		t.Fatalf("openssl: %v\n%s", err, out)
	}
	return s
}

// save writes a PFX that was not made by openssl.
func save(t testing.TB, data []byte) Source {
	t.Helper()
	dir := t.TempDir()
	s := Source{File: filepath.Join(dir, "common.pfx"), PasswordFile: filepath.Join(dir, "password")}
	must(t, os.WriteFile(s.File, data, 0o600))
	must(t, os.WriteFile(s.PasswordFile, []byte(testPassword), 0o600))
	return s
}

func writePEM(t testing.TB, name, kind string, all ...[]byte) {
	t.Helper()
	var text []byte
	for _, der := range all {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
	}
	must(t, os.WriteFile(name, text, 0o600))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// isBad fails the test unless err is BadInput because of why.
func isBad(t testing.TB, err, why error) {
	t.Helper()
	if !engine.Is(err, engine.BadInput) || why != nil && !errors.Is(err, why) {
		t.Errorf("error is %v, of kind %d; want %v", err, engine.KindOf(err), why)
	}
}
