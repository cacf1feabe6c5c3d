package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

// listedUsers is a directory that finds everybody, one a page, and then ends
// with an error, io.EOF unless there is another.
type listedUsers struct {
	users []engine.User
	err   error
}

func (l *listedUsers) Search(string) engine.Hits { return &listedHits{l.users, l.err} }

func (l *listedUsers) User(_ context.Context, id engine.UserID) (engine.User, error) {
	for _, u := range l.users {
		if u.ID == id {
			return u, nil
		}
	}
	return engine.User{}, &engine.Error{Op: "read user", Kind: engine.UserUnknown}
}

type listedHits struct {
	left []engine.User
	err  error
}

func (h *listedHits) Next(context.Context) ([]engine.User, error) {
	if len(h.left) == 0 {
		if h.err != nil {
			return nil, h.err
		}
		return nil, io.EOF
	}
	one := h.left[:1]
	h.left = h.left[1:]
	return one, nil
}

func (*listedHits) Close() {}

// Whose card it is, is never guessed: a logon name goes before a mail address,
// two users are refused, and a directory that fails has not said "nobody".
func TestUpdateFindsUser(t *testing.T) {
	l := openLobby(t)
	mallory := engine.User{ID: "mallory", DN: "cn=m", Name: "Mallory", Logon: "mallory", Mail: "ada"}
	ada := engine.User{ID: "ada", DN: "cn=a", Name: "Ada", Logon: "Ada", Mail: "ada@corp.example"}
	other := engine.User{ID: "other", DN: "cn=o", Name: "Ada O.", Logon: "ada", Mail: "ada@corp.example"}
	away := &engine.Error{Op: "find users", Kind: engine.DirectoryAway, Subject: "ldap.corp.example", Err: errors.New("no route")}
	for name, c := range map[string]struct {
		directory listedUsers
		user      string
		want      engine.UserID
		code      int
		say       string
	}{
		"logon before mail":     {listedUsers{users: []engine.User{mallory, ada}}, "ada", "ada", exitDone, ""},
		"mail":                  {listedUsers{users: []engine.User{mallory, ada}}, "ADA@corp.example", "ada", exitDone, ""},
		"two with this logon":   {listedUsers{users: []engine.User{ada, other}}, "ada", "", exitUsage, "2 users: Ada (cn=a), Ada O. (cn=o)"},
		"two with this mail":    {listedUsers{users: []engine.User{ada, other}}, "ada@corp.example", "", exitUsage, "2 users"},
		"nobody":                {listedUsers{users: []engine.User{ada}}, "ad", "", exitServer, "ad"},
		"directory away":        {listedUsers{err: away}, "ada", "", exitServer, "no route"},
		"away after first page": {listedUsers{users: []engine.User{mallory}, err: away}, "ada", "", exitServer, "no route"},
	} {
		l.desk.Directory = &c.directory
		user, err := updateCmd{User: c.user}.findUser(t.Context(), l.parts)
		if err == nil {
			if user.ID != c.want {
				t.Errorf("%s: found %q, want %q", name, user.ID, c.want)
			}
			continue
		}
		if c.want != "" || exitCode(err) != c.code || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v, exit code %d", name, err, exitCode(err))
		}
	}
}

// pinFile is a file with a PIN.
func pinFile(t *testing.T, pin string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pin")
	write(t, file, pin+"\n")
	return file
}

// However often a PIN file that is out of date is used, it does not block the
// card; who is sure can have the last try spent.
func TestUpdateSparesLastTry(t *testing.T) {
	l := openLobby(t)
	chip := l.withChip(t, sim.Options{})
	wrong := updateCmd{User: "alovelace", Yes: true, PINFile: pinFile(t, "99999999")}
	for i, say := range []string{"2 tries left", "1 tries left", "--last-try", "--last-try"} {
		if err := wrong.update(t.Context(), l.parts); exitCode(err) != exitCard || !strings.Contains(err.Error(), say) {
			t.Errorf("use %d of the old PIN: exit code %d, %v", i+1, exitCode(err), err)
		}
	}
	if left := chip.State().PIN.Left; left != 1 {
		t.Fatalf("%d tries are left", left)
	}
	right := updateCmd{User: "alovelace", Yes: true, PINFile: pinFile(t, testPIN), LastTry: true}
	if err := right.update(t.Context(), l.parts); err != nil {
		t.Errorf("with --last-try and the right PIN: %v", err)
	}
	state := chip.State()
	state.PIN.Left = 0
	l.withState(t, state, sim.Options{})
	blocked := updateCmd{User: "alovelace", Yes: true, Without: []string{"VPN"}, PINFile: pinFile(t, testPIN), LastTry: true}
	if err := blocked.update(t.Context(), l.parts); exitCode(err) == exitDone {
		t.Error("a blocked PIN was used")
	}
}

// A card that is to get its PIN gets no weak one, also when its first update
// goes on after an interruption.
func TestUpdateSetsNoWeakPIN(t *testing.T) {
	l := openLobby(t)
	ca := &moodyCA{CA: l.desk.CAs["Corp Issuing CA"]}
	l.desk.CAs["Corp Issuing CA"] = ca
	cmd := func(pin string) updateCmd {
		return updateCmd{User: "zvdberg", Card: "712234", Assign: true, Yes: true, PINFile: pinFile(t, pin)}
	}
	if err := cmd("111111").update(t.Context(), l.parts); !errors.Is(err, engine.ErrPINWeak) {
		t.Errorf("a new update with a weak PIN: %v", err)
	}
	ca.ask.Store(true)
	if err := cmd("482913").update(t.Context(), l.parts); !engine.Is(err, engine.CAAway) {
		t.Fatalf("interrupted by %v", err)
	}
	ca.ask.Store(false)
	if err := cmd("111111").update(t.Context(), l.parts); !errors.Is(err, engine.ErrPINWeak) || exitCode(err) != exitUsage {
		t.Errorf("continued with a weak PIN: exit code %d, %v", exitCode(err), err)
	}
	if err := cmd("482913").update(t.Context(), l.parts); err != nil {
		t.Errorf("continued with a good one: %v", err)
	}
}
