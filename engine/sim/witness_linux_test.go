package sim

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// insideEnv tells the test that it runs in namespaces of its own.
const insideEnv = "CARDKIOSK_SIM_INSIDE"

// witnessPackages are the Debian packages that have the witnesses, and a file
// of each.
var witnessPackages = map[string]string{
	"pcscd":           "/usr/sbin/pcscd",
	"vsmartcard-vpcd": "/etc/reader.conf.d/vpcd",
	"yubico-piv-tool": "/usr/bin/yubico-piv-tool",
	"opensc":          "/usr/bin/pkcs11-tool",
	"iproute2":        "/sbin/ip",
	"util-linux":      "/usr/bin/unshare",
}

// Programs that have never heard of this card, Yubico's and OpenSC's, take it
// for a YubiKey over the real pcscd.
func TestWitnesses(t *testing.T) {
	if os.Getenv(insideEnv) != "" {
		t.Run("inside", witnesses)
		return
	}
	for name, file := range witnessPackages {
		if _, err := os.Stat(file); err == nil {
			continue
		}
		if os.Getenv("CI") != "" {
			t.Fatalf("install the Debian package %s", name)
		}
		t.Skipf("needs the Debian package %s", name)
	}
	args := []string{"-m", "-n"}
	if os.Getuid() != 0 {
		args = append(args, "-r")
	}
	const setUp = `ip link set lo up && mount -t tmpfs tmpfs /run && mkdir /run/pcscd && exec "$0" -test.run='^TestWitnesses$'`
	cmd := exec.Command("unshare", append(args, "sh", "-c", setUp, os.Args[0])...)
	cmd.Env = append(os.Environ(), insideEnv+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// tool runs a program and wants words in what it prints.
func tool(t *testing.T, want string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if !strings.Contains(string(out), want) {
		t.Errorf("%s %s: %v\n%s\nwant %q", name, strings.Join(args, " "), err, out, want)
	}
	return string(out)
}

// yubico runs yubico-piv-tool with actions.
func yubico(t *testing.T, want string, args ...string) string {
	t.Helper()
	return tool(t, want, "yubico-piv-tool", append([]string{"-r", "Virtual"}, args...)...)
}

// pcscd is a daemon of the test's own.
type pcscd struct {
	t   *testing.T
	log *bufio.Scanner
}

// startPCSCD starts a pcscd and stops it after the test.
func startPCSCD(t *testing.T) pcscd {
	t.Helper()
	cmd := exec.Command("/usr/sbin/pcscd", "--foreground", "--info")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return pcscd{t, bufio.NewScanner(out)}
}

// await waits until the daemon says something in its log.
func (p pcscd) await(words string) {
	p.t.Helper()
	for p.log.Scan() {
		if strings.Contains(p.log.Text(), words) {
			return
		}
	}
	p.t.Fatalf("pcscd ended without saying %q: %v", words, p.log.Err())
}

func witnesses(t *testing.T) {
	daemon := startPCSCD(t)
	daemon.await("daemon ready")
	state, err := Factory(firmware571, 712233, time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	state.Admin.Algorithm = alg3DES // this yubico-piv-tool knows no other
	card, err := New(state, Options{})
	if err != nil {
		t.Fatal(err)
	}
	in, err := Insert(context.Background(), "127.0.0.1:35963", card)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Remove()
	<-in.Seen()
	daemon.await("Card ATR: 3B FD 13")
	tool(t, "Personal Identity Verification Card", "opensc-tool", "-n")

	t.Run("secrets", witnessSecrets)
	t.Run("keys", func(t *testing.T) { witnessKeys(t, card) })
	t.Run("attestation", func(t *testing.T) { witnessAttestation(t, card) })
	t.Run("opensc", func(t *testing.T) {
		if got := strings.Count(tool(t, "PIV AUTH key", "pkcs15-tool", "-D"), "X.509 Certificate ["); got != 4 {
			t.Errorf("pkcs15-tool lists %d certificates, want 4", got)
		}
		tool(t, "No errors", "pkcs11-tool", "--test", "--login", "--pin", "123456")
	})
}

func witnessSecrets(t *testing.T) {
	yubico(t, "712233", "-a", "status")
	yubico(t, "5.7.1", "-a", "version")
	yubico(t, "2 tries left", "-a", "verify-pin", "-P", "999999")
	yubico(t, "Successfully verified", "-a", "verify-pin", "-P", "123456")
	yubico(t, "Successfully changed", "-a", "change-pin", "-P", "123456", "-N", "s3cret!")
	yubico(t, "Successfully changed", "-a", "change-puk", "-P", "12345678", "-N", "87654321")
	yubico(t, "Successfully unblocked", "-a", "unblock-pin", "-P", "87654321", "-N", "123456")
	yubico(t, "new CHUID", "-a", "set-chuid")
	yubico(t, "new CCC", "-a", "set-ccc")
}

func witnessKeys(t *testing.T, card *Card) {
	for slot, algorithm := range map[string]string{"9a": "ECCP256", "9c": "RSA2048", "9d": "RSA2048"} {
		yubico(t, "Successfully generated", "-a", "generate", "-s", slot, "-A", algorithm)
	}
	file := filepath.Join(t.TempDir(), "key.pem")
	made, err := makeKey(algP384, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(made)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, file, "PRIVATE KEY", der)
	yubico(t, "Successfully imported", "-a", "import-key", "-s", "9e", "-i", file)

	folder := t.TempDir()
	for slot, test := range map[string][]string{
		"9a": {"Successful ECDSA", "-a", "verify-pin", "-P", "123456", "-a", "test-signature"},
		"9c": {"Successful RSA", "-a", "verify-pin", "-P", "123456", "-a", "test-signature"},
		"9d": {"Successfully performed RSA", "-a", "verify-pin", "-P", "123456", "-a", "test-decipher"},
		"9e": {"Successful ECDSA", "-a", "test-signature"},
	} {
		certificate := filepath.Join(folder, slot+".pem")
		want := selfSigned(t, card, slot)
		writePEM(t, certificate, "CERTIFICATE", want)
		yubico(t, "Successfully imported", "-a", "import-certificate", "-s", slot, "-i", certificate)
		read, _ := pem.Decode([]byte(yubico(t, "CERTIFICATE", "-a", "read-certificate", "-s", slot)))
		if read == nil || !bytes.Equal(read.Bytes, want) {
			t.Errorf("%s: another certificate was read back", slot)
		}
		yubico(t, test[0], append(test[1:], "-s", slot, "-i", certificate)...)
	}
	yubico(t, "Failed signing", "-a", "test-signature", "-s", "9a", "-i", filepath.Join(folder, "9a.pem")) // no PIN
}

// selfSigned makes a certificate for the key in a slot, past the card.
func selfSigned(t *testing.T, card *Card, text string) []byte {
	t.Helper()
	var slot Slot
	if err := slot.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	signer, err := card.State().Keys[slot].Signer()
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(slot)), Subject: pkix.Name{CommonName: "Holder " + text},
		NotBefore: time.Now(), NotAfter: time.Now().AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func witnessAttestation(t *testing.T, card *Card) {
	file := filepath.Join(t.TempDir(), "attestation.pem")
	yubico(t, "", "-a", "attest", "-s", "9a", "-o", file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatalf("no certificate: %s", text)
	}
	attestation, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(attestation.RawSubjectPublicKeyInfo, card.State().Keys[0x9a].Public) {
		t.Error("another key is attested")
	}
	yubico(t, "Failed to attest", "-a", "attest", "-s", "9e") // imported
}
