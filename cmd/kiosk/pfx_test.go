package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/engine/pcsc"
	"cardkiosk/engine/pcsc/sandbox"
	"cardkiosk/engine/pfx"
	"cardkiosk/engine/sim"
)

// A legacy PFX with an RSA key and a modern one with P-256, each written to a
// card of its own through pcscd: OpenSC uses the keys, Yubico's tool reads the
// certificates and has the keys sign for them.
func TestPFXOnCards(t *testing.T) {
	needs(t, "pkcs11-tool", "yubico-piv-tool")
	folder := filepath.Join("..", "..", "testdata", "pfx")
	sources := pfx.Sources{
		{File: filepath.Join(folder, "legacy-rsa2048.pfx"), PasswordFile: filepath.Join(folder, "password")},
		{File: filepath.Join(folder, "modern-p256.pfx"), PasswordFile: filepath.Join(folder, "password")},
	}
	kinds := []engine.KeyType{engine.RSA2048, engine.P256}
	daemon := sandbox.Pcscd(t, len(sources))
	var chips []*sim.Card
	for i := range sources {
		state := newChip(t, uint32(712270+i)).State()
		state.Admin.Algorithm = 0x03 // OpenSC asks the card for random numbers by 3DES only
		chips = append(chips, chipOf(t, state, sim.Options{}))
	}
	tray := demo.NewSockets(daemon.Readers, chips)
	t.Cleanup(func() { _ = tray.Close() })
	for i, source := range sources {
		if err := tray.Insert(t.Context(), i); err != nil {
			t.Fatal(err)
		}
		certificate, err := pfx.Read(source.File, source.PasswordFile)
		if err != nil {
			t.Fatal(err)
		}
		bringOver(t, daemon.Readers[i].Name, sources, certificate, kinds[i])
		usedByOthers(t, i, daemon.Readers[i].Name, "123456", certificate.DER)
	}
}

// bringOver puts a common certificate and its key into 9A of a new card.
func bringOver(t *testing.T, reader string, commons engine.Commons, certificate engine.Certificate, kind engine.KeyType) {
	t.Helper()
	watch := pcsc.New(slog.New(slog.DiscardHandler))
	defer func() {
		if err := watch.Close(); err != nil {
			t.Errorf("close readers: %v", err)
		}
	}()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	readers := realReaders{pcsc: watch, ignore: func(string) bool { return false }}
	lies := func(r engine.Reader) bool { return r.Name == reader && r.Card }
	seen, err := readers.List(t.Context())
	for err == nil && !slices.ContainsFunc(seen, lies) {
		seen, err = readers.Wait(t.Context(), seen)
	}
	check(err)
	card, err := readers.Connect(t.Context(), reader)
	check(err)
	defer func() { check(card.Close()) }()
	pin := engine.NewPIN([]byte("123456"))
	defer pin.Wipe()
	unlocked, err := card.Unlock(t.Context(), pin, true)
	check(err)
	defer func() { check(unlocked.Close()) }()
	key, err := commons.Key(t.Context(), certificate.Fingerprint)
	check(err)
	defer key.Wipe()
	spec := engine.KeySpec{Type: kind, PIN: engine.PINOnce, Touch: engine.TouchNever}
	imported, err := unlocked.ImportKey(t.Context(), "9a", key, spec)
	check(err)
	if imported.KeySpec != spec || !imported.Imported || !bytes.Equal(imported.Public, certificate.Public) {
		t.Errorf("the card has %+v", imported)
	}
	check(unlocked.WriteCertificate(t.Context(), "9a", certificate.DER, nil))
	check(unlocked.WriteFile(t.Context(), engine.CardFile{GUID: strings.Repeat("0c", 16)}))
	check(unlocked.WriteFile(t.Context(), engine.CardFile{Capabilities: true}))
}

// usedByOthers has other programs use what lies in 9A of the card in a reader.
func usedByOthers(t *testing.T, slot int, reader, pin string, der []byte) {
	t.Helper()
	opensc := func(args ...string) string {
		t.Helper()
		args = append([]string{"--slot-index", strconv.Itoa(slot), "--login", "--pin", pin}, args...)
		out, err := exec.Command("pkcs11-tool", args...).CombinedOutput()
		if err != nil {
			t.Errorf("pkcs11-tool %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	yubico := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("yubico-piv-tool", append([]string{"-r", reader, "-s", "9a"}, args...)...).CombinedOutput()
		if err != nil {
			t.Errorf("yubico-piv-tool %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	file, digest, signature := filepath.Join(t.TempDir(), "pem"), filepath.Join(t.TempDir(), "digest"), filepath.Join(t.TempDir(), "signature")
	sum := sha256.Sum256([]byte("x"))
	write(t, file, text)
	write(t, digest, string(sum[:]))

	tested := opensc("--test")
	// pkcs11-tool --test leaves keys alone that are not RSA, so it signs besides.
	switch public := certificate.PublicKey.(type) {
	case *rsa.PublicKey:
		if strings.Count(tested, " RSA-PKCS: OK") < 3 { // signed, verified, decrypted; a former key in the history besides
			t.Errorf("pkcs11-tool did not use the key:\n%s", tested)
		}
	case *ecdsa.PublicKey:
		opensc("--sign", "--id", "01", "--mechanism", "ECDSA", "--signature-format", "openssl", "--input-file", digest, "--output-file", signature)
		if !ecdsa.VerifyASN1(public, sum[:], []byte(read(t, signature))) {
			t.Error("the signature that pkcs11-tool had made is not the certificate's")
		}
	}
	if !strings.Contains(tested, "No errors") {
		t.Errorf("pkcs11-tool --test:\n%s", tested)
	}
	if out := yubico("-a", "read-certificate"); strings.TrimSpace(out) != strings.TrimSpace(text) {
		t.Errorf("yubico-piv-tool reads another certificate:\n%s", out)
	}
	if out := yubico("-a", "verify-pin", "-P", pin, "-a", "test-signature", "-i", file); !strings.Contains(out, "Successful ") {
		t.Errorf("yubico-piv-tool's signature:\n%s", out)
	}
}
