package main

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"testing"
)

// makePFX has openssl make a certificate with a key of its own, and a PFX of it
// beside a file with its password. It returns what of that is secret.
func makePFX(t *testing.T, file, kind string, pkeyopt ...string) (secrets map[string][]byte) {
	t.Helper()
	needs(t, "openssl")
	password := randomWord(12)
	write(t, file+"-password", password+"\n")
	key, certificate := file+".key", file+".crt"
	args := []string{"req", "-x509", "-newkey", kind, "-noenc", "-keyout", key, "-out", certificate, "-days", "30", "-subj", "/CN=Common", "-addext", "keyUsage=digitalSignature"}
	for _, args := range [][]string{
		append(args, pkeyopt...),
		{"pkcs12", "-export", "-in", certificate, "-inkey", key, "-out", file, "-passout", "file:" + file + "-password"},
	} {
		if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
			t.Fatalf("openssl %s: %v\n%s", args[0], err, out)
		}
	}
	block, _ := pem.Decode([]byte(read(t, key)))
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{key, certificate} {
		if err := os.Remove(gone); err != nil {
			t.Fatal(err)
		}
	}
	secrets = map[string][]byte{kind + " PFX password": []byte(password)}
	switch private := private.(type) {
	case *rsa.PrivateKey:
		for part, n := range map[string][]byte{"p": private.Primes[0].Bytes(), "q": private.Primes[1].Bytes(), "d": private.D.Bytes(), "dp": private.Precomputed.Dp.Bytes()} {
			secrets["common RSA key, "+part] = n
		}
	case *ecdsa.PrivateKey:
		scalar, err := private.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		secrets["common P-256 key"] = scalar
	}
	return secrets
}
