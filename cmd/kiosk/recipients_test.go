package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// addressBook is a directory with managers and groups, and perhaps away.
type addressBook struct {
	managers map[engine.UserID][]engine.User
	groups   map[string][]engine.User
	away     error
	asked    int
}

func (b *addressBook) ManagersOf(_ context.Context, id engine.UserID) ([]engine.User, error) {
	b.asked++
	return b.managers[id], b.away
}

func (b *addressBook) MembersOf(_ context.Context, group string) ([]engine.User, error) {
	b.asked++
	return b.groups[group], b.away
}

// addressees are people; "-name" has no address.
func addressees(mails ...string) (all []engine.User) {
	for _, m := range mails {
		u := engine.User{ID: engine.UserID(m), Name: m, Mail: m}
		if name, without := strings.CutPrefix(m, "-"); without {
			u.Name, u.Mail = name, ""
		}
		all = append(all, u)
	}
	return all
}

// happen puts letters about one card into the outbox, one to each recipient.
func happen(t *testing.T, kept *store.Store, now time.Time, run int, to ...string) {
	t.Helper()
	happenTo(t, kept, "yubikey-1", now, run, to...)
}

func happenTo(t *testing.T, kept *store.Store, which engine.CardID, now time.Time, run int, to ...string) {
	t.Helper()
	id, card := engine.RunID(fmt.Sprintf("%032d", run)), engine.Identity{ID: which}
	r := engine.Run{ID: id, Actor: tester, Started: now, Plan: engine.Plan{
		Format: engine.PlanFormat, Card: card, Steps: []engine.Step{{Verb: engine.WriteRecord}},
	}}
	lease := engine.Lease{Station: "desk-1", Now: now, Until: now.Add(time.Minute)}
	var err error
	if lease.Fence, err = kept.Begin(t.Context(), r, lease); err != nil {
		t.Fatal(err)
	}
	before, _, err := kept.Card(t.Context(), card.ID)
	if err != nil {
		t.Fatal(err)
	}
	o := engine.Outcome{
		Record: engine.Record{Card: card, State: engine.StateIssued, Written: now, Version: before.Version}, End: engine.Finished,
		Notes: []engine.Note{{Kind: engine.Done, At: now}}, Audit: engine.AuditRow{At: now, Actor: tester, Card: card.ID, Run: id},
	}
	for i, address := range to {
		o.Letters = append(o.Letters, engine.Letter{
			ID: fmt.Sprintf("letter-%d-%d", run, i), To: address, Created: now,
			Notice: engine.Notice{Event: engine.UpdateDone, Card: card, Run: id, User: engine.UserRef{ID: "ada", Name: "Ada"}},
		})
	}
	if err := kept.Record(t.Context(), id, lease, o); err != nil {
		t.Fatal(err)
	}
}

func storeAt(t *testing.T, file string) *store.Store {
	t.Helper()
	kept, err := store.Open(t.Context(), file, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kept.Close() })
	return kept
}

// sorting is a desk with letters to people whom only the directory knows.
func sorting(t *testing.T, c *clock) (*engine.Desk, *store.Store, *moodyPost, *addressBook) {
	t.Helper()
	kept := storeAt(t, filepath.Join(t.TempDir(), "kiosk.db"))
	post, book := &moodyPost{mood: always(sent), now: c.Now}, &addressBook{}
	return &engine.Desk{Outbox: kept, Errands: kept, Audit: kept, Post: post, Addresses: book, Now: c.Now, Log: silent}, kept, post, book
}

// Who is manager or in a group when a letter leaves, gets it: once, however they
// are named, and before the next letter about the card.
func TestLettersToWhomTheDirectoryNames(t *testing.T) {
	c := &clock{now: time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)}
	desk, kept, post, book := sorting(t, c)
	happen(t, kept, c.Now(), 1, "ada@corp", engine.ToManager, engine.ToGroup+"cn=desk")
	happen(t, kept, c.Now().Add(time.Second), 2, "ada@corp")
	book.managers = map[engine.UserID][]engine.User{"ada": addressees("max@corp")}
	book.groups = map[string][]engine.User{"cn=desk": addressees("max@corp", "eve@corp", "-ivo", "ADA@corp")}
	c.turn(time.Hour)
	for r := deliver(t, desk); !r.Next.IsZero(); r = deliver(t, desk) {
	}
	first := slices.Sorted(slices.Values(post.tried[:3]))
	if fmt.Sprint(first, post.tried[3:]) != "[ada@corp eve@corp max@corp] [ada@corp]" {
		t.Errorf("letters went to %v", post.tried)
	}
	if h, err := desk.Health(t.Context()); err != nil || h != (engine.Health{}) {
		t.Errorf("health is %+v, %v", h, err)
	}
}

// While the directory is away such letters wait, longer each time, and keep the
// card's later ones waiting; letters of other cards go out.
func TestDirectoryAwayWhileLettersLeave(t *testing.T) {
	c := &clock{now: time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)}
	desk, kept, post, book := sorting(t, c)
	happen(t, kept, c.Now(), 1, engine.ToManager, "ada@corp")
	book.away = &engine.Error{Op: "read manager", Kind: engine.DirectoryAway, Err: errors.New("no route")}
	book.managers = map[engine.UserID][]engine.User{"ada": addressees("max@corp")}
	for _, minutes := range []int{1, 2, 4} {
		r := deliver(t, desk)
		if r.Away || !r.Next.Equal(c.Now().Add(time.Duration(minutes)*time.Minute)) {
			t.Errorf("the round ends with %+v", r)
		}
		c.turn(r.Next.Sub(c.Now()))
	}
	if fmt.Sprint(post.tried) != "[ada@corp]" || book.asked != 3 {
		t.Errorf("tried %v, and asked the directory %d times", post.tried, book.asked)
	}
	book.away = nil
	if deliver(t, desk); fmt.Sprint(post.tried) != "[ada@corp max@corp]" {
		t.Errorf("tried %v", post.tried)
	}
	book.away = &engine.Error{Op: "read manager", Kind: engine.DirectoryRefused, Err: errors.New("no")}
	happen(t, kept, c.Now().Add(time.Second), 2, engine.ToManager)
	c.turn(time.Hour)
	first := c.Now()
	for r := deliver(t, desk); !r.Next.IsZero(); r = deliver(t, desk) {
		c.turn(r.Next.Sub(c.Now()))
	}
	if h, err := desk.Health(t.Context()); err != nil || h.GivenUp != 1 || c.Now().Sub(first) < 72*time.Hour {
		t.Errorf("what the directory does not tell in days is given up and shown: %+v after %v, %v", h, c.Now().Sub(first), err)
	}
}

// A directory that is away is asked once a round, and not for each letter: to wait
// for it that often would hold up those of others.
func TestDirectoryAwayIsAskedOnce(t *testing.T) {
	c := &clock{now: time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)}
	desk, kept, post, book := sorting(t, c)
	book.away = &engine.Error{Op: "read manager", Kind: engine.DirectoryAway, Err: errors.New("no route")}
	book.managers = map[engine.UserID][]engine.User{"ada": addressees("max@corp")}
	for i := range 5 {
		happenTo(t, kept, engine.CardID(fmt.Sprint("yubikey-", i)), c.Now(), i, engine.ToManager)
	}
	happenTo(t, kept, "yubikey-9", c.Now().Add(time.Second), 9, "bert@corp")
	c.turn(time.Second)
	if deliver(t, desk); book.asked != 1 || fmt.Sprint(post.tried) != "[bert@corp]" {
		t.Errorf("the directory was asked %d times, and tried were %v", book.asked, post.tried)
	}
	c.turn(time.Hour)
	book.away = nil
	if deliver(t, desk); len(post.tried) != 6 {
		t.Errorf("tried %v", post.tried)
	}
}

// Nobody without an address is written to, and that stands in the audit.
func TestNobodyHasAnAddress(t *testing.T) {
	c := &clock{now: time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)}
	many := make([]string, 13)
	for i := range many {
		many[i] = fmt.Sprintf("-u%02d", i)
	}
	for name, x := range map[string]struct {
		to   string
		book addressBook
		want string
	}{
		"no manager": {engine.ToManager, addressBook{}, "update done, to manager: the directory names no manager"},
		"gone":       {engine.ToManager, addressBook{away: &engine.Error{Kind: engine.UserUnknown}}, "update done, to manager: the directory does not have the user any more"},
		"no mail":    {engine.ToManager, addressBook{managers: map[engine.UserID][]engine.User{"ada": addressees("-max")}}, "update done, to manager: max"},
		"empty":      {engine.ToGroup + "cn=desk", addressBook{}, "update done, to group:cn=desk: nobody is in the group"},
		"many":       {engine.ToGroup + "cn=desk", addressBook{groups: map[string][]engine.User{"cn=desk": addressees(many...)}}, "update done, to group:cn=desk: u00, u01, u02, u03, u04, u05, u06, u07, u08, u09 and 3 more"},
		"one of two": {engine.ToGroup + "cn=desk", addressBook{groups: map[string][]engine.User{"cn=desk": addressees("-ivo", "eve@corp")}}, "update done, to group:cn=desk: ivo"},
	} {
		desk, kept, post, _ := sorting(t, c)
		desk.Addresses = &x.book
		desk.Outbox = &expansions{Outbox: kept}
		happen(t, kept, c.Now(), 1, x.to)
		deliver(t, desk)
		audit := desk.Outbox.(*expansions).audit
		if len(audit) != 1 || audit[0].Detail != x.want || audit[0].Result != "no address" || audit[0].Card != "yubikey-1" || audit[0].User != "ada" {
			t.Errorf("%s: the audit has %+v", name, audit)
		}
		if want := strings.Count(name, "one of two"); len(post.tried) != want {
			t.Errorf("%s: %d letters went out", name, len(post.tried))
		}
		if h, err := desk.Health(t.Context()); err != nil || h != (engine.Health{}) {
			t.Errorf("%s: health is %+v, %v", name, h, err)
		}
	}
}

// expansions keeps the audit rows of letters that were closed.
type expansions struct {
	engine.Outbox
	audit []engine.AuditRow
}

func (o *expansions) Expand(ctx context.Context, id string, e engine.Expansion) error {
	if e.Audit != nil {
		o.audit = append(o.audit, *e.Audit)
	}
	return o.Outbox.Expand(ctx, id, e)
}

// A courier that is stopped, or dies, while the directory is asked loses nothing
// and tells nobody twice.
func TestCourierDiesWhileLookingUp(t *testing.T) {
	c := &clock{now: time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)}
	desk, kept, post, book := sorting(t, c)
	book.managers = map[engine.UserID][]engine.User{"ada": addressees("max@corp", "eve@corp")}
	happen(t, kept, c.Now(), 1, engine.ToManager)
	stopped, stop := context.WithCancel(t.Context())
	desk.Addresses = stopping{book, stop}
	if _, err := desk.Deliver(stopped); err != nil {
		t.Fatal(err)
	}
	desk.Addresses = book
	desk.Outbox = &dying{Outbox: kept}
	if _, err := desk.Deliver(t.Context()); !errors.Is(err, errPower) {
		t.Fatalf("the power did not go: %v", err)
	}
	desk.Outbox = kept
	c.turn(time.Hour)
	for r := deliver(t, desk); !r.Next.IsZero(); r = deliver(t, desk) {
		c.turn(time.Hour)
	}
	if got := slices.Sorted(slices.Values(post.tried)); fmt.Sprint(got) != "[eve@corp max@corp]" {
		t.Errorf("tried %v", post.tried)
	}
}

// stopping stops the courier while the directory is asked.
type stopping struct {
	engine.Addresses
	stop func()
}

func (s stopping) ManagersOf(ctx context.Context, _ engine.UserID) ([]engine.User, error) {
	s.stop()
	return nil, &engine.Error{Op: "read manager", Kind: engine.Stopped, Err: ctx.Err()}
}

var errPower = errors.New("the power is gone")

// dying loses the power when the letters are there, before anybody knows.
type dying struct{ engine.Outbox }

func (d *dying) Expand(ctx context.Context, id string, e engine.Expansion) error {
	return errors.Join(d.Outbox.Expand(ctx, id, e), errPower)
}

// An update tells whom the policy names, also through the directory: the manager
// and a group, from the walk to the mail server.
func TestUpdateTellsManagerAndGroup(t *testing.T) {
	l := openLobby(t)
	post := &moodyPost{mood: always(sent), now: l.clock.Now}
	book := &addressBook{groups: map[string][]engine.User{"cn=desk": addressees("eve@corp")}, managers: map[engine.UserID][]engine.User{}}
	l.desk.Post, l.desk.Addresses = post, book
	for i := range l.desk.Policies {
		l.desk.Policies[i].Rules = []engine.Rule{{Event: engine.UpdateDone, To: []string{engine.ToUser, engine.ToManager, engine.ToGroup + "cn=desk"}}}
	}
	l.desk.PolicyOf = engine.ByLinks(l.desk.Policies)
	hits := l.desk.Directory.Search("alovelace")
	defer hits.Close()
	users, err := hits.Next(t.Context())
	if err != nil || len(users) != 1 {
		t.Fatalf("%d users, %v", len(users), err)
	}
	book.managers[users[0].ID] = addressees("max@corp")
	s := l.sitDown(t)
	l.toConfirm(s)
	s.press("enter")
	s.sees("Card updated", "3 letters wait")
	for r := deliver(t, l.desk); !r.Next.IsZero(); r = deliver(t, l.desk) {
	}
	if got := slices.Sorted(slices.Values(post.tried)); fmt.Sprint(got) != "["+users[0].Mail+" eve@corp max@corp]" {
		t.Errorf("letters went to %v", got)
	}
}
