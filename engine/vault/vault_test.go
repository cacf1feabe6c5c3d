package vault_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cardkiosk/engine/vault"
)

// pair makes a key pair in a folder of its own.
func pair(t *testing.T) (identityFile, recipientFile string) {
	t.Helper()
	folder := t.TempDir()
	identityFile, recipientFile = filepath.Join(folder, "identity"), filepath.Join(folder, "recipient")
	must(t, vault.NewIdentity(identityFile, recipientFile))
	return identityFile, recipientFile
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	must(t, err)
	return b
}

func write(t *testing.T, text []byte) (name string) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(name, text, 0o600))
	return name
}

func seal(t *testing.T, recipientFile string, secret []byte) []byte {
	t.Helper()
	v, err := vault.Open(recipientFile)
	must(t, err)
	sealed, err := v.Seal(secret)
	must(t, err)
	return sealed
}

// refuses fails the test unless err says all these words.
func refuses(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}

// What is sealed can be revealed by the help desk, and is nowhere to be seen in
// the seal; a second seal of the same looks different.
func TestSealAndReveal(t *testing.T) {
	identityFile, recipientFile := pair(t)
	for _, secret := range [][]byte{[]byte("12345678"), {}, bytes.Repeat([]byte{0xff}, 70_000)} {
		sealed := seal(t, recipientFile, secret)
		if len(secret) > 0 && bytes.Contains(sealed, secret) {
			t.Errorf("%q can be read in its seal", secret)
		}
		if bytes.Equal(sealed, seal(t, recipientFile, secret)) {
			t.Error("two seals are the same")
		}
		got, err := vault.Reveal(sealed, identityFile)
		must(t, err)
		if !bytes.Equal(got, secret) {
			t.Errorf("revealed %d bytes that are not the %d sealed", len(got), len(secret))
		}
	}
}

// Sealing leaves the caller's bytes alone.
func TestSealKeepsSecret(t *testing.T) {
	_, recipientFile := pair(t)
	secret := []byte("12345678")
	seal(t, recipientFile, secret)
	if string(secret) != "12345678" {
		t.Errorf("the secret is now %q", secret)
	}
}

// A secret sealed for several help desks can be revealed by each.
func TestSeveralRecipients(t *testing.T) {
	id1, rec1 := pair(t)
	id2, rec2 := pair(t)
	sealed := seal(t, write(t, append(read(t, rec1), read(t, rec2)...)), []byte("12345678"))
	for _, id := range []string{id1, id2} {
		if got, err := vault.Reveal(sealed, id); err != nil || string(got) != "12345678" {
			t.Errorf("revealed %q, %v", got, err)
		}
	}
}

// Nothing is revealed to another identity, and the error names the file.
func TestOtherIdentity(t *testing.T) {
	_, recipientFile := pair(t)
	other, _ := pair(t)
	_, err := vault.Reveal(seal(t, recipientFile, []byte("12345678")), other)
	refuses(t, err, "another key", other)
}

// A seal that was cut off anywhere, or changed anywhere, reveals nothing.
func TestDamagedSeal(t *testing.T) {
	identityFile, recipientFile := pair(t)
	sealed := seal(t, recipientFile, []byte("12345678"))
	for i := range sealed {
		if got, err := vault.Reveal(sealed[:i], identityFile); err == nil {
			t.Errorf("cut off at %d: revealed %q", i, got)
		}
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if got, err := vault.Reveal(changed, identityFile); err == nil {
			t.Errorf("changed at %d: revealed %q", i, got)
		}
	}
	_, err := vault.Reveal(append(sealed, 'x'), identityFile)
	refuses(t, err, "damaged")
}

// A kiosk refuses to start with what opens its vault, and does not repeat it in
// its words.
func TestSecretKeyIsRefused(t *testing.T) {
	identityFile, _ := pair(t)
	_, err := vault.Open(identityFile)
	refuses(t, err, identityFile, "secret key")
	secret := string(read(t, identityFile))
	key := strings.TrimSpace(secret[strings.Index(secret, "AGE-SECRET-KEY-"):])
	if strings.Contains(err.Error(), key) {
		t.Error("the error tells the secret key")
	}
}

// Files that are missing, empty or something else are named.
func TestUnusableFiles(t *testing.T) {
	_, recipientFile := pair(t)
	absent := filepath.Join(t.TempDir(), "absent")
	for _, name := range []string{absent, write(t, nil), write(t, []byte("# nothing\n")), write(t, []byte("hello\n")), write(t, []byte("age1hello\n"))} {
		_, err := vault.Open(name)
		refuses(t, err, "recipients", name)
		_, err = vault.Reveal(seal(t, recipientFile, []byte("12345678")), name)
		refuses(t, err, "identity", name)
	}
}

// A new identity is its owner's only, and what is there is not overwritten: not
// the identity, not the recipient, and no half of a pair is left behind.
func TestNewIdentity(t *testing.T) {
	identityFile, recipientFile := pair(t)
	for _, name := range []string{identityFile, recipientFile} {
		info, err := os.Stat(name)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", name, info.Mode().Perm())
		}
	}
	before, absent := string(read(t, identityFile))+string(read(t, recipientFile)), filepath.Join(t.TempDir(), "absent")
	refuses(t, vault.NewIdentity(identityFile, absent), identityFile)
	refuses(t, vault.NewIdentity(absent, recipientFile), recipientFile)
	if after := string(read(t, identityFile)) + string(read(t, recipientFile)); after != before {
		t.Error("a file was overwritten")
	}
	if _, err := os.Stat(absent); !os.IsNotExist(err) {
		t.Errorf("half a pair was left behind: %v", err)
	}
}
