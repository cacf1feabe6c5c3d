package main

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/engine/words"
	"cardkiosk/ui"
)

// openSelfService is the demo world with a self-service kiosk: every card is in its
// holder's pocket.
func openSelfService(t testing.TB) *lobby {
	t.Helper()
	return openLobbyIn(t, demo.Options{Mode: engine.SelfService, AtOnce: true})
}

// visits shows the start screen.
func (l *lobby) visits(t *testing.T) *pilot {
	t.Helper()
	s, _ := l.visitsIdle(t)
	return s
}

// visitsIdle tells too how often the app has looked at the clock.
func (l *lobby) visitsIdle(t *testing.T) (*pilot, *atomic.Int64) {
	t.Helper()
	after, looked := clockLooks(t)
	return sitDown(t, l.parts, func(n *ui.Needs) {
		n.Actor.Who, n.Languages, n.Idle, n.After = "", words.Languages(), 5*time.Minute, after
	}), looked
}

// puts puts a card of the deck in.
func (l *lobby) puts(t *testing.T, i int) {
	t.Helper()
	if err := l.readers.Insert(t.Context(), i); err != nil {
		t.Fatal(err)
	}
}

// shows puts a card in and types its PIN.
func (l *lobby) shows(t *testing.T, s *pilot, i int) {
	t.Helper()
	s.sees("Put your card into the reader")
	l.puts(t, i)
	s.sees("tries left")
	s.types(l.world.Cards()[i].PIN)
	s.press("enter")
}

// gone waits until the visit has ended.
func (s *pilot) gone() {
	s.t.Helper()
	s.until("the visit ends", func() bool { return s.quit })
	for _, of := range []string{"Ada", "alovelace", "0071 2233", "corp.example"} {
		if strings.Contains(s.frame(), of) {
			s.t.Errorf("the last frame still shows %q:\n%s", of, s.frame())
		}
	}
}

// The walk of somebody who updates their own card.
func TestFramesOfAVisit(t *testing.T) {
	l := openSelfService(t)
	s := l.visits(t)
	s.golden("lobby-01-start", s.sees("Put your card into the reader", "2 Deutsch"))
	l.puts(t, 0)
	s.golden("lobby-02-pin", s.sees("3 tries left", "Your card 0071 2233"))
	s.types("000000")
	s.press("enter")
	s.golden("lobby-03-wrong-pin", s.sees("2 tries left."))
	s.types("135792")
	s.press("enter")
	s.golden("lobby-04-own-card", s.sees("Ada Lovelace", "expires in"))
	s.press("enter")
	s.golden("lobby-05-templates", s.sees("Which certificates?"))
	s.press("enter")
	s.golden("lobby-06-third-party", s.sees("Other certificates"))
	s.press("enter")
	s.golden("lobby-07-confirm", s.sees("This is what will happen"))
	s.press("left", "enter")
	s.golden("lobby-08-result", s.sees("Card updated", "Take your card out now."))
	l.readers.Remove(0)
	s.gone()
}

// What the start screen says of cards with which no visit begins.
func TestFramesOfTheStart(t *testing.T) {
	l := openSelfService(t)
	l.puts(t, 0)
	s := l.visits(t)
	s.golden("lobby-10-from-before", s.sees("Take the card out of the reader"))
	l.puts(t, 2)
	s.golden("lobby-11-two-cards", s.sees("more than one card"))
	l.readers.Remove(0)
	l.readers.Remove(2)
	s.sees("Put your card into the reader")
	l.puts(t, 1)
	s.golden("lobby-12-unknown", s.sees("does not know the card"))
	l.readers.Remove(1)
	s.sees("Put your card into the reader")
	desk := engine.Actor{Who: "ines", Station: "desk-2", Mode: engine.Operator}
	for _, c := range []struct {
		event engine.CardEvent
		says  string
		name  string
	}{{engine.CardDisabled, "disabled for now", "lobby-13-disabled"}, {engine.CardRevoked, "never be used again", "lobby-14-revoked"}} {
		if _, err := l.desk.Turn(t.Context(), desk, l.world.Cards()[3].ID(), engine.Wish{Event: c.event, Reason: engine.CardLost}); err != nil {
			t.Fatal(err)
		}
		l.puts(t, 3)
		s.golden(c.name, s.sees(c.says))
		l.readers.Remove(3)
		s.sees("Put your card into the reader")
	}
	s.types("q")
	s.press("esc", "ctrl+c", "f1", "enter")
	s.sees("Put your card into the reader")
	s.types("2")
	s.sees("Legen Sie Ihre Karte in den Leser ein")
	s.types("1")
	for _, size := range [][2]int{{200, 60}, {60, 15}, {30, 10}, {10, 3}, {1, 1}} {
		s.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		s.frame()
	}
	s.send(tea.WindowSizeMsg{Width: 60, Height: 15})
	s.sees("P U T   I N   Y O U R   C A R D")
	s.send(tea.WindowSizeMsg{Width: 1, Height: 1})
	s.frame()
}

// A kiosk without a reader asks for help, and not for a card.
func TestFrameOfNoReader(t *testing.T) {
	l := openSelfService(t)
	l.desk.Readers.(*demoReaders).Readers = demo.NewVirtualReaders()
	s := l.visits(t)
	s.golden("lobby-15-no-reader", s.sees("The card reader does not answer"))
}

// People see what their policy lets them do, and where that is nothing, who helps.
func TestFramesOfWhatHoldersMay(t *testing.T) {
	l := openSelfService(t)
	may := engine.UserOptions{}
	of := l.desk.PolicyOf
	l.desk.PolicyOf = func(u engine.User) (engine.Policy, error) {
		p, err := of(u)
		p.Users = may
		return p, err
	}
	s := l.visits(t)
	l.shows(t, s, 0)
	s.golden("lobby-20-nothing", s.sees("an operator can help", "Done"))
	s.press("enter")
	s.gone()

	may.Update = true
	l.readers.Remove(0)
	s = l.visits(t)
	l.shows(t, s, 0)
	s.sees("Update card")
	s.press("enter") // nothing to be chosen
	s.golden("lobby-21-confirm", s.sees("This is what will happen"))
	s.press("esc")
	s.sees("Your card 0071 2233")
	s.press("esc")
	s.gone()
}

// An update that waits for a CA.
func TestFramesOfAnUpdateThatWaits(t *testing.T) {
	l := openLobbyIn(t, demo.Options{Mode: engine.SelfService})
	s := l.visits(t)
	l.shows(t, s, 5)
	s.golden("lobby-22-pending", s.sees("Grace Hopper", "Cancel update"))
	s.press("left", "enter")
	s.golden("lobby-23-cancel", s.sees("Cancel the update of card"))
	s.press("left", "enter")
	s.golden("lobby-24-cancelled", s.sees("Take your card out now."))
}

// A card that cannot show whose it is: nobody's account, and a CA that is silent.
func TestFramesOfUnproven(t *testing.T) {
	l := openSelfService(t)
	for _, ca := range l.desk.CAs {
		l.desk.CAs["Corp Issuing CA"] = unsayingCA{ca}
	}
	s := l.visits(t)
	l.shows(t, s, 0)
	s.golden("lobby-30-ca-silent", s.sees("An operator has to help with this card"))
	l.clock.rest()
	s.press("enter")
	s.gone()
}

// unsayingCA does not tell what is revoked.
type unsayingCA struct{ engine.CA }

func (unsayingCA) Revoked(context.Context) ([]engine.Revocation, error) {
	return nil, &engine.Error{Op: "read revocation list", Kind: engine.CAAway}
}

// Whoever goes away leaves nothing behind: it is asked whether they are there, and
// counted; a key keeps the visit, and does nothing else.
func TestFramesOfAnAbandonedVisit(t *testing.T) {
	l := openSelfService(t)
	s, looked := l.visitsIdle(t)
	l.shows(t, s, 0)
	s.sees("Ada Lovelace")
	s.press("enter")
	s.sees("Which certificates?")
	l.clock.turn(5*time.Minute - 13*time.Second)
	s.looks(looked)
	s.golden("lobby-40-still-there", s.sees("in 13 seconds"))
	l.clock.turn(4 * time.Second)
	s.sees("in 9 seconds")
	s.press("enter")
	s.sees("Which certificates?")
	l.clock.turn(5*time.Minute - time.Second)
	s.looks(looked)
	s.sees("in 1 second,")
	l.clock.turn(time.Second)
	s.gone()
}

// The card is the key to the visit: without it there is none, wherever it is.
func TestCardTakenEndsTheVisit(t *testing.T) {
	for name, keys := range map[string][]string{
		"own card": nil, "templates": {"enter"}, "third-party": {"enter", "enter"}, "confirm": {"enter", "enter", "enter"}, "help": {"f1"},
	} {
		t.Run(name, func(t *testing.T) {
			l := openSelfService(t)
			s := l.visits(t)
			l.shows(t, s, 0)
			s.sees("Ada Lovelace")
			for _, k := range keys {
				s.press(k)
				s.until("the page is there", func() bool { return len(s.msgs) == 0 })
			}
			l.readers.Remove(0)
			s.gone()
		})
	}
	t.Run("while the update is planned", func(t *testing.T) {
		l := openSelfService(t)
		s := l.visits(t)
		l.shows(t, s, 0)
		s.sees("Ada Lovelace")
		s.press("enter") // what comes of it comes when the card is out
		l.readers.Remove(0)
		var late []tea.Msg
		for !s.quit || len(late) == 0 {
			msg := <-s.msgs
			if strings.Contains(fmt.Sprintf("%#v", msg), "ui.ownProposed{") {
				late = append(late, msg)
				continue
			}
			s.send(msg)
		}
		for _, msg := range late {
			s.send(msg)
		}
		s.gone()
	})
	t.Run("PIN", func(t *testing.T) {
		l := openSelfService(t)
		s := l.visits(t)
		s.sees("Put your card into the reader")
		l.puts(t, 0)
		s.sees("tries left")
		s.types("1357")
		l.readers.Remove(0)
		s.gone()
	})
}

// A card that is taken out during its run is not lost: it is said, and the next visit
// goes on with it.
func TestCardTakenDuringARun(t *testing.T) {
	l := openSelfService(t)
	s := l.visits(t)
	l.shows(t, s, 0)
	s.sees("Ada Lovelace")
	s.press("enter")
	s.sees("Which certificates?")
	s.press("enter")
	s.sees("Other certificates")
	s.press("enter")
	s.sees("This is what will happen")
	l.readers.Pace = 20 * time.Millisecond
	s.press("left", "enter")
	s.sees("▸ Make key")
	l.readers.Remove(0)
	s.golden("lobby-41-taken", s.sees("The card was taken out", "can be continued"))
	l.readers.Pace = 0
	l.puts(t, 0)
	s.gone()
	l.readers.Remove(0)
	s = l.visits(t)
	l.shows(t, s, 0)
	s.sees("Ada Lovelace", "Continue")
	s.press("enter")
	s.sees("Card updated")
}
