package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
	"cardkiosk/ui"
)

// From the find page to the cards that are due, to the one of them that was
// chosen, and back to where one was.
func TestFramesOfTheWorkList(t *testing.T) {
	l := openLobby(t)
	s := l.sitDown(t)
	s.sees("Who is it?")
	s.press("f6")
	s.golden("worklist-01-list", s.sees("Ada Lovelace", "Adam Šimečka", "3 due"))
	s.press("down")
	s.golden("worklist-02-second", s.sees("▸ Adam Šimečka", "(asimecka)"))
	s.press("enter")
	s.golden("worklist-03-profile", s.sees("✓ Work list › Card", "▸ Card 0071 2235", "card 0071 2235 in"))
	s.press("esc")
	s.sees("▸ Adam Šimečka", "3 due")
	s.types("0071 2233")
	s.golden("worklist-04-typed", s.sees("1 due", "▸ Ada Lovelace"))
	s.types("x")
	s.golden("worklist-05-nobody", s.sees("Try fewer letters"))
	s.press("enter")
	s.press("esc")
	s.sees("Find user")
	s.press("f6")
	s.sees("Whose?", "3 due") // what was typed is forgotten
	s.press("enter")
	s.sees("Ada Lovelace ·", "third-party", "card 0071 2233 in")
	s.press("enter")
	s.sees("Which certificates?")
	s.press("esc")
	s.sees("Ada Lovelace ·", "✓ Work list")
}

// Of a user with several cards the one that was chosen is looked at.
func TestWorkListOpensTheCard(t *testing.T) {
	l := openLobby(t)
	l.clock.turn(700 * 24 * time.Hour)
	s := l.sitDown(t)
	s.sees("Who is it?")
	s.press("f6")
	s.sees("Whose?", "4 due")
	s.types("asimecka 2236")
	s.sees("▸ Adam Šimečka", "1 due")
	s.press("enter")
	s.sees("Adam Šimečka ·", "▸ Card 0071 2236")
}

// A card that was updated is not on the list any more, and the next one is
// where it was.
func TestWorkListAfterAnUpdate(t *testing.T) {
	l := openLobby(t)
	s := l.sitDown(t)
	s.press("f6")
	s.sees("▸ Ada Lovelace", "3 due")
	s.press("enter")
	s.sees("third-party", "card 0071 2233 in")
	s.press("enter")
	s.sees("Which certificates?")
	s.press("enter")
	s.sees("3 tries left.")
	s.types("135792")
	s.press("enter")
	s.sees("Other certificates")
	s.press("enter")
	s.sees("This is what will happen")
	s.press("left", "enter")
	s.sees("Card updated")
	s.press("right", "enter") // another user
	frame := s.sees("▸ Adam Šimečka", "2 due")
	if strings.Contains(frame, "Ada Lovelace") {
		t.Errorf("what is done is still listed:\n%s", frame)
	}
}

// Where little is known, that is said; and a card of many reasons tells as many
// as there is room for.
func TestFramesOfAnOddWorkList(t *testing.T) {
	l := openDue(t)
	facts := l.desk.Ledger.(dueFacts).facts
	facts[0].Record.Managed = facts[0].Record.Managed[:1]
	facts[0].Record.Policy, facts[0].Record.Access = "Gone", true
	facts[1].Person.Gone = true
	facts[3].Person.User.Disabled = true
	s := l.sitDown(t)
	s.sees("Who is it?")
	s.press("f6")
	s.golden("worklist-06-reasons", s.sees("ann", "more reasons", "3 due", "users as of 1 hour ago"))
	s.press("down")
	s.sees("directory has this user no more")
	s.press("down")
	s.sees("the account is")
	s.send(tea.WindowSizeMsg{Width: 120, Height: 30})
	s.press("up", "up")
	s.golden("worklist-07-wide", s.frame())
	for w := 1; w < 130; w += 7 { // whatever the size, nothing breaks
		for h := 1; h < 50; h += 5 {
			s.send(tea.WindowSizeMsg{Width: w, Height: h})
			fits(t, fmt.Sprintf("%d×%d", w, h), s.frame(), w, h)
		}
	}
	nothing := openDue(t)
	nothing.desk.Ledger = dueFacts{nothing.desk.Ledger, nil}
	a := sitDown(t, nothing.parts, func(n *ui.Needs) { n.ASCII = true })
	a.sees("Who is it?")
	a.press("f6")
	a.golden("worklist-08-nothing-ascii", a.sees("No card is due."))
}

// Of many cards so many are held, and it is said that there are more; a text
// finds those beyond.
func TestWorkListOfMany(t *testing.T) {
	l := openDue(t)
	one := l.desk.Ledger.(dueFacts).facts[0]
	many := make([]engine.DueFacts, 12_000)
	for i := range many {
		many[i] = one
		many[i].Person.User.Name = fmt.Sprintf("Number %05d", i)
	}
	l.desk.Ledger = dueFacts{l.desk.Ledger, many}
	s := l.sitDown(t)
	s.sees("Who is it?")
	s.press("f6")
	s.sees("▸ Number 00000", "100 shown, more further down")
	s.send(tea.WindowSizeMsg{Width: 80, Height: 400})
	for {
		frame := s.frame()
		if strings.Contains(frame, "the first 5000; type") {
			break
		}
		s.press("pgdown")
		s.until("the next cards have come", func() bool { return !strings.Contains(s.frame(), "Looking") })
	}
	s.types("11999")
	s.sees("▸ Number 11999", "1 due")
}

// The plain walk lists the same, a few at a time, looks for what is typed after
// a stroke, and opens the card that is chosen.
func TestPlainWorkList(t *testing.T) {
	l := openLobby(t)
	var out bytes.Buffer
	input := &script{lines: []string{"w", "7", "/adam", "b", "w", "/nobody", "w", "2", "b", "w", "/ada love", "1", "b", "q"}, err: io.EOF}
	if result, err := l.walkPlain(t, input, &out); err != nil || result != nil {
		t.Errorf("ended with %v, %v", result, err)
	}
	said := out.String()
	for _, want := range []string{
		"1. 0071 2233  Ada Lovelace (alovelace)  policy Staff\n    Authentication certificate expires in 9 days (1 Dec 2026)\n",
		"2. 0071 2235  Adam Šimečka", "1. 0071 2235  Adam Šimečka", words.English.Plain.NotUnderstood,
		words.English.Due.Nobody, words.English.Due.NoUsers, "== Adam Šimečka, asimecka", "Card 0071 2235  YubiKey", "== Ada Lovelace, alovelace",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q was not said:\n%s", want, said)
		}
	}
	if strings.Contains(said, words.English.Plain.WhichCard) {
		t.Error("which card is meant was asked again")
	}
}

// More than a few come on demand, also when the list ends for want of answers.
func TestPlainWorkListOfMany(t *testing.T) {
	l := openDue(t)
	one := l.desk.Ledger.(dueFacts).facts[0]
	many := make([]engine.DueFacts, 20)
	for i := range many {
		many[i] = one
		many[i].Person.User.Name = fmt.Sprintf("Number %02d", i)
	}
	l.desk.Ledger = dueFacts{l.desk.Ledger, many}
	var out bytes.Buffer
	gone := errors.New("nobody is there")
	if _, err := l.walkPlain(t, &script{lines: []string{"w", "m", "m", "m"}, err: gone}, &out); !errors.Is(err, gone) {
		t.Errorf("ended with %v", err)
	}
	said := out.String()
	for _, want := range []string{"9. 00712201  Number 08", "1. 00712201  Number 09", "2. 00712201  Number 19"} {
		if !strings.Contains(strings.ReplaceAll(said, "0071 2201", "00712201"), want) {
			t.Errorf("%q was not said:\n%s", want, said)
		}
	}
	if n := strings.Count(said, words.English.Plain.WhichDueMore); n != 2 {
		t.Errorf("more was offered %d times", n)
	}
}
