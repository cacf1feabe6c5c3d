package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/engine/words"
	"cardkiosk/ui"
)

// clock stands still until somebody moves it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) rest() { c.turn(time.Second) }

func (c *clock) turn(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// lobby is a kiosk in the demo world, its cards in virtual readers, with a
// clock that stands still.
type lobby struct {
	*parts
	world   *demo.World
	readers *demo.VirtualReaders
	clock   *clock
}

func openLobby(t testing.TB) *lobby {
	t.Helper()
	return openLobbyIn(t, demo.Options{})
}

func openLobbyIn(t testing.TB, o demo.Options) *lobby {
	t.Helper()
	c := &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	o.Now = c.Now
	world, cfg := openWorld(t, o)
	readers := &demoReaders{}
	p, err := assemble(t.Context(), cfg, surroundings{readers, "ines", c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := world.Seed(t.Context(), p.desk); err != nil {
		t.Fatal(err)
	}
	virtual := demo.NewVirtualReaders(world.Chips()...)
	readers.Readers = virtual
	if err := world.Lay(t.Context(), virtual); err != nil {
		t.Fatal(err)
	}
	return &lobby{p, world, virtual, c}
}

func (l *lobby) sitDown(t testing.TB) *pilot {
	t.Helper()
	return sitDown(t, l.parts, func(n *ui.Needs) {
		screen, err := demoScreen(context.WithoutCancel(t.Context()), l.world, l.readers, n.Text)
		if err != nil {
			t.Fatal(err)
		}
		n.Demo = screen
	})
}

func golden(t testing.TB, name, got string) {
	t.Helper()
	path := filepath.Join("..", "..", "testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (make golden, then read it); got:\n%s\nwant:\n%s", name, got, want)
	}
}

func fits(t testing.TB, name, frame string, w, h int) {
	t.Helper()
	lines := strings.Split(frame, "\n")
	if len(lines) > h {
		t.Errorf("%s has %d lines, the screen %d", name, len(lines), h)
	}
	for _, l := range lines {
		if ansi.StringWidth(l) > w {
			t.Errorf("%s has a line of %d cells: %q", name, ansi.StringWidth(l), l)
		}
	}
}

// Every page of an update, from start to result.
func TestFramesOfAnUpdate(t *testing.T) {
	l := openLobbyIn(t, demo.Options{AtOnce: true})
	s := l.sitDown(t)
	s.golden("update-01-find-empty", s.sees("Type a name"))
	s.types("ada")
	s.golden("update-02-find-hits", s.sees("Ada Lovelace", "4 found"))
	s.press("enter")
	s.golden("update-03-profile", s.sees("Due because", "third-party", "card 0071 2233"))
	s.press("enter")
	s.golden("update-04-templates", s.sees("Which certificates?"))
	s.press("space", "down", "space")
	s.golden("update-05-templates-ticked", s.sees("will be new", "will be removed"))
	s.press("enter")
	s.golden("update-06-pin", s.sees("3 tries left."))
	s.types("13579")
	s.press("enter")
	s.golden("update-07-pin-too-short", s.sees("too short", "3 tries left."))
	s.types("999999")
	s.press("enter")
	s.golden("update-08-pin-wrong", s.sees("The PIN was wrong", "2 tries left."))
	s.types("135792")
	s.press("enter")
	s.golden("update-09-third-party", s.sees("Other certificates on this card"))
	s.press("space", "enter")
	s.golden("update-10-confirm", s.sees("This is what will happen", "Goes away"))
	s.press("left", "enter")
	s.golden("update-12-result", s.sees("Card updated", "1 letter waits"))
	s.press("right", "right", "enter")
	s.golden("update-13-result-details", s.sees("SHA-256"))
	s.press("esc")
	s.golden("update-14-profile-after", s.sees("Up to date", "tracked", "card 0071 2233 in"))
	s.press("right", "right", "right", "enter")
	s.golden("update-15-history", s.sees("Updates of this card", "finished"))
}

// A run shows each step, and that there is no way back.
func TestFramesOfARun(t *testing.T) {
	l := openLobby(t)
	hold, held := make(chan struct{}), make(chan struct{}, 1)
	l.desk.CAs["Corp Issuing CA"] = slowCA{l.desk.CAs["Corp Issuing CA"], held, hold}
	s := l.sitDown(t)
	l.toConfirm(s)
	s.press("enter")
	s.until("the CA is asked", func() bool { return len(held) > 0 })
	s.golden("update-11-progress", s.sees("Do not remove the card", "▸ Ask the CA"))
	s.press("esc")
	s.golden("run-no-way-back", s.sees("there is no way back"))
	s.press("ctrl+c")
	s.golden("run-quit", s.sees("Leave the kiosk?", "An update is running"))
	s.press("esc") // too fast: nobody can have read it
	s.sees("Leave the kiosk?")
	l.clock.rest()
	s.press("esc")
	close(hold)
	s.sees("Card updated")
}

// toConfirm leads to the confirm page of Ada's renewal, with the focus on
// "Update card".
func (l *lobby) toConfirm(s *pilot) {
	s.opens("alovelace", "Ada Lovelace")
	s.sees("third-party", "card 0071 2233")
	s.press("enter")
	s.sees("Which certificates?")
	s.press("enter")
	s.sees("3 tries left.")
	s.types("135792")
	s.press("enter")
	s.sees("Other certificates")
	s.press("enter")
	s.sees("This is what will happen")
	s.press("left")
}

// slowCA answers when it is let go.
type slowCA struct {
	engine.CA
	held chan<- struct{}
	hold <-chan struct{}
}

func (c slowCA) Ask(ctx context.Context, r engine.CARequest) (engine.Answer, error) {
	select {
	case c.held <- struct{}{}:
	default:
	}
	select {
	case <-ctx.Done():
		return engine.Answer{}, ctx.Err()
	case <-c.hold:
		return c.CA.Ask(ctx, r)
	}
}

// A blank card is found by reading it, given to a user, and issued.
func TestFramesOfAFirstIssue(t *testing.T) {
	l := openLobby(t)
	s := l.sitDown(t)
	s.press("f2")
	s.golden("issue-01-readers", s.sees("Which card?", "Ada Lovelace", "nobody's yet", "Demo reader 4"))
	s.press("down", "enter")
	s.golden("issue-02-unknown-card", s.sees("A card nobody is known to have"))
	s.press("enter")
	s.opens("zvdberg", "Zoë van der Berg")
	s.golden("issue-03-user-without-card", s.sees("No card yet"))
	s.press("enter")
	s.sees("Which card?", "nobody's yet")
	s.press("enter")
	s.golden("issue-04-card-of-another", s.sees("This card belongs to somebody already."))
	s.press("down", "enter")
	s.golden("issue-05-assign", s.sees("Assign this card?", "The card is empty."))
	s.press("enter")
	s.golden("issue-06-assigned", s.sees("The card was assigned.", "Issue card", "in reader Demo reader 2"))
	s.press("enter")
	s.sees("Which certificates?")
	s.press("enter")
	s.golden("issue-07-new-pin", s.sees("Choose the card's PIN", "types it twice"))
	s.types("111111")
	s.press("enter")
	s.types("111111")
	s.press("enter")
	s.golden("issue-08-weak-pin", s.sees("too easy to guess"))
	s.types("482913")
	s.press("enter")
	s.types("482914")
	s.press("enter")
	s.sees("The two PINs differ")
	s.types("482913")
	s.press("enter")
	s.types("482913")
	s.press("enter")
	s.golden("issue-09-confirm", s.sees("This is how card 0071 2234 will be issued"))
	s.press("left", "enter")
	s.golden("issue-10-result", s.sees("Card issued", "hand the card out"))
}

// A user with two cards chooses one; the last try is asked for twice; a
// blocked PIN says what to do.
func TestFramesOfTheLastTry(t *testing.T) {
	l := openLobby(t)
	s := l.sitDown(t)
	s.opens("asimecka", "Adam Šimečka")
	s.golden("last-01-two-cards", s.sees("0071 2235", "0071 2236", "in reader Demo reader 3", "card 0071 2235"))
	s.press("down")
	s.golden("last-02-other-card", s.sees("On the card when it was last written"))
	s.press("enter")
	s.golden("last-03-put-in", s.sees("Put in card 0071 2236"))
	s.press("down", "down", "enter")
	s.golden("last-04-not-this-one", s.sees("This is another card than the one to be updated."))
	s.press("esc")
	s.sees("0071 2235", "Due because")
	s.press("enter")
	s.sees("Which certificates?")
	s.press("enter")
	s.sees("2 tries left.")
	s.types("000000")
	s.press("enter")
	s.golden("last-05-one-left", s.sees("1 try left.", "After that the PIN is blocked."))
	s.types("000000")
	s.press("enter")
	s.golden("last-06-sure", s.sees("This is the last try."))
	s.press("backspace")
	s.types("0")
	s.press("enter", "enter")
	s.golden("last-07-blocked", s.sees("The PIN is blocked"))
	s.press("esc")
	s.sees("Which certificates?")
}

// Help, quit, the demo's mailbox and tray, a card pulled.
func TestFramesOverPages(t *testing.T) {
	l := openLobby(t)
	s := l.sitDown(t)
	s.press("f1")
	s.golden("over-01-help", s.sees("Keys on this page"))
	s.press("esc")
	s.press("f3")
	s.golden("over-02-mailbox-empty", s.sees("No letter has come yet"))
	s.press("esc")
	s.press("f4")
	s.golden("over-03-tray", s.sees("The demo's cards"))
	s.press("esc", "esc")
	s.golden("over-04-quit", s.sees("Leave the kiosk?"))
	l.clock.rest()
	s.press("esc")
	l.toConfirm(s)
	l.readers.Remove(0)
	s.golden("over-05-pulled", s.sees("The card was taken out", "Nothing was changed"))
	l.clock.rest()
	s.press("enter")
	s.golden("over-06-put-back", s.sees("Put in card 0071 2233"))
	if err := l.readers.Insert(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	s.sees("Which certificates?")
	s.press("ctrl+c")
	s.sees("Leave the kiosk?")
	l.clock.rest()
	s.press("left", "enter")
	s.until("the app quits", func() bool { return s.quit })
}

// By a clock that is weeks behind, certificates are not valid yet; by one that
// is years ahead, they have ended. Both are said in words.
func TestFramesOfOtherTimes(t *testing.T) {
	l := openLobby(t)
	l.clock.turn(-17 * 24 * time.Hour)
	s := l.sitDown(t)
	s.opens("alovelace", "Ada Lovelace")
	s.golden("times-01-not-yet", s.sees("from 22 Nov 2026", "card 0071 2233 in"))
	l.clock.turn(800 * 24 * time.Hour)
	s.press("esc")
	s.sees("1 found")
	s.press("enter")
	s.sees("VPN certificate expired", "card 0071 2233 in")
	s.press("pgdown")
	s.golden("times-02-ended", s.sees("ended 22 Jun 2027", "card 0071 2233 in"))
	a := sitDown(t, l.parts, func(n *ui.Needs) { n.ASCII = true })
	a.types("alovelace")
	a.sees("1 found")
	a.press("enter")
	a.sees("VPN certificate expired", "card 0071 2233 in")
	a.press("pgdown")
	a.golden("times-03-ended-ascii", a.sees("[x] ended 22 Jun 2027", "card 0071 2233 in"))
}

// Every kind of trouble has a calm page: what happened, what it means for the
// card, what to do.
func TestFramesOfTrouble(t *testing.T) {
	l := openLobby(t)
	var all, german strings.Builder
	for _, kind := range engine.Kinds() {
		broken := *l.parts
		desk := *l.desk
		desk.Journal = brokenJournal{desk.Journal, &engine.Error{
			Op: "x", Kind: kind, Subject: "its subject", TriesLeft: 2, Run: "0123456789abcdef0123456789abcdef", Effect: engine.CanContinue, Err: errors.New("the cause"),
		}}
		broken.desk = &desk
		s := sitDown(t, &broken, nil)
		l.toConfirm(s)
		s.press("enter")
		frame := s.sees("Run 0123456789abcdef", words.English.Effects[engine.CanContinue])
		s.whole(fmt.Sprint(kind), frame)
		for shown, to := range map[string]*strings.Builder{frame: &all, s.twin.frame(): &german} {
			fmt.Fprintf(to, "%s\n", strings.TrimRight(strings.Join(strings.Split(shown, "\n")[3:21], "\n"), "\n "))
		}
		l.clock.rest()
		s.press("enter")
		s.sees("Update card") // the app is usable
	}
	golden(t, filepath.Join("frames", "trouble.golden"), steady(all.String()))
	golden(t, filepath.Join("frames", "de", "trouble.golden"), steady(german.String()))
}

// brokenJournal refuses to begin.
type brokenJournal struct {
	engine.Journal
	err error
}

func (b brokenJournal) Begin(context.Context, engine.Run, engine.Lease) (int64, error) {
	return 0, b.err
}

// Enter pressed before the answer has come opens the user when there is only
// one, and nobody when there are several: they have not been seen.
func TestEnterAheadOfTheAnswer(t *testing.T) {
	l := openLobby(t)
	s := l.sitDown(t)
	s.types("alovelace")
	s.press("enter")
	s.sees("Ada Lovelace ·", "policy: Staff")
	s.press("esc")
	s.sees("Who is it?  alovelace")
	s.press("enter") // what was typed is asked for anew
	s.sees("Ada Lovelace ·", "policy: Staff")
	s.press("esc")
	s.sees("1 found")
	for range "alovelace" {
		s.press("backspace")
	}
	s.types("ada")
	s.press("enter")
	s.sees("Who is it?", "4 found")
	s.types(" l")
	s.press("enter")
	s.types("e") // another text: the Enter was not for it
	s.sees("Who is it?  ada le", "1 found")
}

// What is too long for the field is scrolled: its end, where one types, is seen.
func TestLongSearch(t *testing.T) {
	l := openLobby(t)
	s := l.sitDown(t)
	s.sees("Who is it?")
	s.types(strings.Repeat("x", 90) + "end")
	frame := s.sees("xend")
	fits(t, "long search", frame, 80, 24)
	s.send(tea.PasteMsg{Content: "\x1b[31mred\x07\x00\r\n" + strings.Repeat("é", 500)})
	s.sees("é")
	for _, r := range s.frame() {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Fatalf("%q reaches the screen", r)
		}
	}
}

// However narrow the terminal, the trail shows where one is.
func TestTrailShowsWhereOneIs(t *testing.T) {
	l := openLobby(t)
	s := l.sitDown(t)
	l.toConfirm(s)
	s.send(tea.WindowSizeMsg{Width: 72, Height: 20})
	s.sees("… › ✓ Card", "› Confirm › Update")
	few := sitDown(t, l.parts, func(n *ui.Needs) { n.FewSigns = true })
	few.types("asim")
	few.sees("Adam Šimečka", "1 found")
	few.press("enter")
	few.sees("+ User > Card", "[ok]")
}

// Other terminals: wide ones get a detail pane, small ones are told, and those
// without UTF-8 get nothing but ASCII.
func TestFramesOfOtherTerminals(t *testing.T) {
	l := openLobby(t)
	s := l.sitDown(t)
	s.types("ada")
	s.sees("Ada Lovelace", "4 found")
	s.send(tea.WindowSizeMsg{Width: 120, Height: 30})
	s.golden("other-01-wide", s.frame())
	s.send(tea.WindowSizeMsg{Width: 40, Height: 10})
	s.golden("other-02-too-small", s.frame())
	for w := 1; w < 130; w += 7 { // whatever the size, nothing breaks
		for h := 1; h < 50; h += 5 {
			s.send(tea.WindowSizeMsg{Width: w, Height: h})
			fits(t, fmt.Sprintf("%d×%d", w, h), s.frame(), w, h)
		}
	}
	a := sitDown(t, l.parts, func(n *ui.Needs) { n.ASCII = true })
	a.types("ada")
	a.sees("Adam Simecka", "4 found")
	a.golden("other-03-ascii-find", a.frame())
	a.press("enter")
	a.sees("third-party", "card 0071 2233")
	a.golden("other-04-ascii-profile", a.frame())
	for _, r := range a.app.View().Content {
		if r > 0x7e {
			t.Fatalf("%q went to a terminal that knows ASCII only", r)
		}
	}
}

// A plan that changes nothing says so, costs nothing, and is not carried out.
func TestFramesOfNothingToDo(t *testing.T) {
	l := openLobby(t)
	var searches atomic.Bool
	searches.Store(true)
	today := l.desk.PolicyOf
	l.desk.PolicyOf = func(u engine.User) (engine.Policy, error) {
		policy, err := today(u)
		policy.SearchThirdParty = searches.Load()
		return policy, err
	}
	s := l.sitDown(t)
	l.toConfirm(s)
	s.press("enter")
	s.sees("Card updated", "1 letter waits")
	s.press("enter")
	s.sees("Up to date", "third-party", "card 0071 2233 in")
	s.press("enter")
	s.golden("nothing-01-templates", s.sees("Which certificates?", "Nothing would change but"))
	s.press("enter")
	s.sees("tries left.")
	s.types(testPIN)
	s.press("enter")
	s.sees("Other certificates")
	s.press("enter")
	s.golden("nothing-02-confirm", s.sees("Nothing would change on this card."))
	s.press("left", "enter")
	s.sees("This is what will happen")
	searches.Store(false)
	s.press("esc")
	s.sees("Other certificates")
	s.press("esc")
	s.sees("Enter the card's PIN")
	s.press("esc")
	s.golden("nothing-03-not-even-the-pin", s.sees("Which certificates?", "Nothing would change on this card."))
	s.press("enter")
	s.sees("Which certificates?")
}
