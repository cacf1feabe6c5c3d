package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

const (
	newsCards  = 40
	newsResend = 7
)

// newsPolicy tells of logon certificates a month before they end.
func newsPolicy() engine.Policy {
	return engine.Policy{
		Name:      "Staff",
		Templates: []engine.Template{{Name: "logon", Place: "9a", Renew: engine.Window{Days: 30}}},
		Rules: []engine.Rule{
			{Event: engine.ContentExpiring, To: []string{engine.ToUser, "desk@corp.example"}, ResendDays: newsResend},
			{Event: engine.AttributesNew, To: []string{engine.ToUser}},
		},
	}
}

// fillNews writes cards whose certificates end one after the other, a day apart.
func fillNews(t *testing.T, kept *store.Store, now time.Time) {
	t.Helper()
	for i := range newsCards {
		u := engine.User{ID: engine.UserID(fmt.Sprintf("u%02d", i)), DN: fmt.Sprintf("uid=u%02d,dc=corp", i), Name: fmt.Sprint("User ", i), Logon: fmt.Sprintf("u%02d", i), Mail: fmt.Sprintf("u%02d@corp.example", i)}
		r := engine.Record{
			Card: engine.Identity{ID: engine.CardID(fmt.Sprintf("yubikey-%d", i)), Serial: fmt.Sprint(7000 + i)}, User: u.Ref(), State: engine.StateIssued, Policy: "Staff", Written: now,
			Managed: []engine.Managed{{Template: "logon", Place: "9a", NotBefore: now, NotAfter: now.AddDate(0, 0, 31+i), Fingerprint: fmt.Sprint("f", i)}},
		}
		if err := kept.Assign(t.Context(), r, engine.AuditRow{At: now}); err != nil {
			t.Fatal(err)
		}
		if err := kept.KeepPersons(t.Context(), engine.Person{User: u, Seen: now}); err != nil {
			t.Fatal(err)
		}
	}
}

func newsDesk(kept *store.Store, post engine.Post, now func() time.Time) *engine.Desk {
	policies := []engine.Policy{newsPolicy()}
	return &engine.Desk{
		Ledger: kept, People: kept, Texts: kept, Notices: kept, Outbox: kept, Errands: kept, Audit: kept, Post: post,
		Policies: policies, PolicyOf: engine.ByLinks(policies), Now: now, Log: silent,
	}
}

// pile keeps the letters that were sent.
type pile struct{ letters []engine.Letter }

func (p *pile) Send(_ context.Context, l engine.Letter) error {
	p.letters = append(p.letters, l)
	return nil
}

// flicker is a store on which the power goes now and then, just before or just
// after something was told.
type flicker struct {
	engine.Notices
	mu sync.Mutex
	n  int
}

func (f *flicker) Announce(ctx context.Context, a engine.Announcement) (bool, error) {
	f.mu.Lock()
	f.n++
	n := f.n
	f.mu.Unlock()
	if n%7 == 0 {
		return false, errPower
	}
	ok, err := f.Notices.Announce(ctx, a)
	if n%5 == 0 {
		err = errors.Join(err, errPower)
	}
	return ok, err
}

// With two workers at once, on a store of their own each, which die in between and
// are started again every day, everybody is told on the day they are due to be
// told, once, and never again within the period.
func TestNewsOfManyWorkers(t *testing.T) {
	c := &clock{now: time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)}
	start := c.Now()
	file := filepath.Join(t.TempDir(), "kiosk.db")
	fillNews(t, storeAt(t, file), start)
	post := &pile{}
	const days = 60
	for range days {
		kiosks := [2]*engine.Desk{newsDesk(storeAt(t, file), post, c.Now), newsDesk(storeAt(t, file), post, c.Now)}
		died := 0
		for range 4 { // looks of an hour each, of which the last two are undisturbed
			var all sync.WaitGroup
			for _, d := range kiosks {
				steady := d.Notices
				if died < 2 {
					d.Notices = &flicker{Notices: steady, n: c.Now().Hour()}
				}
				all.Go(func() {
					if _, err := d.Tell(t.Context()); err != nil && !errors.Is(err, errPower) {
						t.Error(err)
					}
					d.Notices = steady
				})
			}
			all.Wait()
			c.turn(time.Hour)
			died++
		}
		for r := deliver(t, kiosks[0]); !r.Next.IsZero(); r = deliver(t, kiosks[0]) {
		}
		for _, d := range kiosks {
			if err := d.Outbox.(*store.Store).Close(); err != nil {
				t.Fatal(err)
			}
		}
		c.turn(20 * time.Hour)
	}
	checkNews(t, post.letters, start, days)
}

// checkNews compares what was told with what had to be, to each recipient.
func checkNews(t *testing.T, letters []engine.Letter, start time.Time, days int) {
	t.Helper()
	told, ids := map[string][]time.Time{}, map[string]bool{}
	for _, l := range letters {
		if ids[l.ID] {
			t.Errorf("letter %s was sent twice", l.ID)
		}
		ids[l.ID] = true
		who := string(l.Notice.Card.ID) + " to " + l.To
		told[who] = append(told[who], l.Created)
	}
	want := 0
	for i := range newsCards {
		for _, to := range []string{fmt.Sprintf("u%02d@corp.example", i), "desk@corp.example"} {
			who, last := fmt.Sprintf("yubikey-%d to %s", i, to), time.Time{}
			opens := start.AddDate(0, 0, 1+i)
			for n, at := range told[who] {
				day := opens.AddDate(0, 0, n*newsResend) // the last look of a day is undisturbed
				if !last.IsZero() && at.Before(last.AddDate(0, 0, newsResend)) || at.Before(day) || !at.Before(day.Add(4*time.Hour)) {
					t.Errorf("%s: told at %v, after %v, and not on the day of %v", who, at, last, day)
				}
				last = at
			}
			if got, want := len(told[who]), (days-2-i)/newsResend+1; got != want {
				t.Errorf("%s: told %d times, want %d", who, got, want)
			}
			want += len(told[who])
		}
	}
	if want != len(letters) {
		t.Errorf("%d letters, of which %d are about the cards", len(letters), want)
	}
	t.Logf("%d letters about %d cards in %d days", len(letters), newsCards, days)
}

// What a worker leaves behind is sent at once, and of the next look nothing is
// left to tell.
func TestWorkerTells(t *testing.T) {
	l := openLobby(t)
	l.desk.Policies[0].Rules = append(l.desk.Policies[0].Rules, engine.Rule{Event: engine.ContentExpiring, To: []string{"desk@corp.example"}, ResendDays: 7})
	l.desk.PolicyOf = engine.ByLinks(l.desk.Policies)
	post := &pile{}
	l.desk.Post = post
	for range 2 {
		if err := l.workOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(post.letters); n == 0 {
		t.Error("nobody was told")
	}
	cards := map[engine.CardID]int{}
	for _, letter := range post.letters {
		cards[letter.Notice.Card.ID]++
		if letter.Notice.Event != engine.ContentExpiring || cards[letter.Notice.Card.ID] > 1 {
			t.Errorf("the worker sent %+v", letter)
		}
	}
}
