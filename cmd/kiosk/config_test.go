package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
)

// configFolder is a folder with a sound configuration and the files it names;
// the test runs there.
func configFolder(t *testing.T) (sound string) {
	t.Helper()
	data, err := os.ReadFile("../../testdata/config/sound.toml")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.Mkdir("state", 0o700); err != nil {
		t.Fatal(err)
	}
	certificate, key := pairOf(t)
	for name, text := range map[string]string{
		"station.crt": certificate, "station.key": key, "root.crt": certificate, "helpdesk.recipient": recipient,
	} {
		writeText(t, name, text)
	}
	return string(data)
}

// recipient is the public half of a key that nobody has.
const recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\n"

// pairOf makes a certificate and its key, in PEM.
func pairOf(t *testing.T) (certificate, key string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.AddDate(0, 0, -1), NotAfter: now.AddDate(0, 0, 1)}
	der, err := x509.CreateCertificate(nil, c, c, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", pkcs8)
}

func writeText(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A configuration without faults is said to be fine, with what is in it.
func TestConfigCheckFine(t *testing.T) {
	writeText(t, "config.toml", configFolder(t))
	var out bytes.Buffer
	if err := checkConfig("", &out); err != nil {
		t.Fatal(err)
	}
	want := "config.toml is fine: 1 policy, 1 template, 1 CA, 1 directory server, mail through mail.corp.example:587\n"
	if out.String() != want {
		t.Errorf("said %q, not %q", out.String(), want)
	}
}

// What keeps nothing from starting is said, and the configuration is fine.
func TestConfigCheckWarns(t *testing.T) {
	writeText(t, "config.toml", configFolder(t))
	if err := os.Chmod("station.key", 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := checkConfig("config.toml", &out); err != nil {
		t.Fatal(err)
	}
	first, second, _ := strings.Cut(out.String(), "\n")
	if !strings.HasPrefix(first, "config.toml:15:1: warning: ca.corp.key_file: ") || !strings.HasPrefix(second, "config.toml is fine: ") {
		t.Errorf("said %q", out.String())
	}
}

// All findings are printed, a line each, and the exit code is that of a fault
// in the configuration.
func TestConfigCheckRefuses(t *testing.T) {
	text := configFolder(t)
	text = strings.Replace(text, "servers", "severs", 1)
	text = strings.Replace(text, `"9a"`, `"9b"`, 1)
	const file = "broken.toml"
	writeText(t, file, text)
	var out bytes.Buffer
	err := checkConfig(file, &out)
	if !engine.Is(err, engine.BadInput) || exitCode(err) != exitUsage || !strings.HasSuffix(err.Error(), ": 2 errors") {
		t.Errorf("refused with %v", err)
	}
	for _, want := range []string{
		file + `:8:1: directory.severs: is not known — did you mean "servers"?`,
		file + `:41:1: policy.template.place: does not take "9b"`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %q", want, out.String())
		}
	}
	if code := run([]string{"config", "check", file}); code != exitUsage {
		t.Errorf("exit code %d", code)
	}
}

// Words that are wrong, files that are missing and parts that cannot be made
// are found in one go, each with its line, key and remedy.
func TestConfigCheckFindings(t *testing.T) {
	folder, err := filepath.Abs("../../testdata/check")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.toml"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".toml")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			configFolder(t)
			_, other := pairOf(t)
			writeText(t, "other.key", other)
			writeText(t, "helpdesk.identity", "AGE-SECRET-KEY-1…\n")
			if err := os.MkdirAll(filepath.Join("letters", "en"), 0o700); err != nil {
				t.Fatal(err)
			}
			writeText(t, "letters/en/update-done.text.tmpl", "Dear {{.Nam}},\n")
			writeText(t, "config.toml", string(data))
			var out bytes.Buffer
			if err := checkConfig("config.toml", &out); err != nil {
				fmt.Fprintln(&out, err)
			}
			golden := filepath.Join(folder, name+".golden")
			if *update {
				writeText(t, golden, out.String())
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if out.String() != string(want) {
				t.Errorf("said\n%s\nnot\n%s", out.String(), want)
			}
		})
	}
}

// Without a configuration anywhere, somebody is told where it was looked for.
func TestConfigCheckNothing(t *testing.T) {
	if _, err := os.Stat(configPlaces[1]); err == nil {
		t.Skip("this machine has a configuration of its own")
	}
	t.Chdir(t.TempDir())
	var out bytes.Buffer
	err := checkConfig("", &out)
	if exitCode(err) != exitUsage || !strings.Contains(err.Error(), "there is no config.toml, and no /etc/kiosk/config.toml") {
		t.Errorf("refused with %v", err)
	}
}
