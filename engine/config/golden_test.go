package config

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cardkiosk/engine"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Every broken configuration is refused with all that is wrong with it: file,
// line, key and remedy, in the order of the lines. What is written there is
// what an administrator reads, so read changes of the golden files as one.
func TestGolden(t *testing.T) {
	folder, err := filepath.Abs("../../testdata/config")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.toml"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d configurations, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".toml")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(surroundings(t))
			write(t, "config.toml", string(data), 0o600)
			if beside := filepath.Join(folder, name); isFolder(beside) {
				if err := os.CopyFS(".", os.DirFS(beside)); err != nil {
					t.Fatal(err)
				}
			}
			got := told(t)
			golden := filepath.Join(folder, name+".golden")
			if *update {
				write(t, golden, got, 0o644)
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("found\n%s\ninstead of\n%s", got, want)
			}
			if strings.Contains(got, "hunter2") {
				t.Error("a password was repeated")
			}
		})
	}
}

// told is what Load says of config.toml: its findings, and whether it starts.
func told(t *testing.T) string {
	t.Helper()
	cfg, err := Load("config.toml", Trials{Now: noon, PFX: openPFX})
	if err == nil {
		var b strings.Builder
		for _, f := range cfg.Warnings {
			b.WriteString(f.String() + "\n")
		}
		return b.String() + "fine\n"
	}
	var findings *Findings
	if !engine.Is(err, engine.BadInput) || !errors.As(err, &findings) {
		t.Fatalf("not a refusal with findings: %v", err)
	}
	return findings.Error() + "\nrefused\n"
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// openPFX goes by the file's name.
func openPFX(file, _ string) (engine.Certificate, error) {
	var public crypto.PublicKey
	switch filepath.Base(file) {
	case "damaged.pfx":
		return engine.Certificate{}, &engine.Error{Op: "open PFX", Kind: engine.BadInput, Subject: file, Err: errors.New("the password is wrong, or the file is damaged")}
	case "shared.pfx":
		return shared()
	case "p384.pfx":
		public = elliptical(elliptic.P384())
	case "p521.pfx":
		public = elliptical(elliptic.P521())
	case "rsa3072.pfx":
		public = &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 3071, 1), E: 65537}
	default:
		public = elliptical(elliptic.P256())
	}
	der := signed(public, noon.AddDate(-1, 0, 0), noon.AddDate(1, 0, 0))
	return engine.ParseCertificate(der)
}

// shared is one certificate however often it is read.
var shared = sync.OnceValues(func() (engine.Certificate, error) {
	return engine.ParseCertificate(signed(elliptical(elliptic.P256()), noon.AddDate(-1, 0, 0), noon.AddDate(1, 0, 0)))
})

// elliptical is a public key on a curve.
func elliptical(c elliptic.Curve) *ecdsa.PublicKey {
	key, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		panic(err) // nothing in it comes from outside
	}
	return &key.PublicKey
}

// surroundings is a folder with the files that the configurations name.
func surroundings(t testing.TB) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"station.crt", "station.key", "root.crt", "password", "helpdesk.recipient", "access-secret",
		"door.pfx", "shared.pfx", "p384.pfx", "p521.pfx", "rsa3072.pfx", "damaged.pfx", "door-password",
	} {
		write(t, filepath.Join(folder, name), present(name), 0o600)
	}
	write(t, filepath.Join(folder, "root.der"), "\x30\x82", 0o600)
	write(t, filepath.Join(folder, "open-password"), "present\n", 0o644)
	write(t, filepath.Join(folder, "open-key"), "present\n", 0o666)
	write(t, filepath.Join(folder, "hollow.pem"), "", 0o600)
	write(t, filepath.Join(folder, "ended.crt"), certificate(noon.AddDate(-2, 0, 0), noon.AddDate(-1, 0, 0)), 0o600)
	write(t, filepath.Join(folder, "early.crt"), certificate(noon.AddDate(0, 0, 1), noon.AddDate(1, 0, 0)), 0o600)
	write(t, filepath.Join(folder, "bundle.pem"), present("one.crt")+"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", 0o600)
	return folder
}

// noon is when the configurations are looked at.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// present is what a file may hold. Only certificates are looked into.
func present(name string) string {
	if strings.HasSuffix(name, ".crt") || strings.HasSuffix(name, ".pem") {
		return certificate(noon.AddDate(-1, 0, 0), noon.AddDate(1, 0, 0))
	}
	return "present\n"
}

// certificate is a certificate of nobody's, in PEM.
func certificate(from, to time.Time) string {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed(key.Public(), from, to)}))
}

// signed is a certificate for a key, in DER. Nobody checks who signed it.
func signed(public crypto.PublicKey, from, to time.Time) []byte {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	t := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(nil, t, &x509.Certificate{PublicKey: key.Public()}, public, key)
	if err != nil {
		panic(err) // nothing in it comes from outside
	}
	return der
}

// write gives the file its mode whatever the umask.
func write(t testing.TB, name, text string, mode os.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(name, []byte(text), mode), os.Chmod(name, mode)); err != nil {
		t.Fatal(err)
	}
}
