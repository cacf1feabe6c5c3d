package main

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/ui"
)

// atDoor starts the app with nobody signed in.
func (l *lobby) atDoor(t *testing.T, change func(*ui.Needs)) *pilot {
	t.Helper()
	l.actor.Who = ""
	return sitDown(t, l.parts, func(n *ui.Needs) {
		n.SignIn = l.door(ui.Given{})
		if change != nil {
			change(n)
		}
	})
}

// signsIn types name and password.
func (s *pilot) signsIn(logon, password string) {
	s.t.Helper()
	s.sees("Logon name")
	s.types(logon)
	s.press("enter")
	s.types(password)
	s.press("enter")
}

// Before anything else somebody says who they are. Which of name and password was
// wrong nobody is told, and only the name stays.
func TestFramesOfSigningIn(t *testing.T) {
	l := openLobby(t)
	noted := l.noting()
	s := l.atDoor(t, func(n *ui.Needs) { n.SignIn = l.door(ui.Given{Logon: demo.Operator, Password: demo.OperatorPassword}) })
	s.golden("door-01-sign-in", s.sees("Logon name", "✓ store"))
	s.press("f1")
	s.golden("door-02-help", s.sees("Keys on this page"))
	s.press("esc")
	s.types(demo.Operator)
	s.press("enter", "enter")
	s.types("back-desk")
	s.golden("door-03-password", s.sees("•••••••••"))
	s.press("enter")
	s.golden("door-04-wrong", s.sees("is wrong", demo.Operator))
	if strings.Contains(s.frame(), "•") {
		t.Errorf("the password stays:\n%s", s.frame())
	}
	s.press("esc")
	if frame := s.frame(); strings.Contains(frame, demo.Operator+"\n") || strings.Contains(frame, "is wrong") {
		t.Errorf("Esc has not cleared:\n%s", frame)
	}
	s.press("esc")
	s.sees("Leave the kiosk?")
	l.clock.rest()
	s.press("esc")
	s.signsIn(demo.Operator, demo.OperatorPassword)
	s.golden("door-05-signed-in", s.sees("Ines Okafor (operator)", "Type a name"))
	s.press("f1")
	s.golden("door-06-help", s.sees("lock the screen", "sign out"))
	s.press("esc")
	s.opens("alovelace", "Ada Lovelace")
	s.sees("card 0071 2233 in")
	s.press("f9")
	s.golden("door-07-sign-out", s.sees("Sign out?"))
	l.clock.rest()
	s.press("left", "enter")
	frame := s.sees("Logon name")
	for _, left := range []string{"Ada", "Ines", "Logon name      " + demo.Operator} {
		if strings.Contains(frame, left) {
			t.Errorf("%s is left of the former session:\n%s", left, frame)
		}
	}
	if n := noted.of("sign in"); n != 2 {
		t.Errorf("%d rows of signing in, want one refused and one done", n)
	}
}

// Whoever has locked the screen finds it as it was, but for the PIN. Nothing of it
// is seen meanwhile, and no key reaches it.
func TestFramesOfALock(t *testing.T) {
	l := openLobbyIn(t, demo.Options{AtOnce: true})
	s := l.atDoor(t, nil)
	s.signsIn(demo.Operator, demo.OperatorPassword)
	s.sees("Type a name")
	l.toConfirm(s)
	s.press("f10")
	s.golden("door-10-locked", s.sees("Locked by Ines Okafor"))
	for _, seen := range []string{"Ada", "alovelace", "0071", "will happen"} {
		if strings.Contains(s.frame(), seen) {
			t.Errorf("%s is seen on a locked screen:\n%s", seen, s.frame())
		}
	}
	s.press("ctrl+c", "f1", "f2", "esc")
	s.types("q")
	s.press("esc")
	if s.quit {
		t.Fatal("a locked screen was left")
	}
	s.sees("Locked by Ines Okafor")
	s.types("wrong")
	s.press("enter")
	s.golden("door-11-locked-wrong", s.sees("is wrong"))
	s.types(demo.OperatorPassword)
	s.press("enter")
	s.golden("door-12-open-again", s.sees("Enter the card's PIN", "Open again"))
	s.types("314159")
	s.press("enter")
	s.sees("Third-party")
}

// A run goes on behind a lock, and its end is there for whoever began it. Nobody
// else comes in before.
func TestFramesOfALockDuringARun(t *testing.T) {
	l := openLobbyIn(t, demo.Options{AtOnce: true})
	hold, held := make(chan struct{}), make(chan struct{}, 1)
	l.desk.CAs["Corp Issuing CA"] = slowCA{l.desk.CAs["Corp Issuing CA"], held, hold}
	s := l.atDoor(t, func(n *ui.Needs) { n.SignIn.Password = l.alsoGrace(n.SignIn.Password) })
	s.signsIn(demo.Operator, demo.OperatorPassword)
	s.sees("Type a name")
	l.toConfirm(s)
	s.press("enter")
	s.until("the CA is asked", func() bool { return len(held) > 0 })
	s.press("f9")
	s.sees("there is no way back")
	s.press("f10")
	s.golden("door-13-locked-during-run", s.sees("Locked by Ines Okafor", "goes on"))
	s.toLogon()
	s.types("grace")
	s.press("enter")
	s.types("hopper")
	s.press("enter")
	s.golden("door-14-nobody-else", s.sees("nobody else gets in"))
	close(hold)
	s.press("esc")
	s.types(demo.OperatorPassword)
	s.press("enter")
	s.sees("Card updated")
	l.clock.rest()
	s.press("f10")
	s.toLogon()
	s.types("grace")
	s.press("enter")
	s.types("hopper")
	s.press("enter")
	if frame := s.sees("Type a name", "grace (operator)"); strings.Contains(frame, "Card updated") {
		t.Errorf("somebody else finds the former session:\n%s", frame)
	}
}

// toLogon goes to the name at a lock, and empties it.
func (s *pilot) toLogon() {
	s.t.Helper()
	s.sees("Locked by")
	s.press("tab")
	for range len(demo.Operator) {
		s.press("backspace")
	}
}

// alsoGrace lets somebody else in too.
func (l *lobby) alsoGrace(check func(context.Context, string, engine.PIN) (engine.Actor, engine.User, error)) func(context.Context, string, engine.PIN) (engine.Actor, engine.User, error) {
	l.desk.Roles = append(l.desk.Roles, engine.Role{Name: "Second desk", Privileges: engine.Privileges(), Users: []string{"grace"}})
	return func(ctx context.Context, logon string, password engine.PIN) (engine.Actor, engine.User, error) {
		if logon == "grace" {
			return engine.Actor{Who: logon, Station: "desk-1", Mode: engine.Operator, How: engine.ByPassword}, engine.User{}, nil
		}
		return check(ctx, logon, password)
	}
}

// A screen that nobody touches says when it locks, and locks; any key keeps it open.
// A walk that was left starts anew behind the lock.
func TestFramesOfTheCountdown(t *testing.T) {
	l := openLobby(t)
	after, looked := clockLooks(t)
	s := l.atDoor(t, func(n *ui.Needs) {
		n.Idle, n.After = 5*time.Minute, after
		n.SignIn.Lock, n.SignIn.Countdown = 2*time.Minute, 20*time.Second
	})
	l.clock.turn(time.Hour)
	s.signsIn(demo.Operator, demo.OperatorPassword)
	s.sees("Type a name")
	s.opens("alovelace", "Ada Lovelace")
	l.clock.turn(103 * time.Second)
	s.looks(looked)
	s.golden("door-15-countdown", s.sees("Locks in 17 s"))
	s.press("right")
	s.looks(looked)
	if strings.Contains(s.frame(), "Locks in") {
		t.Errorf("a key has not kept it open:\n%s", s.frame())
	}
	l.clock.turn(2 * time.Minute)
	s.golden("door-16-locked-idle", s.sees("Locked by Ines Okafor", "Nobody was there"))
	l.clock.turn(3 * time.Minute)
	s.looks(looked)
	s.types(demo.OperatorPassword)
	s.press("enter")
	s.sees("Type a name")
}

// With a card one signs in where it lies, knows how many tries there are, and has the
// screen locked by taking it.
func TestFramesOfSigningInByCard(t *testing.T) {
	l := openLobby(t)
	for i := range l.world.Cards() {
		if l.readers.In(i) {
			l.readers.Remove(i)
		}
	}
	tries := atomic.Int64{}
	tries.Store(2)
	s := l.atDoor(t, func(n *ui.Needs) {
		n.SignIn.Ways = []engine.SignedIn{engine.ByPassword, engine.ByCard}
		n.SignIn.CardTaken = true
		n.SignIn.Tries = func(context.Context, string) (engine.Counter, error) {
			return engine.Counter{Left: int(tries.Load()), Max: 3}, nil
		}
		n.SignIn.Card = func(ctx context.Context, _ string, pin engine.PIN) (engine.Actor, engine.User, error) {
			if !pin.Same(engine.NewPIN([]byte("271828"))) {
				tries.Add(-1)
				return engine.Actor{}, engine.User{}, &engine.Error{Op: "sign in", Kind: engine.WrongPIN, TriesLeft: int(tries.Load())}
			}
			if tries.Load() == 1 {
				tries.Store(3)
				return engine.Actor{}, engine.User{}, &engine.Error{Op: "sign in", Kind: engine.CardNotAccepted, Err: engine.CertificateRevoked}
			}
			actor, user, err := l.signIn.WithPassword(ctx, demo.Operator, engine.NewPIN([]byte(demo.OperatorPassword)))
			actor.How = engine.ByCard
			return actor, user, err
		}
	})
	s.golden("door-20-either", s.sees("Logon name", "by card"))
	s.press("f2")
	s.golden("door-21-no-card", s.sees("Demo reader 1", "empty"))
	s.press("f2")
	s.sees("Logon name")
	if err := l.readers.Insert(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	s.press("f2")
	s.golden("door-22-card", s.sees("a card is in", "2 tries left"))
	s.types("123456")
	s.press("enter")
	s.golden("door-23-wrong-pin", s.sees("The PIN was wrong", "1 try left"))
	s.types("271828")
	s.press("enter")
	s.golden("door-24-last-try", s.sees("last try"))
	s.press("enter")
	s.golden("door-25-revoked", s.sees("revoked"))
	s.types("271828")
	s.press("enter")
	s.sees("Ines Okafor (operator)", "Type a name")
	l.readers.Remove(1)
	s.golden("door-26-card-out", s.sees("Locked by Ines Okafor", "taken out", "Demo reader 5"))
	if err := l.readers.Insert(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	s.sees("a card is in", "3 tries left")
	s.types("271828")
	s.press("enter")
	s.sees("Type a name", "Open again")
	l.readers.Remove(1)
	s.sees("taken out")
}

// Where nobody can open the screen again, locking it ends the session; a run that is
// under way is not cut off by it.
func TestLockThatNobodyOpens(t *testing.T) {
	l := openLobbyIn(t, demo.Options{AtOnce: true})
	hold, held := make(chan struct{}), make(chan struct{}, 1)
	l.desk.CAs["Corp Issuing CA"] = slowCA{l.desk.CAs["Corp Issuing CA"], held, hold}
	s := sitDown(t, l.parts, func(n *ui.Needs) {
		n.SignIn = l.door(ui.Given{})
		n.SignIn.Ways = nil
	})
	l.toConfirm(s)
	s.press("enter")
	s.until("the CA is asked", func() bool { return len(held) > 0 })
	s.press("f10")
	s.golden("door-30-ends-with-the-run", s.sees("Locked by ines", "ends with it"))
	if s.quit {
		t.Fatal("the session has ended before the run")
	}
	close(hold)
	s.until("the session ends", func() bool { return s.quit })
	record := l.record(t, l.world.Cards()[0].ID())
	if record.State != engine.StateIssued {
		t.Errorf("the card is %s", record.State)
	}
}

// What one may not do is there, dim and in brackets; what has the focus says why,
// and Enter says it again and does nothing.
func TestFramesOfWhatOneMayNot(t *testing.T) {
	l := openLobby(t)
	noted := l.noting()
	l.desk.Roles = []engine.Role{
		{Name: "Helpers", Privileges: []engine.Privilege{engine.FindUsers, engine.ViewCard, engine.DisableCard}, Users: []string{"ines"}},
		{Name: "Visitors' desk", Privileges: []engine.Privilege{engine.UpdateCard}, Users: []string{"ines"}, Policies: []string{"Visitors"}},
	}
	s := l.sitDown(t)
	s.golden("denied-01-find", s.sees("Type a name", "(due)"))
	s.press("f6")
	s.golden("denied-02-why", s.sees("You may not do that", "None of your roles"))
	l.clock.rest()
	s.press("enter")
	s.opens("alovelace", "Ada Lovelace")
	s.golden("denied-03-profile", s.sees("(Update card)", "(History)", "card 0071 2233 in"))
	s.press("left", "right")
	for !strings.Contains(s.frame(), "other policies only: Visitors") {
		s.press("right")
	}
	s.golden("denied-04-focused", s.frame())
	rows := noted.of(string(engine.UpdateCard))
	s.press("enter")
	s.sees("You may not do that", "Visitors")
	l.clock.rest()
	s.press("enter")
	if n := noted.of(string(engine.UpdateCard)); n != rows {
		t.Errorf("looking has left %d rows of an update", n-rows)
	}
	s.press("left")
	for !strings.Contains(s.frame(), "▸  Card") {
		s.press("left")
	}
	s.press("enter")
	s.golden("denied-05-life", s.sees("(Revoke"))
}

// noting is the audit of a kiosk, with everything that is written to it.
type noting struct {
	engine.Audit
	mu   sync.Mutex
	rows []engine.AuditRow
}

func (l *lobby) noting() *noting {
	n := &noting{Audit: l.desk.Audit}
	l.desk.Audit, l.signIn.Audit = n, n
	return n
}

func (n *noting) Write(ctx context.Context, row engine.AuditRow) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.rows = append(n.rows, row)
	return n.Audit.Write(ctx, row)
}

// of counts the rows of an act.
func (n *noting) of(act string) (rows int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range n.rows {
		if r.Act == act {
			rows++
		}
	}
	return rows
}
