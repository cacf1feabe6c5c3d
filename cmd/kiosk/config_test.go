package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

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
	const certificate = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
	for _, name := range []string{"station.crt", "station.key", "root.crt", "helpdesk.recipient"} {
		writeText(t, name, certificate)
	}
	return string(data)
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
		file + `:36:1: policy.template.place: does not take "9b"`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %q", want, out.String())
		}
	}
	if code := run([]string{"config", "check", file}); code != exitUsage {
		t.Errorf("exit code %d", code)
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
