package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// Whatever a server says, a log does not say what people are called; it keeps what
// helps to find the trouble.
func TestLogNamesNobody(t *testing.T) {
	for text, want := range map[string]string{
		`send letter (ada@corp.example): 550 <ada@corp.example>: no such user`:     `send letter (…@corp.example): 550 <…@corp.example>: no such user`,
		`read user: LDAP 32 "CN=Ada Lovelace,OU=Staff,DC=corp,DC=example" is gone`: `read user: LDAP 32 "CN=…,OU=Staff,DC=corp,DC=example" is gone`,
		`cn=Lovelace\, Ada+uid=alovelace,dc=corp`:                                  `cn=…+uid=alovelace,dc=corp`,
		`filter (&(displayName=*ada*)(objectClass=user))`:                          `filter (&(displayName=…)(objectClass=user))`,
		`subject "CN=Ada Lovelace,O=Corp Example" is not permitted`:                `subject "CN=…,O=Corp Example" is not permitted`,
		`UPN=åsa.öberg@corp.example and zoë@zürich.example`:                        `UPN=…@corp.example and …@zürich.example`,
		`run 3f2a, card yubikey-712250: dial tcp 127.0.0.1:636: refused`:           `run 3f2a, card yubikey-712250: dial tcp 127.0.0.1:636: refused`,
		`OU=Name=x`: `OU=Name=…`,
	} {
		if got := impersonal(text); got != want {
			t.Errorf("%s\nis %s\nwant %s", text, got, want)
		}
	}
	var out bytes.Buffer
	err := fmt.Errorf("publish: %w", errors.New("CN=Ada Lovelace,DC=corp of ada@corp.example"))
	slog.New(slog.NewJSONHandler(&out, logOptions(slog.LevelInfo))).With("err", err).Error("it went wrong", "dn", "cn=Ada Lovelace", slog.Group("more", "to", "ada@corp.example"))
	if log := strings.ToLower(out.String()); strings.Contains(log, "lovelace") || strings.Contains(log, "ada@") || !strings.Contains(log, "publish: ") {
		t.Errorf("the log says %s", out.String())
	}
}
