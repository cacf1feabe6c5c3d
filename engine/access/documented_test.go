package access

import (
	"encoding/base64"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
)

// contract is docs/access-system.md.
func contract(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/access-system.md")
	must(t, err)
	return string(text)
}

// part is what a pattern's one group matches in a text.
func part(t *testing.T, text, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("there is no %s in docs/access-system.md", pattern)
	}
	return m[1]
}

func at(text string) time.Time {
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return when.Local() // as the store gives it
}

// documented is the note that the example tells.
func documented(t *testing.T) engine.AccessNote {
	t.Helper()
	public, err := base64.StdEncoding.DecodeString(part(t, contract(t), `"publicKey":"([^"]+)"`))
	must(t, err)
	return engine.AccessNote{
		Key: "9f86d081884c7d659a2feaa0c55ad015/11", Event: engine.AccessRegister, At: at("2026-03-01T09:30:00Z"),
		Card: engine.Identity{ID: "yubikey-7122501", Serial: "7122501", GUID: "a1b2c3d4e5f60718293a4b5c6d7e8f90", Model: "YubiKey 5.7.1"},
		User: engine.UserRef{ID: "5d2c1c1e-7b0e-4d1c-9a51-0d6c2f1f2a10", Name: "Zoë Müller", Logon: "zoe", Mail: "zoe@corp.example"},
		Certificates: []engine.Managed{{
			Template: "logon", Place: "9a", CA: "corp", Request: "not told", Subject: "Zoë Müller", Issuer: "Corp Issuing CA", Serial: "1f3a5c",
			NotBefore: at("2026-03-01T09:29:00Z"), NotAfter: at("2027-03-01T09:29:00Z"), Public: public,
			Fingerprint: part(t, contract(t), `"fingerprint":"(\w+)"`), Attributes: map[string]string{"title": "not told"},
		}},
	}
}

// The example in the documentation is, to the byte, what is sent; and OpenSSL
// comes to the same signature with the commands that stand there.
func TestDocumentedExample(t *testing.T) {
	text := contract(t)
	secret, stamp, body := part(t, text, `(?m)^secret='(.*)'$`), part(t, text, `(?m)^timestamp='(.*)'$`), part(t, text, `(?m)^body='(.*)'$`)
	want := part(t, text, "(?s)```http\n(.*?)```")
	got, err := bodyOf(documented(t))
	must(t, err)
	if string(got) != body {
		t.Errorf("the body is\n%s, not\n%s", got, body)
	}

	s, arrived := opened(t, 204, secret)
	s.now = func() time.Time { return at("2026-03-01T09:30:02Z") }
	must(t, s.Tell(t.Context(), documented(t)))
	a := <-arrived
	if string(a.body) != body || a.Header.Get("Kiosk-Timestamp") != stamp {
		t.Errorf("what arrives at %s is\n%s", a.Header.Get("Kiosk-Timestamp"), a.body)
	}
	for line := range strings.Lines(want) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if got := a.Header.Get(name); got != value {
			t.Errorf("the header %s is %q, not %q", name, got, value)
		}
	}

	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("openssl is missing: install the package openssl")
		}
		t.Skip("openssl is missing: install the package openssl")
	}
	commands := part(t, text, "(?s)```sh\n(secret=.*?)```")
	said, err := exec.CommandContext(t.Context(), "sh", "-c", commands).CombinedOutput()
	_, hexed, _ := strings.Cut(strings.TrimSpace(string(said)), "= ")
	if err != nil || !strings.Contains(want, "Kiosk-Signature: v1="+hexed+"\n") {
		t.Errorf("OpenSSL says %s %v", said, err)
	}
}

// Every field of the body stands in the documentation, and no other.
func TestDocumentedFields(t *testing.T) {
	table := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([\\w.\\[\\]]+)` \\| (string|number|time|array|boolean) \\|").FindAllStringSubmatch(contract(t), -1) {
		table[m[1]] = true
	}
	var walk func(prefix string, s reflect.Type)
	walk = func(prefix string, s reflect.Type) {
		for i := range s.NumField() {
			f := s.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			name = prefix + name
			switch f.Type {
			case reflect.TypeFor[card](), reflect.TypeFor[user]():
				walk(name+".", f.Type)
				continue
			case reflect.TypeFor[[]certificate]():
				walk(name+"[].", f.Type.Elem())
			}
			if !table[name] {
				t.Errorf("the documentation does not tell of %s", name)
			}
			delete(table, name)
		}
	}
	walk("", reflect.TypeFor[event]())
	for name := range table {
		t.Errorf("the documentation tells of %s, which is never sent", name)
	}
}
