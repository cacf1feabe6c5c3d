package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"cardkiosk/engine"
)

// Whatever stands in the file, it is either understood, or refused with at
// least one finding that says where and what to do, in the order of the lines
// and fit for a terminal.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("../../testdata/config/*.toml")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range append(files, sampleFile) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	file := filepath.Join(surroundings(f), "config.toml")
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := Parse(file, data, Trials{})
		found := cfg.Warnings
		if err != nil {
			var findings *Findings
			if !engine.Is(err, engine.BadInput) || !errors.As(err, &findings) {
				t.Fatalf("not a refusal with findings: %v", err)
			}
			found = findings.All
			if !slices.ContainsFunc(found, func(f Finding) bool { return f.Severity == Error }) {
				t.Fatal("refused without a reason")
			}
		} else if len(cfg.Policies) == 0 || len(cfg.CAs) == 0 || len(cfg.Directory.Servers) == 0 {
			t.Fatalf("understood, and yet not whole: %+v", cfg)
		}
		inspectFindings(t, file, found, 1+strings.Count(string(data), "\n"))
	})
}

// inspectFindings looks at those of config.toml; policy files are beside it.
func inspectFindings(t *testing.T, file string, found []Finding, lines int) {
	t.Helper()
	last := 0
	for _, f := range found {
		if f.File != file {
			continue
		}
		if f.Line < max(last, 1) || f.Line > lines || f.Column < 1 || f.Problem == "" || f.Remedy == "" {
			t.Fatalf("finding %+v after line %d of %d", f, last, lines)
		}
		last = f.Line
		if s := f.String(); strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("not fit for a terminal: %q", s)
		}
	}
}

// Files that are no configuration are refused before anything is read from
// them, and the words say why.
func TestLoadNoFile(t *testing.T) {
	folder := t.TempDir()
	large := filepath.Join(folder, "large.toml")
	write(t, large, strings.Repeat("# filler\n", maxSize/8), 0o600)
	for file, want := range map[string]string{
		filepath.Join(folder, "none.toml"): "does not exist",
		folder:                             "is a folder, not a file",
		os.DevNull:                         "is not a file",
		large:                              "is larger than 1 MB",
	} {
		_, err := Load(file, Trials{})
		var findings *Findings
		if !engine.Is(err, engine.BadInput) || !errors.As(err, &findings) || len(findings.All) != 1 || findings.All[0].Problem != want {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// Relative paths start at the configuration file's folder, absolute ones stay.
func TestRelativePaths(t *testing.T) {
	data, err := os.ReadFile("../../testdata/config/sound.toml")
	if err != nil {
		t.Fatal(err)
	}
	folder := surroundings(t)
	recipient := filepath.Join(t.TempDir(), "recipient")
	write(t, recipient, "present\n", 0o600)
	file := filepath.Join(folder, "config.toml")
	write(t, file, strings.Replace(string(data), "helpdesk.recipient", recipient, 1), 0o600)
	cfg, err := Load(file, Trials{})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.CAs["corp"].KeyFile != filepath.Join(folder, "station.key") || cfg.Store.File != filepath.Join(folder, "state/kiosk.db") {
		t.Errorf("key %s, store %s", cfg.CAs["corp"].KeyFile, cfg.Store.File)
	}
	if cfg.Vault.RecipientFile != recipient {
		t.Errorf("recipient %s", cfg.Vault.RecipientFile)
	}
}

// The line that editors jump to.
func TestFindingString(t *testing.T) {
	f := Finding{File: "config.toml", Line: 12, Column: 3, Key: "directory.servers", Problem: "is empty", Remedy: "name one"}
	if got, want := f.String(), "config.toml:12:3: directory.servers: is empty — name one"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
	w := Finding{File: "config.toml", Problem: "is odd", Remedy: "look", Severity: Warning}
	if got, want := w.String(), "config.toml: warning: is odd — look"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
	if got, want := (&Findings{All: []Finding{f, w}}).Error(), f.String()+"\n"+w.String(); got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

// A slip of the hand is recognised, and a word that is merely short is not
// taken for another.
func TestNearest(t *testing.T) {
	keys := []string{"servers", "starttls", "base_dn", "password_file", "page_size", "san", "sid", "puk"}
	for word, want := range map[string]string{
		"server": "servers", "serverz": "servers", "esrvers": "servers", "Servers": "servers", "basedn": "base_dn",
		"pagesize": "page_size", "password": "password_file", "snа": "", "sn": "san", "xyz": "", "": "", "colour": "",
		"start_tls": "starttls", "p": "",
	} {
		if got := Nearest(word, keys); got != want {
			t.Errorf("%q: %q, not %q", word, got, want)
		}
	}
}

// The stars in names of readers stand for any text, and nothing else in them
// is special.
func TestIgnores(t *testing.T) {
	r := Readers{Ignore: []string{"*NFC*", "ACS * [CCID]", "exact"}}
	for reader, want := range map[string]bool{
		"HID NFC Reader 00 00": true, "NFC": true, "ACS ACR39U [CCID]": true, "ACS ACR39U [CCID] 00": false,
		"exact": true, "exactly": false, "Yubico YubiKey OTP+FIDO+CCID 00 00": false, "": false,
	} {
		if got := r.Ignores(reader); got != want {
			t.Errorf("%q: %v", reader, got)
		}
	}
}

// The extended key usages we propose are those the domain knows.
func TestExtendedNames(t *testing.T) {
	for _, name := range extendedNames {
		if _, err := engine.ExtendedUsage(name); err != nil {
			t.Error(err)
		}
	}
}
