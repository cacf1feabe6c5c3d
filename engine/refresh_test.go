package engine

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"
)

// office is a directory with its story of changes, and the snapshot that a store
// keeps of it.
type office struct {
	Roll
	People
	users   map[UserID]User
	members map[string][]UserID
	changed []UserID // since the last mark
	regroup bool     // a group has changed since
	usn     int64
	server  string
	away    bool // it goes away after the first user of an answer

	holders []UserID
	kept    map[UserID]Person
	state   SnapshotState
	full    int // how often everybody was read
}

func (o *office) Mark(context.Context) (Mark, error) { return Mark{Server: o.server, USN: o.usn}, nil }

func (o *office) tell(ids []UserID, each func(User) error) error {
	for _, id := range ids {
		u, here := o.users[id]
		if !here {
			continue
		}
		if err := each(u); err != nil {
			return err
		}
		if o.away {
			return &Error{Op: "read users", Kind: DirectoryAway}
		}
	}
	return nil
}

func (o *office) Users(_ context.Context, ids []UserID, each func(User) error) error {
	o.full++
	return o.tell(ids, each)
}

func (o *office) Members(_ context.Context, group string, each func(UserID) error) error {
	for _, id := range o.members[group] {
		if err := each(id); err != nil {
			return err
		}
	}
	return nil
}

func (o *office) Changed(_ context.Context, since Mark, each func(User) error) (now Mark, groups, ok bool, err error) {
	now = Mark{Server: o.server, USN: o.usn}
	if since.Server != o.server {
		return now, false, false, nil
	}
	if since.USN == o.usn {
		return now, false, true, nil
	}
	return now, o.regroup, true, o.tell(o.changed, each)
}

func (o *office) Persons(_ context.Context, ids ...UserID) (found []Person, err error) {
	for _, id := range ids {
		if p, ok := o.kept[id]; ok {
			found = append(found, p)
		}
	}
	return found, nil
}

func (o *office) KeepPersons(_ context.Context, persons ...Person) error {
	for _, p := range persons {
		o.kept[p.User.ID] = p
	}
	return nil
}

func (o *office) EachHolder(_ context.Context, _ UserID, each func(UserID) error) error {
	for _, id := range o.holders {
		if err := each(id); err != nil {
			return err
		}
	}
	return nil
}

func (o *office) Snapshot(context.Context) (SnapshotState, error) { return o.state, nil }

func (o *office) KeepSnapshot(_ context.Context, s SnapshotState) error { o.state = s; return nil }

// change is something that happens in the directory.
func (o *office) change(u User) {
	o.users[u.ID] = u
	o.changed, o.regroup = []UserID{u.ID}, false
	o.usn++
}

const bosses = "cn=bosses,dc=corp"

// openOffice has Ada and Bob with cards, Cleo without; Ada is a boss. The
// snapshot was read.
func openOffice(t *testing.T) (*office, *Desk) {
	t.Helper()
	o := &office{
		users: map[UserID]User{
			"ada": {ID: "ada", Name: "Ada", DN: "cn=ada,dc=corp"}, "bob": {ID: "bob", Name: "Bob", DN: "cn=bob,dc=corp"},
			"cleo": {ID: "cleo", Name: "Cleo", DN: "cn=cleo,dc=corp"},
		},
		members: map[string][]UserID{bosses: {"ada", "cleo"}}, holders: []UserID{"ada", "bob"},
		kept: map[UserID]Person{}, server: "dc1", usn: 1,
	}
	now := modelNow
	d := &Desk{
		Roles: everything,
		Roll:  o, People: o, PolicyGroups: []string{bosses}, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { now = now.Add(time.Minute); return now },
	}
	o.refresh(t, d)
	return o, d
}

func (o *office) refresh(t *testing.T, d *Desk) {
	t.Helper()
	if _, err := d.RefreshPeople(t.Context(), 24*time.Hour); err != nil {
		t.Fatal(err)
	}
}

func (o *office) knows(t *testing.T, id UserID, name string, gone bool, groups ...string) {
	t.Helper()
	p := o.kept[id]
	if p.User.Name != name || p.Gone != gone || !slices.Equal(p.User.Groups, groups) {
		t.Errorf("known of %s is %q, gone %v, groups %v; want %q, %v, %v", id, p.User.Name, p.Gone, p.User.Groups, name, gone, groups)
	}
}

// Changes are followed without reading everybody: a new name keeps its groups, a
// group its members, and who has no card is not kept.
func TestSnapshotFollowsChanges(t *testing.T) {
	o, d := openOffice(t)
	o.knows(t, "ada", "Ada", false, bosses)
	o.knows(t, "bob", "Bob", false)
	o.change(User{ID: "ada", Name: "Ada King", DN: "cn=ada king,ou=moved,dc=corp"})
	o.refresh(t, d)
	o.knows(t, "ada", "Ada King", false, bosses)
	o.change(User{ID: "cleo", Name: "Cleopatra"})
	o.members[bosses], o.regroup = []UserID{"bob"}, true
	o.refresh(t, d)
	o.knows(t, "ada", "Ada King", false)
	o.knows(t, "bob", "Bob", false, bosses)
	if len(o.kept) != 2 || o.full != 1 {
		t.Errorf("kept are %v, everybody was read %d times", slices.Sorted(maps.Keys(o.kept)), o.full)
	}
}

// Everybody is read again when the numbers are another server's, and when what
// is kept was made for other groups; only that finds who is gone. Who comes back
// is here again.
func TestSnapshotIsMadeAnew(t *testing.T) {
	o, d := openOffice(t)
	bob := o.users["bob"]
	delete(o.users, "bob")
	o.refresh(t, d)
	o.knows(t, "bob", "Bob", false)
	o.server = "dc2"
	o.refresh(t, d)
	o.knows(t, "bob", "Bob", true)
	o.change(bob)
	o.refresh(t, d)
	o.knows(t, "bob", "Bob", false)
	d.PolicyGroups = nil
	o.refresh(t, d)
	o.knows(t, "ada", "Ada", false)
	if o.full != 3 {
		t.Errorf("everybody was read %d times, want 3", o.full)
	}
}

// Who gets a card between two passes is known at once, and followed from then
// on.
func TestSnapshotOfANewHolder(t *testing.T) {
	o, d := openOffice(t)
	cleo := o.users["cleo"]
	cleo.Groups = []string{bosses}
	o.holders = append(o.holders, "cleo")
	d.remember(t.Context(), cleo)
	o.change(User{ID: "cleo", Name: "Cleopatra"})
	o.refresh(t, d)
	o.knows(t, "cleo", "Cleopatra", false, bosses)
}

// A directory that goes away midway has nothing marked as read: the next time
// it is asked for the same once more.
func TestSnapshotWhileTheDirectoryIsAway(t *testing.T) {
	o, d := openOffice(t)
	before := o.state
	o.change(User{ID: "ada", Name: "Ada King"})
	o.change(User{ID: "bob", Name: "Bobby"})
	o.changed, o.away = []UserID{"ada", "bob"}, true
	if _, err := d.RefreshPeople(t.Context(), 24*time.Hour); !Is(err, DirectoryAway) || o.state != before {
		t.Errorf("error %v, snapshot %+v instead of %+v", err, o.state, before)
	}
	o.knows(t, "bob", "Bob", false)
	o.server = "dc2"
	if _, err := d.RefreshPeople(t.Context(), 24*time.Hour); !Is(err, DirectoryAway) || o.state != before {
		t.Errorf("error %v, snapshot %+v instead of %+v", err, o.state, before)
	}
	o.away = false
	o.refresh(t, d)
	o.knows(t, "ada", "Ada King", false, bosses)
	o.knows(t, "bob", "Bobby", false)
}
