package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"cardkiosk/engine"
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
