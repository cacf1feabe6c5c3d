package engine

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

// fickleDirectory tells of one user, counts how often it is asked, and may be away.
type fickleDirectory struct {
	Directory
	user   User
	groups []string
	asked  int
	err    error
}

func (f *fickleDirectory) User(context.Context, UserID) (User, error) {
	f.asked++
	return f.user, f.err
}

func (f *fickleDirectory) GroupsOf(context.Context, User, []string) ([]string, error) {
	return f.groups, f.err
}

// Whoever leaves a group, or whose account is disabled, can do nothing more a minute
// later; a directory that is away is believed for a while, and no longer. One that
// answers with a no is not away.
func TestStandings(t *testing.T) {
	const group = "CN=Card desk,DC=corp,DC=example"
	now := modelNow
	directory := &fickleDirectory{groups: []string{group}}
	s := &Standings{Directory: directory, Memberships: directory, Groups: []string{group}, Now: func() time.Time { return now }}
	is := func(when string, groups int, disabled bool, kind Kind) {
		t.Helper()
		got, err := s.Of(t.Context(), "u1")
		if len(got.Groups) != groups || got.Disabled != disabled || (err != nil) != (kind != Broken) || err != nil && !Is(err, kind) {
			t.Errorf("%s: %+v, %v", when, got, err)
		}
	}
	is("at first", 1, false, Broken)
	directory.groups, directory.user.Disabled = nil, true
	now = now.Add(standingFresh - time.Second)
	is("within the minute", 1, false, Broken)
	if directory.asked != 1 {
		t.Errorf("the directory was asked %d times within a minute", directory.asked)
	}
	now = now.Add(time.Second)
	is("a minute later", 0, true, Broken)
	directory.err = &Error{Op: "search", Kind: DirectoryAway, Err: errors.New("no answer")}
	now = now.Add(standingHolds - time.Second)
	is("while it is away", 0, true, Broken)
	now = now.Add(time.Second)
	is("away for long", 0, false, DirectoryAway)
	directory.err = &Error{Op: "search", Kind: UserUnknown}
	is("gone", 0, false, UserUnknown)
}

// Roles follow what the directory says now, and a person it does not tell of has none.
func TestRolesFollowTheDirectory(t *testing.T) {
	const group = "CN=Card desk,DC=corp,DC=example"
	standing, unread := Standing{Groups: []string{group}}, error(nil)
	d := &Desk{
		Roles:    []Role{{Name: "desk", Privileges: []Privilege{FindUsers}, Groups: []string{"cn=card desk, dc=corp, dc=example"}}},
		Standing: func(context.Context, UserID) (Standing, error) { return standing, unread },
	}
	ines := Actor{Who: "ines", User: "u1", Mode: Operator}
	why := func() DenialWhy {
		if denial := d.denial(t.Context(), ines, FindUsers, matter{}); denial != nil {
			return denial.Why
		}
		return ""
	}
	var got []DenialWhy
	got = append(got, why())
	standing.Disabled = true
	got = append(got, why())
	standing = Standing{}
	got = append(got, why())
	unread = errors.New("no answer")
	got = append(got, why())
	if want := []DenialWhy{"", AccountDisabled, NoRole, StandingUnknown}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}
