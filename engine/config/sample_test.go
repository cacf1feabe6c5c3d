package config

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"cardkiosk/engine"
)

const sampleFile = "../../config.toml"

func sample(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(sampleFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// furnish makes the files that the sample names, and returns a folder of its
// own for the state.
func furnish(t *testing.T, folder string) (state string) {
	t.Helper()
	for _, name := range []string{"state", "station"} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{
		"directory-ca.pem", "directory-password", "operator-roots.pem", "station/station.crt", "station/station.key", "station/root.crt",
		"mail-ca.pem", "mail-password", "helpdesk.recipient",
	} {
		write(t, filepath.Join(folder, name), present(name), 0o600)
	}
	return filepath.Join(folder, "state")
}

func loadSample(t *testing.T) (cfg Config, folder string) {
	t.Helper()
	folder = t.TempDir()
	state := furnish(t, folder)
	text := strings.ReplaceAll(sample(t), "/var/lib/kiosk", state)
	text = regexp.MustCompile(`(dc1|dc2|ca|mail)\.corp\.example`).ReplaceAllString(text, "127.0.0.1")
	file := filepath.Join(folder, "config.toml")
	write(t, file, text, 0o600)
	cfg, err := Load(file, Trials{})
	if err != nil {
		t.Fatal(err)
	}
	return cfg, folder
}

// The sample starts as it stands once its addresses are filled in and its
// files are there, and means what it says.
func TestSample(t *testing.T) {
	cfg, folder := loadSample(t)
	if len(cfg.Warnings) > 0 {
		t.Errorf("warnings: %v", cfg.Warnings)
	}
	want := CA{
		Type: Builtin, URL: "https://127.0.0.1:8443", Timeout: 30 * time.Second,
		CertificateFile: filepath.Join(folder, "station/station.crt"),
		KeyFile:         filepath.Join(folder, "station/station.key"),
		RootFile:        filepath.Join(folder, "station/root.crt"),
	}
	if cfg.CAs["corp"] != want {
		t.Errorf("CA is %+v, not %+v", cfg.CAs["corp"], want)
	}
	if len(cfg.Policies) != 1 || len(cfg.Policies[0].Templates) != 4 {
		t.Fatalf("policies are %+v", cfg.Policies)
	}
	p := cfg.Policies[0]
	if p.Name != "staff" || !p.SearchThirdParty || p.Setup != (engine.Setup{PUK: engine.PUKSealed, Admin: engine.AdminProtect}) {
		t.Errorf("policy is %+v", p)
	}
	for i, want := range []struct {
		name     string
		place    engine.Place
		key      engine.KeySpec
		optional bool
		encrypts bool
		renew    engine.Window
	}{
		{"logon", "9a", engine.KeySpec{Type: engine.P256, PIN: engine.PINOnce, Touch: engine.TouchNever}, false, false, engine.Window{Days: 30}},
		{"signing", "9c", engine.KeySpec{Type: engine.P256, PIN: engine.PINAlways, Touch: engine.TouchNever}, false, false, engine.Window{Days: 30}},
		{"encryption", "9d", engine.KeySpec{Type: engine.RSA2048, PIN: engine.PINOnce, Touch: engine.TouchNever}, false, true, engine.Window{Days: 60}},
		{"cardauth", "9e", engine.KeySpec{Type: engine.P256, PIN: engine.PINNever, Touch: engine.TouchNever}, true, false, engine.Window{Percent: 10}},
	} {
		got := p.Templates[i]
		if got.Name != want.name || got.Place != want.place || got.Key != want.key || got.Optional != want.optional ||
			got.Encrypts() != want.encrypts || got.Renew != want.renew || got.CA != "corp" || got.Profile != want.name {
			t.Errorf("template %d is %+v", i, got)
		}
	}
}

// The recipes of the sample make what they look like.
func TestSampleRecipes(t *testing.T) {
	cfg, _ := loadSample(t)
	logon := cfg.Policies[0].Templates[0]
	user := engine.User{Name: "Ada Lovelace", UPN: "ada@corp.example"}
	subject, err := logon.Subject.Make(user)
	want := []engine.RDN{{Type: "CN", Value: "Ada Lovelace"}, {Type: "O", Value: "Corp Example"}}
	if err != nil || !slices.Equal(subject, want) {
		t.Errorf("subject is %v, %v", subject, err)
	}
	san, ok, err := logon.SAN[0].Make(user)
	if err != nil || !ok || san != (engine.SAN{Kind: engine.SANUPN, Value: "ada@corp.example"}) {
		t.Errorf("name is %v, %v, %v", san, ok, err)
	}
	if _, ok, err = logon.SAN[1].Make(user); ok || err != nil {
		t.Errorf("a user without mail gets a mail address: %v, %v", ok, err)
	}
}

// Where the sample says what is meant by a key that is left out, leaving it
// out means that.
func TestLeftOut(t *testing.T) {
	full, _ := loadSample(t)
	data, err := os.ReadFile("../../testdata/config/sound.toml")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(surroundings(t))
	data = append(data, "\n[sign_in]\nmethods = [\"password\"]\n"...) // with the system alone a session lasts longer
	short, err := Parse("config.toml", data, Trials{})
	if err != nil {
		t.Fatal(err)
	}
	for what, pair := range map[string][2]any{
		"attributes":        {full.Directory.Attributes, short.Directory.Attributes},
		"filter":            {full.Directory.Filter, short.Directory.Filter},
		"page size":         {full.Directory.PageSize, short.Directory.PageSize},
		"directory timeout": {full.Directory.Timeout, short.Directory.Timeout},
		"CA timeout":        {full.CAs["corp"].Timeout, short.CAs["corp"].Timeout},
		"mail timeout":      {full.Mail.Timeout, short.Mail.Timeout},
		"mail TLS":          {full.Mail.TLS, short.Mail.TLS},
		"log level":         {full.Log.Level, short.Log.Level},
		"requests":          {full.Requests.Escalate + full.Requests.Collect, short.Requests.Escalate + short.Requests.Collect},
		"agent":             {full.Agent, short.Agent},
		"renewal":           {full.Policies[0].Templates[0].Renewal, short.Policies[0].Templates[0].Renewal},
		"idle":              {full.Station.Idle, short.Station.Idle},
		"lock":              {[]any{full.SignIn.Lock, full.SignIn.OneReader, full.SignIn.Countdown, full.SignIn.CardRemoved}, []any{short.SignIn.Lock, short.SignIn.OneReader, short.SignIn.Countdown, short.SignIn.CardRemoved}},
		"log file":          {filepath.Base(full.Log.File), filepath.Base(short.Log.File)},
		"store file":        {filepath.Base(full.Store.File), filepath.Base(short.Store.File)},
		"key":               {full.Policies[0].Templates[0].Key, short.Policies[0].Templates[0].Key},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: the sample has %v, left out it is %v", what, pair[0], pair[1])
		}
	}
	if short.Log.File != "state/kiosk.log" || short.Store.File != "state/kiosk.db" {
		t.Errorf("log %q and store %q are not in station.folder", short.Log.File, short.Store.File)
	}
}

// switchedOff is a setting or a table in the sample that is not in force:
// "#key = …", "#[table]".
var switchedOff = regexp.MustCompile(`(?m)^#([a-z_]+ =|\[)`)

// Every key of the sample is known, every known key is in the sample, and
// above its first appearance somebody explains it.
func TestSampleIsWhole(t *testing.T) {
	text := switchedOff.ReplaceAllString(sample(t), "$1")
	var tree map[string]any
	if err := toml.Unmarshal([]byte(text), &tree); err != nil {
		t.Fatal(err)
	}
	first := map[string]int{}
	appearances(tree, &path{}, locate([]byte(text), &path{}), first)
	for _, key := range keysOf(reflect.TypeFor[document](), "") {
		start, there := first[key]
		if !there {
			t.Errorf("%s is not in the sample", key)
			continue
		}
		lines := strings.Split(text[:start], "\n")
		if len(lines) < 2 || !strings.HasPrefix(lines[len(lines)-2], "# ") {
			t.Errorf("%s has no comment above it", key)
		}
		delete(first, key)
	}
	if len(first) > 0 {
		t.Errorf("in the sample and not known: %v", slices.Sorted(maps.Keys(first)))
	}
}

// appearances notes where each key with a value first appears.
func appearances(value any, at *path, starts, first map[string]int) {
	switch value := value.(type) {
	case map[string]any:
		for k, v := range value {
			appearances(v, at.key(k), starts, first)
		}
		return
	case []any:
		if _, tables := value[0].(map[string]any); tables {
			for i, v := range value {
				appearances(v, at.item(i), starts, first)
			}
			return
		}
	}
	if before, seen := first[at.shown]; !seen || starts[at.id] < before {
		first[at.shown] = starts[at.id]
	}
}

// keysOf lists the keys a type has; CAs go by the sample's name.
func keysOf(t reflect.Type, prefix string) []string {
	var keys []string
	for _, f := range fieldsOf(t) {
		key, inner := prefix+f.Tag.Get("toml"), f.Type
		if inner.Kind() == reflect.Map {
			key, inner = key+".corp", inner.Elem()
		}
		if inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			keys = append(keys, keysOf(inner, key+".")...)
		} else {
			keys = append(keys, key)
		}
	}
	return keys
}

// What stands in the tables of a policy reaches the policy.
func TestRulesAndSwitches(t *testing.T) {
	data, err := os.ReadFile("../../testdata/config/notify-useless.toml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(data), `name = "staff"`, "name = \"staff\"\ncancel_update = true\nusers = { cancel_update = true }\ntasks = { bind_station = true, bind_user = true, resume = true }", 1)
	text = strings.Replace(text, "renew_days = 30", "renew_days = 30\naccept_signed_renewal = false\nhold_on_disable = true\nkeep_on_unassign = true", 1)
	t.Chdir(surroundings(t))
	cfg, err := Parse("config.toml", []byte(text), Trials{})
	if err != nil {
		t.Fatal(err)
	}
	p := cfg.Policies[0]
	if l := p.Templates[0]; !p.Cancel || !p.Users.CancelUpdate || !l.Renewal.Hold || !l.HoldWhenDisabled || !l.KeepUnassigned {
		t.Errorf("policy is %+v", p)
	}
	if p.Tasks != (engine.TaskOptions{Station: true, User: true, Resume: true}) {
		t.Errorf("tasks are %+v", p.Tasks)
	}
	want := []engine.Rule{
		{Event: engine.UpdatePending, To: []string{"user", "manager", "group:CN=Card desk,OU=Groups,DC=corp,DC=example", "helpdesk@corp.example"}, ResendDays: 7},
		{Event: engine.ContentExpiring, To: []string{"user"}, ResendDays: 7},
		{Event: engine.TrackedExpiring, To: []string{"user"}, Days: 60},
		{Event: engine.TaskCompleted, To: []string{"helpdesk@corp.example"}},
	}
	if !reflect.DeepEqual(p.Rules, want) {
		t.Errorf("rules are\n%+v\nwanted\n%+v", p.Rules, want)
	}
	if cfg.Directory.Attributes.Manager != "manager" {
		t.Errorf("the manager is in %q", cfg.Directory.Attributes.Manager)
	}
}
