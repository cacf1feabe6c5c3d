package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
)

// sound is a configuration without a fault, with something put in place of a
// line of it.
func sound(t *testing.T, change func(string) string) Config {
	t.Helper()
	data, err := os.ReadFile("../../testdata/config/sound.toml")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(surroundings(t))
	cfg, err := Parse("config.toml", []byte(change(string(data))), Trials{Now: noon, PFX: openPFX})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// What the file does not say of a policy is what the sample says it is then.
func TestPolicyLeftOut(t *testing.T) {
	p := sound(t, func(s string) string { return s }).Policies[0]
	if p.Priority != 0 || p.Links != nil || p.Publish || p.AccessSystem || p.SearchThirdParty || p.Users != (engine.UserOptions{}) {
		t.Errorf("policy %+v", p)
	}
	if len(p.Rules) != 1 || p.Rules[0].Event != engine.UpdateDone || !slices.Equal(p.Rules[0].To, []string{engine.ToUser}) {
		t.Errorf("rules %+v", p.Rules)
	}
	logon := p.Templates[0]
	if logon.Renewal != (engine.Renewal{}) || logon.Others != nil || logon.Binding != engine.BindExtension {
		t.Errorf("template %+v", logon)
	}
	if want := []string{"name", "sid", "upn"}; !slices.Equal(logon.Tracked, want) {
		t.Errorf("tracked %v, not %v", logon.Tracked, want)
	}
}

// What the file says arrives.
func TestPolicySays(t *testing.T) {
	cfg := sound(t, func(s string) string {
		return strings.Replace(s, `name = "staff"`, "name = \"staff\"\npriority = -3\npublish = true", 1) + `
tracked = []
key_on_renewal = "same"
key_max_days = 1460
old_certificate = "keep"
revoke_superseded = true
grace_days = 7

[[policy.template]]
name = "encryption"
ca = "corp"
profile = "encryption"
place = ["9d", "retired"]
key = "p384"
subject = "CN={name}"
usage = ["keyAgreement"]
valid_days = 730
renew_percent = 10

[[policy]]
name = "managers"
containers = ["OU=Managers,DC=corp,DC=example"]
groups = ["CN=Managers,DC=corp,DC=example"]
setup = { puk = "block", admin_key = "leave" }
users = { update = true, cancel_update = true }
notify = [{ event = "update done", to = ["user", "Desk <desk@corp.example>"], resend_days = 3 }]
common = [
  { name = "door", pfx = "p384.pfx", password_file = "door-password", place = "retired", pin = "never", optional = true },
  { name = "gate", pfx = "p384.pfx", password_file = "door-password", place = "9d" },
]

[snapshot]
refresh = "2h"
`
	})
	staff, managers := cfg.Policies[0], cfg.Policies[1]
	logon, encryption := staff.Templates[0], staff.Templates[1]
	if len(logon.Tracked) != 0 || logon.Renewal != (engine.Renewal{SameKey: true, KeyMaxDays: 1460, KeepOld: true, RevokeOld: true, GraceDays: 7}) {
		t.Errorf("logon %+v", logon)
	}
	if encryption.Place != "9d" || len(encryption.Others) != 20 || encryption.Others[0] != "82" || encryption.Others[19] != "95" || !encryption.Renewal.KeepOld {
		t.Errorf("encryption %+v", encryption)
	}
	links := []engine.Link{{Container: "OU=Managers,DC=corp,DC=example"}, {Group: "CN=Managers,DC=corp,DC=example"}}
	if staff.Priority != -3 || !staff.Publish || managers.Publish {
		t.Errorf("staff %+v", staff)
	}
	if !slices.Equal(managers.Links, links) || managers.Users != (engine.UserOptions{Update: true, CancelUpdate: true}) {
		t.Errorf("managers %+v", managers)
	}
	if r := managers.Rules[0]; !slices.Equal(r.To, []string{"user", "desk@corp.example"}) || r.ResendDays != 3 {
		t.Errorf("rule %+v", r)
	}
	door := managers.Templates[0]
	if !door.Common() || len(door.PFX.Certificate) == 0 || !door.Optional ||
		door.Key != (engine.KeySpec{Type: engine.P384, PIN: engine.PINNever, Touch: engine.TouchNever}) {
		t.Errorf("door %+v", door)
	}
	if want := []PFXFile{{"p384.pfx", "door-password"}}; !slices.Equal(cfg.PFXFiles, want) {
		t.Errorf("PFX files %v", cfg.PFXFiles)
	}
	if want := (Snapshot{Refresh: 2 * time.Hour, Full: 24 * time.Hour, Stale: 4 * time.Hour}); cfg.Snapshot != want {
		t.Errorf("snapshot %+v", cfg.Snapshot)
	}
}

// Policies of files come after those of config.toml, in the order of the names,
// each file once; paths in them start at their folder.
func TestPolicyFiles(t *testing.T) {
	top, err := os.ReadFile("../../testdata/config/policy-files-sound.toml")
	if err != nil {
		t.Fatal(err)
	}
	beside, err := filepath.Abs("../../testdata/config/policy-files-sound")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(surroundings(t))
	if err := os.CopyFS(".", os.DirFS(beside)); err != nil {
		t.Fatal(err)
	}
	write(t, "policies/a.toml", "[[policy]]\nname = \"a\"\npriority = 1\ngroups = [\"CN=A,DC=x\"]\nsetup = { puk = \"leave\", admin_key = \"leave\" }\n"+
		"common = [{ name = \"door\", pfx = \"../door.pfx\", place = \"82\" }]\n", 0o600)
	text := strings.Replace(string(top), `["policies/*.toml"]`, `["policies/staff.toml", "policies/*"]`, 1)
	cfg, err := Parse("config.toml", []byte(text), Trials{PFX: openPFX})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range cfg.Policies {
		names = append(names, p.Name)
	}
	if !slices.Equal(names, []string{"staff", "a"}) {
		t.Errorf("policies %v", names)
	}
	if want := []PFXFile{{"door.pfx", "door-password"}, {"door.pfx", ""}}; !slices.Equal(cfg.PFXFiles, want) {
		t.Errorf("PFX files %v", cfg.PFXFiles)
	}
}

// A configuration with common certificates can be read where nobody opens PFX
// files.
func TestCommonUnopened(t *testing.T) {
	data, err := os.ReadFile("../../testdata/config/sound.toml")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(surroundings(t))
	text := string(data) + "[[policy.common]]\nname = \"door\"\npfx = \"damaged.pfx\"\nplace = \"82\"\n"
	cfg, err := Parse("config.toml", []byte(text), Trials{})
	if err != nil {
		t.Fatal(err)
	}
	if door := cfg.Policies[0].Templates[1]; !door.Common() || door.PFX.Certificate != nil {
		t.Errorf("door %+v", door)
	}
}
