package mail

import (
	"path/filepath"
	"testing"
	"time"

	"cardkiosk/engine"
)

// A configuration that cannot work, or would show a password or letters to a
// network, is refused at start.
func TestConfigRefused(t *testing.T) {
	notPEM := passwordFile(t, "no certificate")
	for name, c := range map[string]struct {
		change func(*Config)
		say    string
	}{
		"no port":           {func(c *Config) { c.Server = "mail.example.org" }, "port"},
		"TLS":               {func(c *Config) { c.TLS = "maybe" }, `"maybe"`},
		"plain abroad":      {func(c *Config) { c.TLS, c.User, c.PasswordFile = NoTLS, "", "" }, "on this machine"},
		"plain password":    {func(c *Config) { c.TLS, c.Server = NoTLS, "localhost:25" }, "without TLS"},
		"user alone":        {func(c *Config) { c.PasswordFile = "" }, "together"},
		"password alone":    {func(c *Config) { c.User = "" }, "together"},
		"zero byte":         {func(c *Config) { c.User = "a\x00b" }, "zero byte"},
		"no sender":         {func(c *Config) { c.From = "" }, "sender"},
		"sender":            {func(c *Config) { c.From = "Kiosk <kiosk>" }, "sender"},
		"sender's name":     {func(c *Config) { c.From = "Kio\u202esk <kiosk@example.org>" }, "control"},
		"quoted sender":     {func(c *Config) { c.From = `"a b"@example.org` }, "sender"},
		"answers":           {func(c *Config) { c.ReplyTo = "desk" }, "answers"},
		"hello":             {func(c *Config) { c.HelloName = "a b" }, `"a b"`},
		"time-out":          {func(c *Config) { c.Timeout = -time.Second }, "-1s"},
		"CA file":           {func(c *Config) { c.CAFile = filepath.Join(t.TempDir(), "missing") }, "missing"},
		"CA file's content": {func(c *Config) { c.CAFile = notPEM }, notPEM},
	} {
		t.Run(name, func(t *testing.T) {
			config := Config{Server: "mail.example.org:587", User: user, PasswordFile: "password", From: "kiosk@example.org"}
			if _, err := Open(config, ownLetters(t)); err != nil {
				t.Fatal(err)
			}
			c.change(&config)
			_, err := Open(config, ownLetters(t))
			if !engine.Is(err, engine.BadInput) {
				t.Fatalf("error is %v", err)
			}
			contains(t, err, c.say)
		})
	}
}

// Without TLS goes on this machine.
func TestConfigPlain(t *testing.T) {
	for _, c := range []Config{
		{Server: "localhost:25"}, {Server: "127.0.0.1:25"}, {Server: "[::1]:25"},
	} {
		c.TLS, c.From = NoTLS, "kiosk@example.org"
		if _, err := Open(c, ownLetters(t)); err != nil {
			t.Errorf("%s: %v", c.Server, err)
		}
	}
}

// Left out, STARTTLS is required and a send lasts half a minute at most.
func TestConfigDefaults(t *testing.T) {
	p := openPost(t, Config{Server: "mail.example.org:587", From: "kiosk@example.org"}, ownLetters(t))
	if p.config.TLS != StartTLS || p.config.Timeout != 30*time.Second {
		t.Errorf("configuration is %+v", p.config)
	}
}
