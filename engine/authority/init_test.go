package authority

import (
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cardkiosk/engine"
)

// A CA is made whole, for its owner's eyes only, and OpenSSL can read its keys.
func TestInit(t *testing.T) {
	t.Parallel()
	for kind, says := range map[KeyKind]string{
		KeyP256: "NIST CURVE: P-256", KeyP384: "NIST CURVE: P-384", KeyRSA3072: "(3072 bit",
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *Options) { o.Key = kind })
			pass := filepath.Join(t.TempDir(), "pass")
			must(t, os.WriteFile(pass, []byte(testPassphrase+"\n"), 0o600))
			key := openssl(t, "pkey", "-in", filepath.Join(w.dir, issuerKeyFile), "-passin", "file:"+pass, "-noout", "-text")
			contains(t, key, says)
			cert := openssl(t, "x509", "-in", filepath.Join(w.dir, issuerFile), "-noout", "-text")
			contains(t, cert, "Subject: CN = Corp Issuing CA", "CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign", "Subject Key Identifier")
			contains(t, openssl(t, "verify", "-check_ss_sig", "-CAfile", filepath.Join(w.dir, issuerFile), filepath.Join(w.dir, issuerFile)), ": OK")
		})
	}
}

// Guessing the passphrase of a key file is dear.
func TestKeyFileIsStretched(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, seal{[]byte(testPassphrase), defaultIterations}.write(dir, "x.key", newKey(t, KeyP256)))
	contains(t, openssl(t, "asn1parse", "-in", filepath.Join(dir, "x.key")),
		"PBKDF2", ":0927C0", "hmacWithSHA256", "aes-256-cbc") // 0x0927C0 is 600,000
	contains(t, openssl(t, "pkey", "-in", filepath.Join(dir, "x.key"), "-passin", "pass:"+testPassphrase, "-noout", "-text"), "Private-Key")
}

// Nobody but the owner reads the folder, and the station CA is another CA.
func TestInitFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{rulesFile, databaseFile, issuerKeyFile, issuerFile, stationCAKey, stationCAFile, serverKeyFile, serverFile} {
		info := value[os.FileInfo](t)(os.Stat(filepath.Join(w.dir, name)))
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
	if info := value[os.FileInfo](t)(os.Stat(w.dir)); info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v", info.Mode())
	}
	if samePublic(w.issuing.key.Public(), w.stations.cert.PublicKey) {
		t.Error("cards and stations have the same CA")
	}
	for _, name := range []string{issuerKeyFile, stationCAKey, serverKeyFile} {
		text := string(value[[]byte](t)(os.ReadFile(filepath.Join(w.dir, name))))
		if !strings.Contains(text, "ENCRYPTED PRIVATE KEY") {
			t.Errorf("%s is not encrypted", name)
		}
	}
}

// Init overwrites nothing, and leaves nothing behind when it refuses.
func TestInitRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change     func(*Options)
		passphrase string
		says       string
	}{
		"weak passphrase":   {func(*Options) {}, "short", "passphrase"},
		"empty passphrase":  {func(*Options) {}, "", "passphrase"},
		"no name":           {func(o *Options) { o.Name = " " }, testPassphrase, "name"},
		"escape in name":    {func(o *Options) { o.Name = "CA \x1b[31m" }, testPassphrase, "name"},
		"no server name":    {func(o *Options) { o.ServerNames = nil }, testPassphrase, "host name"},
		"bad server name":   {func(o *Options) { o.ServerNames = []string{"a b"} }, testPassphrase, "a b"},
		"https CRL":         {func(o *Options) { o.CRLURL = "https://x/crl" }, testPassphrase, "crl.url"},
		"CRL without path":  {func(o *Options) { o.CRLURL = "http://x" }, testPassphrase, "crl.url"},
		"same paths":        {func(o *Options) { o.IssuerURL = "http://y/crl" }, testPassphrase, "same path"},
		"unknown key":       {func(o *Options) { o.Key = "dsa" }, testPassphrase, "p256"},
		"too many years":    {func(o *Options) { o.Years = 31 }, testPassphrase, "years"},
		"rules with a slip": {func(o *Options) { o.Rules = "[[template]]\nnane = \"x\"\n" }, testPassphrase, "nane"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			o := testOptions((&clock{}).now)
			c.change(&o)
			err := Init(t.Context(), filepath.Join(parent, "ca"), []byte(c.passphrase), o)
			if !engine.Is(err, engine.BadInput) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("Init says %v", err)
			}
			if left := value[[]os.DirEntry](t)(os.ReadDir(parent)); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
	t.Run("a folder with something in it", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, "thesis"), nil, 0o600))
		err := Init(t.Context(), dir, []byte(testPassphrase), testOptions((&clock{}).now))
		if !engine.Is(err, engine.BadInput) {
			t.Errorf("Init says %v", err)
		}
	})
}

// A CA that cannot be opened says which file and why.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open := func(passphrase string) error {
		a, err := Open(t.Context(), w.dir, []byte(passphrase), w.clock.now, rand.Reader, slog.New(slog.DiscardHandler))
		if err == nil {
			return a.Close()
		}
		return err
	}
	refused := func(err error, says string) {
		t.Helper()
		if !engine.Is(err, engine.BadInput) || !strings.Contains(err.Error(), says) {
			t.Errorf("Open says %v, without %q", err, says)
		}
	}
	refused(open("another passphrase"), "passphrase does not open")
	refused(open(""), "passphrase is empty")
	must(t, open(testPassphrase))

	swapped := value[[]byte](t)(os.ReadFile(filepath.Join(w.dir, serverKeyFile)))
	must(t, os.WriteFile(filepath.Join(w.dir, stationCAKey), swapped, 0o600))
	refused(open(testPassphrase), "not that of station-ca.crt")
	must(t, os.Remove(filepath.Join(w.dir, issuerFile)))
	refused(open(testPassphrase), issuerFile)
}

// A database that a newer program wrote is left alone.
func TestNewerDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	value[any](t)(w.book.db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`))
	_, err := openBook(t.Context(), filepath.Join(w.dir, databaseFile))
	if !engine.Is(err, engine.StoreTrouble) || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("openBook says %v", err)
	}
}

// What stands in the audit stays there.
func TestAuditIsAppendOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.issueOne(t)
	if n := w.rows(t, `audit WHERE act = 'issue certificate' AND station = 'lobby-1' AND who = 'anna'`); n != 1 {
		t.Errorf("%d audit rows tell of the certificate", n)
	}
	for _, deed := range []string{`UPDATE audit SET who = 'nobody'`, `DELETE FROM audit`} {
		if _, err := w.book.db.Exec(deed); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s says %v", deed, err)
		}
	}
}
