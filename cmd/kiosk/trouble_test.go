package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/engine/pcsc/sandbox"
	"cardkiosk/engine/sim"
	"cardkiosk/engine/store"
)

// withChip puts another chip, with the state of Ada's card, into the first
// reader of a lobby.
func (l *lobby) withChip(t *testing.T, o sim.Options) *sim.Card {
	t.Helper()
	return l.withState(t, l.world.Chips()[0].State(), o)
}

func (l *lobby) withState(t *testing.T, state sim.State, o sim.Options) *sim.Card {
	t.Helper()
	chip := chipOf(t, state, o)
	l.readers = demo.NewVirtualReaders(chip)
	if err := l.readers.Insert(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	l.desk.Readers.(*demoReaders).Readers = l.readers
	return chip
}

// continues goes on with an interrupted update from the profile page.
func continues(s *pilot) {
	s.t.Helper()
	s.sees("An update was begun", "Continue update", "card 0071 2233 in")
	s.press("enter")
	s.sees("tries left.")
	s.types("135792")
	s.press("enter")
}

// Wherever the card is pulled during a run, the screen says what that means,
// and putting it back finishes the update. No PIN try is spent.
func TestCardPulledAtEveryStep(t *testing.T) {
	for at := 0; ; at++ {
		l := openLobby(t)
		changes, pulled := 0, false
		chip := l.withChip(t, sim.Options{Power: func(c sim.Command) sim.Cut {
			if !c.Changes || pulled {
				return sim.Stay
			}
			changes++
			if changes > at {
				pulled = true
				return sim.CutBefore
			}
			return sim.Stay
		}})
		s := l.sitDown(t)
		l.toConfirm(s)
		s.press("enter")
		if at >= 5 && strings.Contains(s.seesOne("The card was taken out", "Card updated"), "Card updated") {
			t.Logf("pulled before each of %d commands that change the card", at)
			return
		}
		s.sees("The card was taken out", "can be continued")
		l.readers.Remove(0)
		l.clock.rest()
		s.press("enter")
		s.sees("An update was begun", "not in a reader")
		if err := l.readers.Insert(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		continues(s)
		s.sees("Card updated", "9A Authentication")
		if left := chip.State().PIN.Left; left != 3 {
			t.Errorf("pulled at %d: %d tries are left", at, left)
		}
	}
}

// seesOne waits until one of the texts is on the screen.
func (s *pilot) seesOne(texts ...string) string {
	s.t.Helper()
	s.until(strings.Join(texts, " or "), func() bool {
		for _, text := range texts {
			if strings.Contains(s.frame(), text) {
				return true
			}
		}
		return false
	})
	return s.frame()
}

// Another card in the reader is never taken for the one that was pulled.
func TestOtherCardPutIn(t *testing.T) {
	l := openLobby(t)
	s := l.sitDown(t)
	l.toConfirm(s)
	l.readers.Remove(0)
	s.sees("The card was taken out", "Nothing was changed")
	l.clock.rest()
	s.press("enter")
	s.sees("Put in card 0071 2233")
	s.press("down", "enter") // a blank card lies there
	s.sees("This is another card than the one to be updated.")
}

// A directory that does not answer keeps nobody from typing, is said, and is
// asked again with the next key.
func TestDirectoryAway(t *testing.T) {
	l := openLobby(t)
	away := &moodyDirectory{Directory: l.desk.Directory}
	l.desk.Directory = away
	s := l.sitDown(t)
	away.mood.Store(moodSlow)
	s.types("ada")
	s.sees("Searching …")
	s.types(" love") // cancels, and never blocks
	s.sees("ada love")
	away.mood.Store(moodAway)
	s.types("l")
	s.sees("The directory does not answer")
	away.mood.Store(moodHostile)
	s.press("backspace")
	frame := s.sees("1 found")
	if strings.ContainsAny(frame, "\x1b\x07\u202e") || !strings.Contains(frame, "Eve�[2J�") {
		t.Errorf("hostile words reached the screen:\n%s", frame)
	}
	away.mood.Store(moodWell)
	s.types("l")
	s.press("backspace")
	s.sees("Ada Lovelace", "1 found")
}

// A user who has vanished between the search and the profile is said.
func TestUserGone(t *testing.T) {
	l := openLobby(t)
	away := &moodyDirectory{Directory: l.desk.Directory}
	l.desk.Directory = away
	s := l.sitDown(t)
	s.types("alovelace")
	s.sees("1 found")
	away.mood.Store(moodGone)
	s.press("enter")
	s.sees("does not know")
	away.mood.Store(moodWell)
	s.press("f5")
	s.sees("Ada Lovelace ·")
}

// The moods of a directory.
const (
	moodWell int32 = iota
	moodSlow
	moodAway
	moodHostile
	moodGone
)

// moodyDirectory is a real directory that can be made to fail.
type moodyDirectory struct {
	engine.Directory
	mood atomic.Int32
}

func (m *moodyDirectory) Search(text string) engine.Hits {
	if m.mood.Load() == moodWell || m.mood.Load() == moodGone {
		return m.Directory.Search(text)
	}
	return &moodyHits{mood: m.mood.Load()}
}

func (m *moodyDirectory) User(ctx context.Context, id engine.UserID) (engine.User, error) {
	switch m.mood.Load() {
	case moodGone:
		return engine.User{}, &engine.Error{Op: "read user", Kind: engine.UserUnknown, Subject: "alovelace"}
	case moodAway:
		return engine.User{}, &engine.Error{Op: "read user", Kind: engine.DirectoryAway, Subject: "ldap.corp.example"}
	}
	return m.Directory.User(ctx, id)
}

type moodyHits struct {
	mood int32
	told bool
}

func (h *moodyHits) Next(ctx context.Context) ([]engine.User, error) {
	switch {
	case h.mood == moodSlow:
		<-ctx.Done()
		return nil, ctx.Err()
	case h.mood == moodAway:
		return nil, &engine.Error{Op: "find users", Kind: engine.DirectoryAway, Subject: "ldap\x1b[2J.example", Err: errors.New("no route")}
	case h.told:
		return nil, io.EOF
	}
	h.told = true
	return []engine.User{{ID: "eve", Name: "Eve\x1b[2J\x07\u202eevil\xff", Logon: "e\rve", Mail: "e@\x00"}}, nil
}

func (*moodyHits) Close() {}

// A CA that is away is found before anything is touched; one that goes away
// in the middle leaves an update that can be continued.
func TestCAAway(t *testing.T) {
	l := openLobby(t)
	ca := &moodyCA{CA: l.desk.CAs["Corp Issuing CA"]}
	l.desk.CAs["Corp Issuing CA"] = ca
	s := l.sitDown(t)
	l.toConfirm(s)
	ca.ready.Store(true)
	s.press("enter")
	s.sees("The CA does not answer", "Nothing was changed")
	l.clock.rest()
	s.press("enter")
	ca.ready.Store(false)
	ca.ask.Store(true)
	s.sees("Due because", "card 0071 2233 in")
	if strings.Contains(s.frame(), "An update was begun") {
		t.Error("something was begun")
	}
	s.press("enter")
	s.sees("Which certificates?")
	s.press("enter")
	s.sees("tries left.")
	s.types("135792")
	s.press("enter")
	s.sees("Other certificates")
	s.press("enter")
	s.sees("This is what will happen")
	s.press("left", "enter")
	s.sees("The CA does not answer", "can be continued")
	l.clock.rest()
	s.press("enter")
	ca.ask.Store(false)
	continues(s)
	s.sees("Card updated")
}

// What was begun can be taken back as long as nothing was lost.
func TestTakeBack(t *testing.T) {
	l := openLobby(t)
	ca := &moodyCA{CA: l.desk.CAs["Corp Issuing CA"]}
	l.desk.CAs["Corp Issuing CA"] = ca
	ca.ask.Store(true)
	s := l.sitDown(t)
	before := l.world.Chips()[0].State()
	l.toConfirm(s)
	s.press("enter")
	s.sees("The CA does not answer", "can be continued")
	l.clock.rest()
	s.press("enter")
	s.sees("Take update back", "card 0071 2233 in")
	s.press("right", "enter")
	s.sees("tries left.")
	s.types("135792")
	s.press("enter")
	s.golden("trouble-taken-back", s.sees("The card was not updated"))
	if after := l.world.Chips()[0].State(); fmt.Sprint(after.Keys) != fmt.Sprint(before.Keys) {
		t.Error("the card has other keys than before")
	}
}

// The CA's refusal is shown in its own words, and everything is taken back.
func TestCARefuses(t *testing.T) {
	l := openLobby(t)
	l.desk.PolicyOf = ofOtherCompany(t, l.desk.PolicyOf, "9a")
	s := l.sitDown(t)
	l.toConfirm(s)
	s.press("enter")
	s.golden("trouble-refused", s.sees("The card was not updated", "was refused by the CA"))
}

// A policy that asks for longer than the CA permits makes no key: it is refused
// before anything is touched.
func TestCAPermitsFewerDays(t *testing.T) {
	l := openLobby(t)
	l.desk.PolicyOf = days(l.desk.PolicyOf, 5000)
	chip := l.withChip(t, sim.Options{Power: func(c sim.Command) sim.Cut {
		if c.Changes {
			t.Errorf("the card was changed: % x", c.Header)
		}
		return sim.Stay
	}})
	before := fmt.Sprint(chip.State().Keys)
	s := l.sitDown(t)
	l.toConfirm(s)
	s.press("enter")
	s.golden("trouble-too-long", s.sees("The CA refused", "at most 1096 days of", "validity, not 5000", "Nothing was changed"))
	if after := fmt.Sprint(chip.State().Keys); after != before {
		t.Error("the card has other keys than before")
	}
}

// Where policy and rule do not go together, the CA says which rule of its
// ca.toml stands in the way, for whoever set up either of them.
func TestMismatchNamesTheRule(t *testing.T) {
	_, cfg := openWorld(t, demo.Options{AtOnce: true})
	base := openParts(t, cfg, nil)
	chip := newChip(t, 712290)
	user := userNamed(t, base.desk, "alovelace")
	c := inReader(t, base.desk, chip)
	defer c.Close()
	var err error
	if c.Record, err = base.desk.Assign(t.Context(), tester, c, user); err != nil {
		t.Fatal(err)
	}
	other, err := engine.ParseSANRecipe("email={logon}@other.example")
	if err != nil {
		t.Fatal(err)
	}
	for words, change := range map[string]func(*engine.Template){
		`the alternative name email "alovelace@other.example" (san.email in ca.toml)`: func(t *engine.Template) { t.SAN = []engine.SANRecipe{other} },
		"the extended key usage documentSigning (extended in ca.toml)":                func(t *engine.Template) { t.Extended = []string{"documentSigning"} },
		"the key usage contentCommitment (usage in ca.toml)":                          func(t *engine.Template) { t.Usage = append(t.Usage, engine.ContentCommitment) },
		"the key type rsa2048 (keys in ca.toml)":                                      func(t *engine.Template) { t.Key.Type = engine.RSA2048 },
	} {
		desk := *base.desk
		desk.PolicyOf = func(u engine.User) (engine.Policy, error) {
			policy, err := base.desk.PolicyOf(u)
			mail := policy.Templates[2] // for encryption
			change(&mail)
			mail.Optional = false
			policy.Templates = []engine.Template{mail}
			return policy, err
		}
		p := propose(t, &desk, c, user, engine.Selection{})
		result, err := desk.Update(t.Context(), tester, c, p.Plan, engine.NewPIN([]byte(testPIN)), nil)
		if err != nil || result.End != engine.TakenBack || len(result.Refusals) != 1 ||
			result.Refusals[0].Words != "Template encryption does not permit "+words {
			t.Errorf("%s: %v %v %v", words, result.End, result.Refusals, err)
		}
	}
}

// moodyCA is a real CA that can be made to fail.
type moodyCA struct {
	engine.CA
	ready, ask atomic.Bool // fails
}

func (c *moodyCA) Ready(ctx context.Context, profile string, days int) error {
	if c.ready.Load() {
		return &engine.Error{Op: "ask CA", Kind: engine.CAAway, Subject: "ca.corp.example"}
	}
	return c.CA.Ready(ctx, profile, days)
}

func (c *moodyCA) Ask(ctx context.Context, r engine.CARequest) (engine.Answer, error) {
	if c.ask.Load() {
		return engine.Answer{}, &engine.Error{Op: "ask CA", Kind: engine.CAAway, Subject: "ca.corp.example"}
	}
	return c.CA.Ask(ctx, r)
}

// A disk that fills up stops the run at a safe note; with room again it is
// continued.
func TestDiskFull(t *testing.T) {
	if !sandbox.Inside() {
		if os.Getenv("CI") != "" {
			t.Fatal("no namespace of its own to mount a small disk in")
		}
		t.Skip("needs a namespace of its own to mount a small disk in")
	}
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=2m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(disk, unix.MNT_DETACH) })
	l := openLobby(t)
	small, err := store.Open(t.Context(), filepath.Join(disk, "kiosk.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { small.Close() })
	record, _, err := l.desk.Ledger.Card(t.Context(), "yubikey-712233")
	if err != nil {
		t.Fatal(err)
	}
	record.Version = 0
	if err := small.Assign(t.Context(), record, engine.AuditRow{At: l.clock.Now(), Actor: tester, Act: "move"}); err != nil {
		t.Fatal(err)
	}
	l.desk.Ledger, l.desk.Audit, l.desk.Outbox = small, small, small
	full := &fillingJournal{Journal: small, junk: filepath.Join(disk, "junk"), fillAt: 4}
	l.desk.Journal = full
	s := l.sitDown(t)
	l.toConfirm(s)
	s.press("enter")
	s.sees("The disk is full", "can be continued")
	l.clock.rest()
	s.press("enter")
	if err := os.Remove(full.junk); err != nil {
		t.Fatal(err)
	}
	full.fillAt = -1
	s.sees("An update was begun")
	continues(s)
	s.sees("Card updated")
}

// fillingJournal fills the disk up before one of its notes.
type fillingJournal struct {
	engine.Journal
	junk   string
	fillAt int
	notes  int
}

func (f *fillingJournal) Note(ctx context.Context, id engine.RunID, l engine.Lease, notes []engine.Note, end engine.RunEnd, a *engine.Closing) error {
	if f.notes++; f.notes == f.fillAt {
		out, err := os.Create(f.junk)
		if err != nil {
			return err
		}
		for err == nil {
			_, err = out.Write(make([]byte, 512))
		}
		_ = out.Close()
	}
	return f.Journal.Note(ctx, id, l, notes, end, a)
}

// Two kiosks on one store and one card: the second is told, nothing is spent or
// lost, and it can go on when the first is done.
func TestTwoKiosks(t *testing.T) {
	l := openLobby(t)
	hold, held := make(chan struct{}), make(chan struct{}, 1)
	first := *l.parts
	desk := *l.desk
	desk.CAs = map[string]engine.CA{"Corp Issuing CA": slowCA{l.desk.CAs["Corp Issuing CA"], held, hold}}
	first.desk = &desk
	one := sitDown(t, &first, nil)
	l.toConfirm(one)
	two := l.sitDown(t)
	l.toConfirm(two)
	one.press("enter")
	one.until("the CA is asked", func() bool { return len(held) > 0 })
	two.press("enter")
	two.sees("Another program is using the card", "Nothing was changed")
	close(hold)
	one.sees("Card updated")
	l.clock.rest()
	two.press("enter")
	two.sees("Up to date")
}

// A plan that is older than the card is not carried out.
func TestPlanOutdated(t *testing.T) {
	l := openLobby(t)
	one, two := l.sitDown(t), l.sitDown(t)
	l.toConfirm(one)
	l.toConfirm(two)
	one.press("enter")
	one.sees("Card updated")
	two.press("enter")
	two.sees("The card has changed since the plan was made", "Nothing was changed")
}

// Another station that was at work a moment ago is waited for.
func TestOtherStationsLease(t *testing.T) {
	l := openLobby(t)
	s := l.sitDown(t)
	l.toConfirm(s)
	run := engine.Run{ID: engine.RunID(strings.Repeat("b", 32)), Actor: engine.Actor{Who: "x", Station: "desk-9", Mode: engine.Operator}, Started: l.clock.Now()}
	run.Plan.Card.ID = "yubikey-712233"
	lease := engine.Lease{Station: "desk-9", Now: l.clock.Now(), Until: l.clock.Now().Add(30 * time.Second)}
	if _, err := l.desk.Journal.Begin(t.Context(), run, lease); err != nil {
		t.Fatal(err)
	}
	s.press("enter")
	s.sees("Another kiosk is at work on this card: desk-9", "Nothing was changed")
}

// A fault of the program in a run is told like other trouble, with the run's
// id; under that the log has the cause.
func TestPanicInRun(t *testing.T) {
	l := openLobby(t)
	var log logged
	l.desk.Log = slog.New(slog.NewTextHandler(&log, nil))
	ca := &faultyCA{CA: l.desk.CAs["Corp Issuing CA"]}
	l.desk.CAs["Corp Issuing CA"] = ca
	s := l.sitDown(t)
	l.toConfirm(s)
	s.press("enter")
	s.sees("can be continued", "Run ")
	runs, err := l.desk.Journal.Runs(t.Context(), "yubikey-712233")
	if err != nil {
		t.Fatal(err)
	}
	id := string(runs[0].ID)
	s.sees("Run " + id)
	if !strings.Contains(log.String(), "panic run="+id+` value="a fault" stack=`) {
		t.Errorf("the log has not the cause:\n%s", &log)
	}
	ca.mended.Store(true)
	l.clock.rest()
	s.press("enter")
	continues(s)
	s.sees("Card updated")
}

// faultyCA has a fault in its connector, until it is mended.
type faultyCA struct {
	engine.CA
	mended atomic.Bool
}

func (c *faultyCA) Ask(ctx context.Context, r engine.CARequest) (engine.Answer, error) {
	if !c.mended.Load() {
		panic("a fault")
	}
	return c.CA.Ask(ctx, r)
}

// logged is a log that is read while it is written.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
