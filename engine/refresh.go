package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// holdersAtOnce is how many users the snapshot reads and writes at a time.
const holdersAtOnce = 500

// RefreshPeople brings the snapshot of the directory up to date: by what has
// changed, or, after fullEvery, and when the changes cannot be told, by reading
// everybody who has a card. Two kiosks that do it at once do it twice.
func (d *Desk) RefreshPeople(ctx context.Context, fullEvery time.Duration) (SnapshotState, error) {
	before, err := d.People.Snapshot(ctx)
	if err != nil {
		return SnapshotState{}, err
	}
	now, asked := d.Now(), d.asked()
	if before.Full.IsZero() || before.Groups != asked || !now.Before(before.Full.Add(fullEvery)) {
		return d.readEverybody(ctx, asked)
	}
	mark, ok, err := d.readChanges(ctx, before.Mark)
	if err != nil {
		return SnapshotState{}, err
	}
	if !ok {
		return d.readEverybody(ctx, asked)
	}
	after := SnapshotState{Mark: mark, Groups: asked, Full: before.Full, Refresh: now}
	return after, d.People.KeepSnapshot(ctx, after)
}

// asked names what the snapshot is made of: with other groups or attributes it
// has to be made anew.
func (d *Desk) asked() string {
	names := slices.Concat(d.PolicyGroups, []string{""}, d.Attributes)
	sum := sha256.Sum256([]byte(strings.Join(names, "\n")))
	return hex.EncodeToString(sum[:])
}

// readEverybody reads every user who has a card. Whom the directory does not
// have any more is kept as it was, as gone.
func (d *Desk) readEverybody(ctx context.Context, asked string) (SnapshotState, error) {
	now := d.Now()
	mark, err := d.Roll.Mark(ctx) // before: what changes meanwhile is read again
	if err != nil {
		return SnapshotState{}, err
	}
	groups, err := d.memberships(ctx)
	if err != nil {
		return SnapshotState{}, err
	}
	err = d.eachHolders(ctx, func(ids []UserID) error {
		found := map[UserID]Person{}
		err := d.Roll.Users(ctx, ids, func(u User) error {
			u.Groups = groups.of(u.ID)
			found[u.ID] = Person{User: u, Seen: now}
			return nil
		})
		if err != nil {
			return err
		}
		return d.keepFound(ctx, ids, found)
	})
	if err != nil {
		return SnapshotState{}, err
	}
	after := SnapshotState{Mark: mark, Groups: asked, Full: now, Refresh: now}
	return after, d.People.KeepSnapshot(ctx, after)
}

// keepFound keeps those who were found, and marks the others as gone.
func (d *Desk) keepFound(ctx context.Context, ids []UserID, found map[UserID]Person) error {
	known, err := d.People.Persons(ctx, ids...)
	if err != nil {
		return err
	}
	for _, p := range known {
		if _, here := found[p.User.ID]; !here {
			p.Gone = true
			found[p.User.ID] = p
		}
	}
	for _, id := range ids {
		if _, ok := found[id]; !ok {
			found[id] = Person{User: User{ID: id}, Gone: true}
		}
	}
	persons := make([]Person, 0, len(found))
	for _, p := range found {
		persons = append(persons, p)
	}
	return d.People.KeepPersons(ctx, persons...)
}

// eachHolders calls each with the users who have a card, so many at a time.
func (d *Desk) eachHolders(ctx context.Context, each func([]UserID) error) error {
	var batch []UserID
	err := d.People.EachHolder(ctx, "", func(id UserID) error {
		if batch = append(batch, id); len(batch) < holdersAtOnce {
			return nil
		}
		full := batch
		batch = nil
		return each(full)
	})
	if err != nil || len(batch) == 0 {
		return err
	}
	return each(batch)
}

// readChanges reads what has changed since a mark.
func (d *Desk) readChanges(ctx context.Context, since Mark) (now Mark, ok bool, err error) {
	var batch []User
	flush := func() error {
		changed := batch
		batch = nil
		return d.keepChanged(ctx, changed)
	}
	now, groups, ok, err := d.Roll.Changed(ctx, since, func(u User) error {
		if batch = append(batch, u); len(batch) < holdersAtOnce {
			return nil
		}
		return flush()
	})
	if err != nil || !ok {
		return Mark{}, ok, err
	}
	if err := flush(); err != nil {
		return Mark{}, false, err
	}
	if groups && len(d.PolicyGroups) > 0 {
		err = d.regroup(ctx)
	}
	return now, true, err
}

// keepChanged keeps those of the users who have a card. A user's entry does not
// tell of groups: those stay as they were.
func (d *Desk) keepChanged(ctx context.Context, changed []User) error {
	ids := make([]UserID, len(changed))
	for i, u := range changed {
		ids[i] = u.ID
	}
	known, err := d.People.Persons(ctx, ids...)
	if err != nil {
		return err
	}
	groups := map[UserID][]string{}
	for _, p := range known {
		groups[p.User.ID] = p.User.Groups
	}
	var persons []Person
	for _, u := range changed {
		if in, holds := groups[u.ID]; holds {
			u.Groups = in
			persons = append(persons, Person{User: u, Seen: d.Now()})
		}
	}
	return d.People.KeepPersons(ctx, persons...)
}

// regroup reads the members of every group that policies name, and corrects
// those users who are in others than is known.
func (d *Desk) regroup(ctx context.Context) error {
	groups, err := d.memberships(ctx)
	if err != nil {
		return err
	}
	return d.eachHolders(ctx, func(ids []UserID) error {
		known, err := d.People.Persons(ctx, ids...)
		if err != nil {
			return err
		}
		var moved []Person
		for _, p := range known {
			if is := groups.of(p.User.ID); !slices.Equal(is, p.User.Groups) {
				p.User.Groups = is
				moved = append(moved, p)
			}
		}
		return d.People.KeepPersons(ctx, moved...)
	})
}

// members is who is in which of the groups that policies name. A user's groups
// are the bits of a number: there may be a million users.
type members struct {
	groups []string
	in     map[UserID]uint64
}

// MostGroups is how many groups policies may name: what a number has bits for.
const MostGroups = 64

func (d *Desk) memberships(ctx context.Context) (members, error) {
	m := members{groups: d.PolicyGroups, in: map[UserID]uint64{}}
	if len(m.groups) > MostGroups {
		return members{}, &Error{Op: "read groups", Kind: BadInput, Err: fmt.Errorf("policies name %d groups; at most %d can be followed", len(m.groups), MostGroups)}
	}
	for i, group := range m.groups {
		err := d.Roll.Members(ctx, group, func(id UserID) error {
			m.in[id] |= 1 << i
			return nil
		})
		if err != nil {
			return members{}, err
		}
	}
	return m, nil
}

func (m members) of(id UserID) []string {
	var groups []string
	for i, group := range m.groups {
		if m.in[id]&(1<<i) != 0 {
			groups = append(groups, group)
		}
	}
	return groups
}

// remember keeps a user who was just read, and has a card or gets one.
func (d *Desk) remember(ctx context.Context, u User) {
	if err := d.People.KeepPersons(ctx, Person{User: u, Seen: d.Now()}); err != nil {
		d.Log.Warn("user was not kept in the snapshot", "user", u.ID, "err", err)
	}
}
