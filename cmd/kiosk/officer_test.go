package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
	"cardkiosk/ui/officer"
)

// heldQueue is a CA that holds requests, in memory. Like the real one it decides
// each of them once.
type heldQueue struct {
	mu      sync.Mutex
	apps    map[string]officer.Application
	deeds   []string // what it was told to do, and did
	crl     officer.CRL
	refusal error // instead of deciding
	unread  error // instead of listing
	clock   *clock
	ticks   chan time.Time
}

func newHeldQueue(apps ...officer.Application) *heldQueue {
	q := &heldQueue{
		apps:  map[string]officer.Application{},
		clock: &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)},
		ticks: make(chan time.Time, 1),
	}
	for _, app := range apps {
		q.apps[app.ID] = app
	}
	return q
}

func (q *heldQueue) list(_ context.Context, state engine.RequestState) ([]officer.Application, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.unread != nil {
		return nil, q.unread
	}
	var found []officer.Application
	for _, id := range slices.Sorted(maps.Keys(q.apps)) {
		if app := q.apps[id]; app.State == state || state == engine.RequestApproved && app.State == engine.RequestIssued {
			found = append(found, app)
		}
	}
	return found, nil
}

func (q *heldQueue) show(_ context.Context, id string) (officer.Application, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	app, ok := q.apps[id]
	if !ok {
		return app, &engine.Error{Op: "show request", Kind: engine.BadInput, Err: errors.New("the CA does not know a request " + id)}
	}
	return app, nil
}

func (q *heldQueue) approve(_ context.Context, id string) error {
	return q.decide(id, engine.RequestIssued, "theo", "")
}

func (q *heldQueue) reject(_ context.Context, id, reason string) error {
	return q.decide(id, engine.RequestRejected, "theo", reason)
}

// decide decides, whoever it is.
func (q *heldQueue) decide(id string, to engine.RequestState, by, words string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	app := q.apps[id]
	switch {
	case q.refusal != nil:
		return q.refusal
	case app.State != engine.RequestPending:
		return &engine.Error{Op: "decide request", Kind: engine.WrongState, Err: errors.New("the request " + id + " is decided")}
	}
	app.State, app.By, app.Words, app.Decided = to, by, words, q.clock.Now()
	q.apps[id] = app
	q.deeds = append(q.deeds, strings.TrimSpace(by+" "+string(to)+" "+id+" "+words))
	return nil
}

func (q *heldQueue) did() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return strings.Join(q.deeds, "\n")
}

func (q *heldQueue) change(do func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	do()
}

// sitDown opens the officer's screen.
func (q *heldQueue) sitDown(t testing.TB, change func(*officer.Needs)) *pilot {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	n := officer.Needs{
		Text: &words.English, Now: q.clock.Now, After: func(time.Duration) <-chan time.Time { return q.ticks },
		CA: "Corp Issuing CA", Who: "theo",
		List: q.list, Show: q.show, Approve: q.approve, Reject: q.reject,
		CRL: func(context.Context) (officer.CRL, error) {
			q.mu.Lock()
			defer q.mu.Unlock()
			return q.crl, nil
		},
	}
	if change != nil {
		change(&n)
	}
	app := officer.New(ctx, n)
	t.Cleanup(func() {
		end()
		app.Close()
	})
	return sitDownAt(ctx, t, app, func() tea.Model {
		same := n
		same.Text = &words.German
		return officer.New(ctx, same)
	})
}

// looks has the screen look again by itself.
func (q *heldQueue) looks() { q.ticks <- q.clock.Now() }

// fourHeld are requests of every sort.
func fourHeld() []officer.Application {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	return []officer.Application{
		{
			ID: "6f2c91", Since: at.Add(-3 * 24 * time.Hour), Template: "Authentication", Name: "Ada Lovelace", Logon: "alovelace",
			Subject: "CN=Ada Lovelace,OU=Staff,O=Corp", SANs: []string{"UPN alovelace@corp.example", "mail ada@corp.example"}, Key: "P-256", Days: 730, Usage: []string{"digitalSignature", "clientAuth"},
			Station: "lobby-1", Operator: "ines", State: engine.RequestPending,
			Renews: &officer.Renewed{Subject: "CN=Ada Lovelace,OU=Staff,O=Corp", Serial: "5f3a01", Ends: at.Add(9 * 24 * time.Hour)},
			Signed: officer.Signature{Verified: true, By: "5f3a01 (CN=Ada Lovelace,OU=Staff,O=Corp)"},
		},
		{
			ID: "77aa10", Since: at.Add(-5 * time.Hour), Template: "Signing", Name: "Adam Šimečka", Logon: "asimecka",
			Subject: "CN=Adam Šimečka,OU=Staff,O=Corp", Key: "P-384", Days: 730, Usage: []string{"digitalSignature"}, Station: "lobby-2", Operator: "ines", State: engine.RequestPending,
			Renews: &officer.Renewed{Subject: "CN=Adam Simecka,OU=Staff,O=Corp", Serial: "5f3a02", Ends: at.Add(200 * 24 * time.Hour)},
			Signed: officer.Signature{Why: "the subject is another than that of the certificate it renews"},
		},
		{
			ID: "80b001", Since: at.Add(-40 * time.Minute), Template: "VPN", Name: "Wang Fang 王芳", Logon: "wfang",
			Subject: "CN=Wang Fang,OU=Staff,O=Corp", Station: "lobby-1", Operator: "ines", NoKey: true, Days: 90, State: engine.RequestPending,
		},
		{
			ID: "91c333", Since: at, Template: "Mail encryption", Name: "Radan Adamović", Logon: "radamovic",
			Subject: "CN=Radan Adamović,OU=Staff,O=Corp", Key: "RSA 2048", Days: 730, Hold: true, Station: "lobby-1", Operator: "kiosk service", State: engine.RequestPending,
		},
	}
}

// Every page an officer sees from the list to a decision.
func TestFramesOfTheOfficer(t *testing.T) {
	q := newHeldQueue(fourHeld()...)
	s := q.sitDown(t, nil)
	s.golden("officer-01-list", s.sees("Ada Lovelace", "4 wait"))
	s.press("enter")
	s.golden("officer-02-detail", s.sees("5f3a01", "Request"))
	s.press("esc", "down", "enter")
	s.golden("officer-03-detail-unverified", s.sees("5f3a02", "NOT verified"))
	s.types("a")
	s.golden("officer-04-approve-unverified", s.sees("Approve this request?", "NOT verified"))
	q.clock.rest()
	s.press("esc", "esc", "up")
	s.types("a")
	s.golden("officer-05-approve", s.sees("Approve this request?"))
	q.clock.rest()
	s.press("left")
	q.clock.rest()
	s.press("enter")
	s.golden("officer-06-approved", s.sees("Approved: Ada Lovelace, Authentication.", "3 wait"))
	s.types("r")
	s.sees("Why is this request rejected?")
	q.clock.rest()
	s.press("enter")
	s.golden("officer-07-reason-needed", s.sees("with a reason only"))
	s.types("Come to the desk with your passport, please.")
	s.golden("officer-08-reason", s.sees("with your passport"))
	s.press("enter")
	s.golden("officer-09-reject", s.sees("Reject this request?", "with your passport"))
	q.clock.rest()
	s.press("left")
	q.clock.rest()
	s.press("enter")
	s.sees("Rejected: Adam Šimečka, Signing.", "2 wait")
	s.press("down")
	s.press("f1")
	s.golden("officer-10-help", s.sees("Keys on this page"))
	s.press("esc", "tab")
	s.sees("1 approved", "Ada Lovelace")
	s.press("tab")
	s.golden("officer-11-rejected", s.sees("1 rejected", "with your passport"))
	s.press("enter")
	s.golden("officer-12-detail-rejected", s.sees("CA's words", "Come to the desk"))
	if want := "theo issued 6f2c91\ntheo rejected 77aa10 Come to the desk with your passport, please."; q.did() != want {
		t.Errorf("the CA was told\n%s\nwant\n%s", q.did(), want)
	}
}

// What the filter does not let through is gone while one types, and comes back.
func TestFramesOfTheOfficersFilter(t *testing.T) {
	q := newHeldQueue(fourHeld()...)
	s := q.sitDown(t, nil)
	s.sees("4 wait")
	s.types("/ada")
	s.golden("officer-20-filter", s.sees("Filter  ada", "3 wait"))
	s.types("q")
	s.sees("Filter  adaq", "No request here is like that")
	s.press("backspace", "enter")
	s.types("/")
	s.types("m š")
	s.sees("1 waits", "Adam Šimečka")
	s.press("enter")
	s.types("a")
	s.sees("Approve this request?", "Adam Šimečka, template Signing")
	q.clock.rest()
	s.press("esc")
	s.sees("1 waits")
	s.press("esc")
	s.sees("4 wait")
	s.press("esc")
	s.sees("q leaves")
	s.types("q")
	s.until("it is left", func() bool { return s.quit })
}

// Nothing to decide is a good thing; a list that nobody publishes is not.
func TestFramesOfTheOfficersWarnings(t *testing.T) {
	q := newHeldQueue()
	q.crl = officer.CRL{Made: q.clock.Now().Add(-9 * 24 * time.Hour), Ends: q.clock.Now().Add(12 * time.Hour), Stale: true}
	s := q.sitDown(t, nil)
	s.golden("officer-30-empty-stale", s.sees("No request waits.", "9 days ago"))
	q.clock.turn(24 * time.Hour)
	s.press("f5")
	s.sees("The revocation list ended on 23 Nov 2026, 00:00")
	q.change(func() { q.crl = officer.CRL{Stale: true} })
	s.press("f5")
	s.sees("was ever published")
	q.change(func() { q.crl = officer.CRL{} })
	s.press("f5")
	s.until("the warning is gone", func() bool {
		frame := s.frame()
		return !strings.Contains(frame, "was ever published") && !strings.Contains(frame, "Looking")
	})
	s.golden("officer-31-empty", s.sees("No request waits."))
	q.change(func() {
		q.unread = &engine.Error{Op: "list requests", Kind: engine.StoreTrouble, Err: errors.New("database is locked")}
	})
	s.press("f5")
	s.golden("officer-32-unread", s.sees("The CA's book does not work"))
}

// On a terminal that knows ASCII only, and on a wide one.
func TestFramesOfTheOfficersTerminals(t *testing.T) {
	q := newHeldQueue(fourHeld()...)
	a := q.sitDown(t, func(n *officer.Needs) { n.ASCII = true })
	a.golden("officer-40-ascii", a.sees("Ada Lovelace", "4 wait", "[ok] renewal, signature verified"))
	a.press("enter")
	a.golden("officer-41-ascii-detail", a.sees("5f3a01"))
	a.press("esc", "down", "down")
	a.types("a")
	a.golden("officer-42-ascii-approve", a.sees("The key is made at the station afterwards"))
	for _, r := range a.app.View().Content {
		if r > 0x7e {
			t.Fatalf("%q went to a terminal that knows ASCII only", r)
		}
	}
	s := q.sitDown(t, nil)
	s.send(tea.WindowSizeMsg{Width: 120, Height: 30})
	s.golden("officer-43-wide", s.sees("Ada Lovelace", "4 wait"))
	s.send(tea.WindowSizeMsg{Width: 60, Height: 10})
	s.sees("needs at least 72×20")
	s.types("a") // nobody sees what it is for
	s.send(tea.WindowSizeMsg{Width: 80, Height: 24})
	s.sees("4 wait", "Asked")
}
