package main

import (
	"errors"
	"io/fs"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardkiosk/engine"
)

// ownedBy is a file or folder of somebody's.
type ownedBy struct {
	uid  int
	mode fs.FileMode
}

func (ownedBy) Name() string        { return "kiosk" }
func (ownedBy) Size() int64         { return 0 }
func (o ownedBy) Mode() fs.FileMode { return o.mode }
func (ownedBy) ModTime() time.Time  { return time.Time{} }
func (o ownedBy) IsDir() bool       { return o.mode.IsDir() }
func (o ownedBy) Sys() any          { return &syscall.Stat_t{Uid: uint32(o.uid)} }

const kioskUID = 990

// accountsOf answers from a passwd of three: root, the kiosk's account, and ada-op.
func accountsOf() (named, numbered func(string) (*user.User, error)) {
	all := []*user.User{{Username: "root", Uid: "0"}, {Username: "kiosk", Uid: "990"}, {Username: "ada-op", Uid: "1000"}, {Username: "bob", Uid: "1001"}}
	find := func(is func(*user.User) bool, err error) (*user.User, error) {
		for _, u := range all {
			if is(u) {
				return u, nil
			}
		}
		return nil, err
	}
	named = func(name string) (*user.User, error) {
		return find(func(u *user.User) bool { return u.Username == name }, user.UnknownUserError(name))
	}
	numbered = func(uid string) (*user.User, error) {
		return find(func(u *user.User) bool { return u.Uid == uid }, user.UnknownUserIdError(0))
	}
	return named, numbered
}

// by is a process of uid, with this in its environment, and state of the kiosk's.
func by(uid, euid int, env ...string) started {
	named, numbered := accountsOf()
	return started{
		uid: uid, euid: euid, named: named, numbered: numbered,
		getenv: func(name string) string {
			for _, e := range env {
				if k, v, _ := strings.Cut(e, "="); k == name {
					return v
				}
			}
			return ""
		},
		look: func(string) (fs.FileInfo, error) { return ownedBy{kioskUID, fs.ModeDir | 0o700}, nil },
	}
}

// Nobody is taken for somebody else, whatever they write into the environment: only
// the account that owns the kiosk's state is told by sudo who called it.
func TestCallingAccount(t *testing.T) {
	for name, c := range map[string]struct {
		process started
		want    string
		say     string
	}{
		"through sudo":               {by(kioskUID, kioskUID, "SUDO_USER=ada-op", "SUDO_UID=1000"), "ada-op", ""},
		"without sudo":               {by(kioskUID, kioskUID), "kiosk", ""},
		"a login user, directly":     {by(1000, 1000), "ada-op", ""}, // who cannot read the kiosk's files
		"a login user as another":    {by(1000, 1000, "SUDO_USER=bob", "SUDO_UID=1001"), "", "does not own"},
		"a login user as themselves": {by(1000, 1000, "SUDO_USER=ada-op", "SUDO_UID=1000"), "", "does not own"},
		"only a number":              {by(1000, 1000, "SUDO_UID=1001"), "", "does not own"},
		"root through sudo":          {by(0, 0, "SUDO_USER=ada-op", "SUDO_UID=1000"), "", "sudo -u kiosk"},
		"sudo called by root":        {by(kioskUID, kioskUID, "SUDO_USER=root", "SUDO_UID=0"), "", "sign in as yourself"},
		"sudo called by the kiosk":   {by(kioskUID, kioskUID, "SUDO_USER=kiosk", "SUDO_UID=990"), "", "sign in as yourself"},
		"name and number differ":     {by(kioskUID, kioskUID, "SUDO_USER=ada-op", "SUDO_UID=1001"), "", "not theirs"},
		"a name alone":               {by(kioskUID, kioskUID, "SUDO_USER=ada-op"), "", "not theirs"},
		"a number alone":             {by(kioskUID, kioskUID, "SUDO_UID=1000"), "", "unknown user"},
		"nobody has the name":        {by(kioskUID, kioskUID, "SUDO_USER=eve", "SUDO_UID=1666"), "", "unknown user eve"},
		"setuid":                     {by(1000, kioskUID, "SUDO_USER=bob", "SUDO_UID=1001"), "", "setuid"},
		"setuid root":                {by(1000, 0), "", "setuid"},
	} {
		got, err := c.process.caller("/var/lib/kiosk")
		if got != c.want || (err == nil) != (c.say == "") || err != nil && !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %q, %v; want %q, %q", name, got, err, c.want, c.say)
		}
		if err != nil && !engine.Is(err, engine.Forbidden) {
			t.Errorf("%s: %v is not of the kind Forbidden", name, err)
		}
	}
}

// A caller through sudo chooses no configuration: it says where secrets are read,
// and to whom they are sent.
func TestConfigOfCaller(t *testing.T) {
	for name, c := range map[string]struct {
		owner int
		mode  fs.FileMode
		fine  bool
	}{
		"root's":                      {0, 0o640, true},
		"the kiosk's":                 {kioskUID, 0o600, true},
		"the caller's":                {1000, 0o600, false},
		"root's, which all may write": {0, 0o666, false},
		"root's, of a writing group":  {0, 0o660, false},
	} {
		file := ownedBy{c.owner, c.mode}
		s := by(kioskUID, kioskUID, "SUDO_USER=ada-op", "SUDO_UID=1000")
		s.look = func(string) (fs.FileInfo, error) { return file, nil }
		if err := s.trusts("config.toml"); (err == nil) != c.fine {
			t.Errorf("%s: %v", name, err)
		}
		s.getenv = func(string) string { return "" }
		if err := s.trusts("config.toml"); err != nil {
			t.Errorf("%s, without sudo: %v", name, err)
		}
	}
}

// The process that the tests run in is told apart by the system's own files.
func TestCallingAccountHere(t *testing.T) {
	dir := t.TempDir()
	me, err := user.Current()
	if err != nil {
		t.Skip(err)
	}
	if got, err := callingAccount(dir); err != nil || got != me.Username {
		t.Errorf("it is %q who calls, %v; want %q", got, err, me.Username)
	}
	t.Setenv("SUDO_USER", "root")
	t.Setenv("SUDO_UID", "0")
	if got, err := callingAccount(dir); err == nil {
		t.Errorf("%q is taken for who calls", got)
	}
	if err := checkConfigOwner(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a configuration that is not there: %v", err)
	}
}
