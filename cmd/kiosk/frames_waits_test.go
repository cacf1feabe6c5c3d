package main

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/engine/authority"
	"cardkiosk/ui"
)

// asks leads to Ada's update with mail encryption, which the CA holds, and
// confirms it.
func (l *lobby) asks(s *pilot) {
	s.opens("alovelace", "Ada Lovelace")
	s.sees("third-party", "card 0071 2233")
	s.press("enter")
	s.sees("Which certificates?")
	s.press("space", "enter")
	s.sees("3 tries left.")
	s.types(testPIN)
	s.press("enter")
	s.sees("Other certificates")
	s.press("enter")
	s.sees("This is what will happen")
	s.press("left", "enter")
}

// decides decides, as the officer, about what the CA holds for a user.
func (l *lobby) decides(t *testing.T, logon string, decide func(r authority.Request) error) {
	t.Helper()
	held, err := l.world.CA.Requests(t.Context(), demo.Officer, authority.Filter{State: engine.RequestPending})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range held {
		if r.User.Logon != logon {
			continue
		}
		if err := decide(r); err != nil {
			t.Fatal(err)
		}
	}
}

func (l *lobby) approves(t *testing.T, logon string, profiles ...string) {
	t.Helper()
	l.decides(t, logon, func(r authority.Request) error {
		if len(profiles) > 0 && !slices.Contains(profiles, r.Template) {
			return nil
		}
		_, err := l.world.CA.Approve(t.Context(), demo.Officer, r.ID)
		return err
	})
}

func (l *lobby) rejects(t *testing.T, logon string, profiles ...string) {
	t.Helper()
	l.decides(t, logon, func(r authority.Request) error {
		if len(profiles) > 0 && !slices.Contains(profiles, r.Template) {
			return nil
		}
		_, err := l.world.CA.Reject(t.Context(), demo.Officer, r.ID, "Come by with your passport first")
		return err
	})
}

// goesOn chooses the action in focus, and gives the PIN.
func (l *lobby) goesOn(s *pilot) {
	s.press("enter")
	s.sees("3 tries left.")
	s.types(testPIN)
	s.press("enter")
}

// An update that the CA holds: what it waits for, the officer who approves it,
// the card that is put in again, and the rest of it.
func TestFramesOfAPendingUpdate(t *testing.T) {
	l := openLobby(t)
	l.clock.turn(5 * time.Minute)
	s := l.sitDown(t)
	l.asks(s)
	s.golden("pending-01-result", s.sees("Card update pending", "1 letter waits"))
	s.press("right", "right", "enter")
	s.golden("pending-02-details", s.sees("SHA-256", "Waits for an officer"))
	s.press("esc")
	s.golden("pending-03-profile", s.sees("Card update pending since", "card 0071 2233 in"))
	s.press("f7")
	s.golden("pending-04-officer", s.sees("theo (officer)", "2 wait"))
	s.press("down")
	s.types("a")
	s.sees("Approve this request?", "Ada Lovelace")
	l.clock.rest()
	s.press("left")
	l.clock.rest()
	s.press("enter")
	s.sees("Approved: Ada Lovelace", "1 waits")
	s.press("esc")
	s.golden("pending-05-approved", s.sees("approved by Corp Issuing CA", "Continue update", "card 0071 2233 in"))
	s.press("esc")
	s.sees("1 found")
	l.readers.Remove(0)
	s.until("the reader is empty", func() bool { return !l.readers.In(0) })
	if err := l.readers.Insert(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	s.golden("pending-06-put-in", s.sees("is approved: F2 opens it"))
	s.press("enter")
	s.sees("Continue update", "card 0071 2233 in")
	l.goesOn(s)
	s.golden("pending-07-written", s.sees("Card updated", "9D Mail encryption"))
	s.press("enter")
	s.sees("Up to date")
}

// Before an update is cancelled that waits, it is shown what becomes of its requests.
func TestFramesOfCancelling(t *testing.T) {
	l := openLobby(t)
	s := l.sitDown(t)
	l.asks(s)
	s.sees("Card update pending")
	s.press("enter")
	s.sees("Cancel update", "card 0071 2233 in")
	s.press("left", "enter") // the focus is behind "Cancel update"
	s.golden("pending-09-cancel", s.sees("the request is withdrawn at", "▸  Back"))
	s.press("left", "enter")
	s.golden("pending-10-cancel-pin", s.sees("3 tries left."))
	s.types(testPIN)
	s.press("enter")
	s.golden("pending-11-cancelled", s.sees("Card update cancelled"))
}

// The continuing of an update shows what the CA has granted since.
func TestFramesOfContinuing(t *testing.T) {
	l := openLobby(t)
	s := l.sitDown(t)
	l.asks(s)
	s.sees("Card update pending")
	l.approves(t, "alovelace")
	s.press("enter")
	s.sees("Continue update", "card 0071 2233 in")
	journal := l.desk.Journal
	hold, held := make(chan struct{}), make(chan struct{}, 1)
	l.desk.Journal = slowJournal{journal, held, hold}
	l.goesOn(s)
	s.until("the record is written", func() bool { return len(held) > 0 })
	s.golden("pending-08-continuing", s.sees("approved by the CA", "▸ Record"))
	close(hold)
	s.sees("Card updated")
}

// slowJournal records when it is let go.
type slowJournal struct {
	engine.Journal
	held chan<- struct{}
	hold <-chan struct{}
}

func (j slowJournal) Record(ctx context.Context, run engine.RunID, lease engine.Lease, o engine.Outcome) error {
	j.held <- struct{}{}
	<-j.hold
	return j.Journal.Record(ctx, run, lease, o)
}

// A card that waits and is nowhere near: there is nothing to do but to look again.
func TestFramesOfAWaitingCard(t *testing.T) {
	l := openLobby(t)
	s := l.sitDown(t)
	s.opens("ghopper", "Grace Hopper")
	s.golden("waiting-01-profile", s.sees("waiting for Corp Issuing CA", "not in a reader"))
	ca := l.desk.CAs["Corp Issuing CA"]
	l.desk.CAs["Corp Issuing CA"] = silentCA{ca}
	s.press("f5")
	s.golden("waiting-02-silent", s.sees("error: Corp Issuing CA has not answered"))
	l.desk.CAs["Corp Issuing CA"] = ca
	l.approves(t, "ghopper")
	s.press("f5")
	s.sees("approved by Corp Issuing CA", "Continue update")
	a := sitDown(t, l.parts, func(n *ui.Needs) { n.ASCII = true })
	a.sees("Who is it?")
	a.types("ghopper")
	a.sees("Grace Hopper", "1 found")
	a.press("enter")
	a.golden("waiting-03-ascii", a.sees("approved by Corp Issuing CA", "Card ."))
}

// A profile shows by itself what the worker has learned.
func TestFramesShowWhatTheWorkerLearns(t *testing.T) {
	l := openLobby(t)
	look := make(chan time.Time)
	s := sitDown(t, l.parts, func(n *ui.Needs) { n.After = func(time.Duration) <-chan time.Time { return look } })
	s.opens("ghopper", "Grace Hopper")
	s.sees("waiting for Corp Issuing CA")
	look <- l.clock.Now()
	l.approves(t, "ghopper")
	l.clock.turn(time.Minute)
	if _, err := l.desk.AskHeld(t.Context()); err != nil {
		t.Fatal(err)
	}
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		look <- l.clock.Now()
	}()
	s.sees("approved by Corp Issuing CA", "Continue update")
	<-looked
}

// Of an issued card whose CA does not answer it is said that nobody knows what was
// revoked since.
func TestFramesOfASilentCA(t *testing.T) {
	l := openLobby(t)
	l.desk.CAs["Corp Issuing CA"] = silentCA{l.desk.CAs["Corp Issuing CA"]}
	s := l.sitDown(t)
	s.opens("alovelace", "Ada Lovelace")
	s.golden("silent-ca", s.sees("error: Corp Issuing CA does not answer", "9A  Authentication", "card 0071 2233 in"))
}

// silentCA does not answer.
type silentCA struct{ engine.CA }

func (silentCA) away() error {
	return &engine.Error{Op: "reach CA", Kind: engine.CAAway, Subject: "ca.corp.example", Err: errors.New("no route")}
}

func (c silentCA) Lookup(context.Context, string) (engine.Answer, bool, error) {
	return engine.Answer{}, false, c.away()
}

func (c silentCA) Revoked(context.Context) ([]engine.Revocation, error) { return nil, c.away() }

// An update that the CA rejects: its words, and what can be done then.
func TestFramesOfARejectedUpdate(t *testing.T) {
	l := openLobby(t)
	s := l.sitDown(t)
	l.asks(s)
	s.sees("Card update pending")
	l.rejects(t, "alovelace")
	s.press("enter")
	s.golden("rejected-01-profile", s.sees("Come by with your passport first", "Update again", "card 0071 2233 in"))
	s.press("right", "enter")
	s.golden("rejected-01-cancel", s.sees("Cancel the update of card 0071 2233?", "▸  Back"))
	s.press("enter")
	s.sees("Update again", "card 0071 2233 in")
	s.press("right", "enter")
	s.sees("Cancel the update of card 0071 2233?")
	s.press("left")
	l.goesOn(s)
	s.golden("rejected-02-cancelled", s.sees("Card update ended"))
	s.press("enter")
	s.golden("rejected-03-profile-after", s.sees("Could be added: Mail encryption", "card 0071 2233 in"))
	a := openLobby(t)
	s = sitDown(t, a.parts, func(n *ui.Needs) { n.ASCII = true })
	a.asks(s)
	s.sees("Card update pending")
	a.rejects(t, "alovelace")
	s.press("enter")
	s.golden("rejected-04-ascii", s.sees("Come by with your passport first", "Update again", "card 0071 2233 in"))
	s.press("enter")
	s.golden("rejected-04-end", s.sees("End the rejected update of card 0071 2233?", ">  Back"))
	s.press("left")
	a.goesOn(s)
	s.golden("rejected-05-ended", s.sees("Card update ended", ">  Update card"))
	s.press("enter")
	s.sees("Which certificates?", "tick to add it")
}

// Of several requests of an update some are decided, and others not.
func TestFramesOfAPartlyDecidedUpdate(t *testing.T) {
	l := openLobby(t)
	today := l.desk.PolicyOf
	l.desk.PolicyOf = func(u engine.User) (engine.Policy, error) {
		policy, err := today(u)
		policy.Templates = slices.Clone(policy.Templates)
		for i := range policy.Templates {
			policy.Templates[i].Renewal.Hold = true
		}
		return policy, err
	}
	s := l.sitDown(t)
	l.asks(s)
	s.golden("partly-01-pending", s.sees("Card update pending"))
	l.approves(t, "alovelace", "authentication")
	s.press("enter")
	s.golden("partly-02-profile", s.sees("Continue writes what was approved", "card 0071 2233 in"))
	l.goesOn(s)
	s.golden("partly-03-still-pending", s.sees("Card update pending", "9A Authentication"))
	l.rejects(t, "alovelace")
	s.press("enter")
	s.golden("partly-04-rest-rejected", s.sees("rejected by Corp Issuing CA", "card 0071 2233 in"))
}
