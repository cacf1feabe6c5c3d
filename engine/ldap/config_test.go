package ldap

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cardkiosk/engine"
)

// Settings that could not work, or that would put a password on the wire in
// the clear, are refused by name before anything is asked; a password in a URL
// is not repeated.
func TestConfigRefused(t *testing.T) {
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		setting string
		change  func(*Config)
	}{
		"no server":         {"servers", func(c *Config) { c.Servers = nil }},
		"password in URL":   {"servers", func(c *Config) { c.Servers[0] = "ldaps://cn=x:hunter2@dc1" }},
		"broken URL":        {"servers", func(c *Config) { c.Servers[0] = "ldaps://x:hunter2%@dc1" }},
		"other scheme":      {"servers", func(c *Config) { c.Servers[0] = "https://dc1" }},
		"no host":           {"servers", func(c *Config) { c.Servers[0] = "ldaps://" }},
		"base in URL":       {"servers", func(c *Config) { c.Servers[0] = "ldaps://dc1/dc=corp" }},
		"plaintext":         {"servers", func(c *Config) { c.Servers[0] = "ldap://127.0.0.1" }},
		"plaintext afar":    {"servers", func(c *Config) { c.Servers[0], c.AllowPlaintext = "ldap://dc1", true }},
		"name, no password": {"password_file", func(c *Config) { c.PasswordFile = "" }},
		"password, no name": {"password_file", func(c *Config) { c.BindDN = "" }},
		"password missing":  {"password_file", func(c *Config) { c.PasswordFile += ".missing" }},
		"page of less":      {"page_size", func(c *Config) { c.PageSize = -1 }},
		"no base":           {"base_dn", func(c *Config) { c.BaseDN = "" }},
		"base is no DN":     {"base_dn", func(c *Config) { c.BaseDN = "corp" }},
		"filter":            {"filter", func(c *Config) { c.Filter = "(cn=x" }},
		"attribute":         {"attributes", func(c *Config) { c.Attributes.Extra = []string{"cn)(uid=*"} }},
		"search attribute":  {"attributes", func(c *Config) { c.SearchAttributes = []string{"*"} }},
		"roots missing":     {"ca_file", func(c *Config) { c.CAFile = password + ".missing" }},
		"roots are none":    {"ca_file", func(c *Config) { c.CAFile = password }},
	} {
		cfg := Config{Servers: []string{"ldaps://dc1"}, BindDN: "cn=x", PasswordFile: password, BaseDN: "dc=corp,dc=example"}
		if _, err := New(cfg); err != nil {
			t.Fatal(err)
		}
		c.change(&cfg)
		_, err := New(cfg)
		if !engine.Is(err, engine.BadInput) || !strings.Contains(err.Error(), "("+c.setting+")") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// URLs without a port get the protocol's.
func TestServers(t *testing.T) {
	cfg := Config{Servers: []string{"ldaps://dc1", "ldap://[::1]/", "ldaps://dc1:3269"}, StartTLS: true}
	servers, err := cfg.servers()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"dc1:636", "[::1]:389", "dc1:3269"} {
		if servers[i].addr != want {
			t.Errorf("server %d is at %s, wanted %s", i, servers[i].addr, want)
		}
	}
}
