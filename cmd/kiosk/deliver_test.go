package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// moodyPost fails as a test likes, and counts.
type moodyPost struct {
	mood  func(l engine.Letter) engine.Kind // -1: the letter is sent
	tried []string
	when  []time.Time
	now   func() time.Time
}

func (p *moodyPost) Send(_ context.Context, l engine.Letter) error {
	p.tried, p.when = append(p.tried, l.To), append(p.when, p.now())
	if kind := p.mood(l); kind >= 0 {
		return &engine.Error{Op: "send letter", Kind: kind, Subject: "mail.corp.example", Err: errors.New("the server says so")}
	}
	return nil
}

const sent engine.Kind = -1

func always(k engine.Kind) func(engine.Letter) engine.Kind {
	return func(engine.Letter) engine.Kind { return k }
}

// postOffice is a desk with nothing but letters: one for each of n cards.
func postOffice(t *testing.T, n int, now func() time.Time) (*engine.Desk, *moodyPost) {
	t.Helper()
	kept, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "kiosk.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kept.Close() })
	for i := range n {
		id, card := engine.RunID(fmt.Sprintf("%032d", i)), engine.CardID(fmt.Sprintf("yubikey-%d", i))
		run := engine.Run{ID: id, Actor: tester, Started: now(), Plan: engine.Plan{
			Format: engine.PlanFormat, Card: engine.Identity{ID: card}, Steps: []engine.Step{{Verb: engine.WriteRecord}},
		}}
		lease := engine.Lease{Station: "desk-1", Now: now(), Until: now().Add(time.Minute)}
		if lease.Fence, err = kept.Begin(t.Context(), run, lease); err != nil {
			t.Fatal(err)
		}
		letter := engine.Letter{
			ID: fmt.Sprintf("letter-%d", i), To: fmt.Sprint(i), Created: now(),
			Notice: engine.Notice{Event: engine.UpdateDone, Card: run.Plan.Card, Run: id},
		}
		if err := kept.Record(t.Context(), id, lease, engine.Outcome{
			Record:  engine.Record{Card: run.Plan.Card, State: engine.StateIssued, Written: now()},
			Letters: []engine.Letter{letter}, End: engine.Finished, Notes: []engine.Note{{Kind: engine.Done, At: now()}},
			Audit: engine.AuditRow{At: now(), Actor: tester, Card: card, Run: id},
		}); err != nil {
			t.Fatal(err)
		}
	}
	post := &moodyPost{mood: always(sent), now: now}
	return &engine.Desk{Outbox: kept, Errands: kept, Post: post, Now: now, Log: silent}, post
}

func deliver(t *testing.T, d *engine.Desk) engine.Round {
	t.Helper()
	r, err := d.Deliver(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A letter is given up when it was tried for three days, not when it is three
// days old: the kiosk may have been off since it was written.
func TestLetterOfAWeekAgo(t *testing.T) {
	for _, kind := range []engine.Kind{engine.MailAway, engine.MailLater, engine.Broken} {
		c := &clock{now: time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)}
		desk, post := postOffice(t, 1, c.Now)
		post.mood = always(kind)
		c.turn(7 * 24 * time.Hour)
		first := c.Now()
		for r := deliver(t, desk); ; r = deliver(t, desk) {
			if next, waits, err := desk.Outbox.NextDue(t.Context()); err != nil {
				t.Fatal(err)
			} else if !waits {
				break
			} else if next.After(r.Next) {
				t.Fatalf("kind %d: the next try is at %v, and the round says %v", kind, next, r.Next)
			}
			c.turn(r.Next.Sub(c.Now()))
		}
		if tried := c.Now().Sub(first); tried < 72*time.Hour || tried > 74*time.Hour {
			t.Errorf("kind %d: given up after %v and %d tries", kind, tried, len(post.tried))
		}
	}
}

// What the server says of one letter holds up no other.
func TestOneLetterLater(t *testing.T) {
	c := &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	desk, post := postOffice(t, 4, c.Now)
	post.mood = func(l engine.Letter) engine.Kind {
		if l.To == "1" {
			return engine.MailLater
		}
		return sent
	}
	r := deliver(t, desk)
	if fmt.Sprint(post.tried) != "[0 1 2 3]" || r.Away || !r.Next.Equal(c.Now().Add(time.Minute)) {
		t.Errorf("tried %v, then %+v", post.tried, r)
	}
}

// While the mail server is away one letter is tried at a time, each in its turn.
func TestMailServerAway(t *testing.T) {
	c := &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	desk, post := postOffice(t, 3, c.Now)
	post.mood = always(engine.MailAway)
	for range 3 {
		r := deliver(t, desk)
		if !r.Away || !r.Next.Equal(c.Now().Add(time.Minute)) {
			t.Errorf("the round ends with %+v", r)
		}
		c.turn(time.Minute)
	}
	if fmt.Sprint(post.tried) != "[0 1 2]" {
		t.Errorf("tried %v", post.tried)
	}
}

// The courier leaves a mail server alone that is away, and sends everything when
// it is back.
func TestCourierPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const letters = 8
		desk, post := postOffice(t, letters, time.Now)
		away := time.Now().Add(30 * time.Minute)
		post.mood = func(engine.Letter) engine.Kind {
			if time.Now().Before(away) {
				return engine.MailAway
			}
			return sent
		}
		ctx, stop := context.WithCancel(t.Context())
		o := newOwner(ctx, silent)
		o.deliver(desk.Deliver, desk.Now)
		time.Sleep(2 * time.Hour) // of the bubble's time
		stop()
		o.wait()
		for i := 1; i < len(post.when); i++ {
			if gap := post.when[i].Sub(post.when[i-1]); post.when[i].Before(away) && gap < time.Minute {
				t.Errorf("try %d comes %v after the one before", i, gap)
			}
		}
		if h, err := desk.Health(context.Background()); err != nil || h != (engine.Health{}) {
			t.Errorf("after %d tries: %+v, %v", len(post.tried), h, err)
		}
	})
}

// A letter that will never be sent is not forgotten: the frame says so for a
// week.
func TestLetterNotDelivered(t *testing.T) {
	l := openLobby(t)
	l.desk.Post = &moodyPost{mood: always(engine.MailRefused), now: l.clock.Now}
	s := l.sitDown(t)
	l.toConfirm(s)
	s.press("enter")
	s.sees("Card updated", "1 letter waits")
	deliver(t, l.desk)
	screen := l.sitDown(t)
	screen.golden("trouble-not-delivered", screen.sees("Type a name", "1 letter not delivered"))
	l.clock.turn(8 * 24 * time.Hour)
	l.sitDown(t).sees("Type a name", "✓ store")
}

// An errand that cannot be done is shown at the top, and so is one that was given
// up, for a week.
func TestErrandNotDone(t *testing.T) {
	l := openLobby(t)
	errands := &troubledErrands{Errands: l.desk.Errands}
	errands.late.Store(2)
	l.desk.Errands = errands
	l.sitDown(t).sees("Type a name", "… 2 errands are late")
	errands.late.Store(0)
	errands.givenUp.Store(1)
	l.sitDown(t).sees("Type a name", "✗ 1 errand given up")
	errands.givenUp.Store(0)
	l.sitDown(t).sees("Type a name", "✓ store")
}

type troubledErrands struct {
	engine.Errands
	late, givenUp atomic.Int32
}

func (e *troubledErrands) CountErrands(context.Context, time.Time) (late, givenUp int, err error) {
	return int(e.late.Load()), int(e.givenUp.Load()), nil
}
