package engine_test

import (
	"strings"
	"testing"

	"cardkiosk/engine"
)

func dn(t testing.TB, s string) engine.DN {
	t.Helper()
	d, err := engine.ParseDN(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return d
}

// However a name is written, it is the same name.
func TestDNEqual(t *testing.T) {
	for _, pair := range [][2]string{
		{"CN=Ada,OU=Staff,DC=corp", "cn=ada,ou=staff,dc=corp"},
		{"CN=Ada, OU=Staff ,DC=corp", "CN=Ada,OU=Staff,DC=corp"},
		{`CN=Lovelace\, Ada,DC=corp`, `CN=Lovelace\2c Ada,DC=corp`},
		{`CN=Lovelace\2C Ada,DC=corp`, `cn=lovelace\,  ada,dc=corp`},
		{`CN=\C5\A0ime\C4\8Dka,DC=corp`, "cn=ŠIMEČKA,dc=corp"},
		{"CN=#0c03416461,DC=corp", "CN=Ada,DC=corp"},
		{"CN=#1303416461,DC=corp", "CN=Ada,DC=corp"},
		{"CN=Ada+UID=al,DC=corp", "uid=AL+cn=Ada,DC=corp"},
		{`CN=a\+b,DC=corp`, `CN=a\2bb,DC=corp`},
		{`CN=\ Ada\ ,DC=corp`, "CN=Ada,DC=corp"},
		{"2.5.4.3=Ada", "2.5.4.3=ada"},
	} {
		if a, b := dn(t, pair[0]), dn(t, pair[1]); !a.Equal(b) {
			t.Errorf("%s is %q, %s is %q", pair[0], a, pair[1], b)
		}
	}
	for _, pair := range [][2]string{
		{"CN=Ada,DC=corp", "CN=Adam,DC=corp"},
		{`CN=a\,ou\=b,DC=corp`, "CN=a,ou=b,DC=corp"},
		{`CN=a\+uid\=b,DC=corp`, "CN=a+uid=b,DC=corp"},
		{`CN=\#0c03416461,DC=corp`, "CN=#0203416461,DC=corp"},
		{"CN=Ada,DC=corp", "OU=Ada,DC=corp"},
	} {
		if a, b := dn(t, pair[0]), dn(t, pair[1]); a.Equal(b) {
			t.Errorf("%s and %s are both %q", pair[0], pair[1], a)
		}
	}
}

// An entry is below a container, not beside one whose name ends the same way.
func TestDNBelow(t *testing.T) {
	staff := dn(t, "OU=Staff,DC=corp,DC=example")
	for name, want := range map[string]bool{
		"CN=Ada,ou=staff,dc=corp,dc=example":             true,
		"CN=Ada,OU=Research,ou=staff,DC=corp,DC=example": true,
		"OU=Staff,DC=corp,DC=example":                    false,
		"DC=corp,DC=example":                             false,
		"CN=Ada,OU=OldStaff,DC=corp,DC=example":          false,
		`CN=Ada\,OU=Staff,DC=corp,DC=example`:            false,
	} {
		if got := dn(t, name).Below(staff); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What is no name is refused, and the words say where.
func TestDNRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                   `character 1: an equals sign is missing behind ""`,
		"Staff":              `character 6: an equals sign is missing behind "Staff"`,
		"OU=Staff,":          `character 10: an equals sign is missing`,
		"OU=Staff,corp,DC=x": `character 14: an equals sign is missing before ','`,
		"OU=Sťaff,=corp":     `character 10: "" is not the name of an attribute`,
		"O U=Staff":          `character 1: "o u" is not the name of an attribute`,
		`OU=Staff\`:          `character 9: a backslash`,
		`CORP\Staff`:         `character 5: an equals sign is missing`,
		`OU=a\qb`:            `character 5: a backslash`,
		"OU=#zz":             `character 4: what follows "#" is not a value in hex`,
		"OU=#0c,DC=corp":     `character 4: what follows "#" is not a value in hex`,
	} {
		_, err := engine.ParseDN(text)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, not %s", text, err, want)
		}
	}
}

// No text makes the reader fall over, and what was read once is read the same
// again.
func FuzzParseDN(f *testing.F) {
	for _, seed := range []string{"CN=Ada,DC=corp", `CN=a\,b+uid=#0c0141`, "#", "=", `a=\`, "a=b,"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := engine.ParseDN(text)
		if err != nil {
			return
		}
		again, err := engine.ParseDN(text)
		if err != nil || !d.Equal(again) || d.Below(d) {
			t.Fatalf("%q: %q, then %q, %v", text, d, again, err)
		}
	})
}
