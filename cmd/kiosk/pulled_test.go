package main

import (
	"strings"
	"testing"
)

// The card may be pulled at any page before the run: the screen says so when it
// was in use, nothing is written, no try is spent, and once the card is back
// the update goes through.
func TestPulledAtEveryPage(t *testing.T) {
	l := openLobby(t)
	s := l.sitDown(t)
	pages := []struct {
		name  string
		shows string
		next  func() // to the next page
	}{
		{"templates", "Which certificates?", func() { s.press("enter") }},
		{"PIN", "3 tries left.", func() { s.types(testPIN); s.press("enter") }},
		{"third-party", "Other certificates", func() { s.press("enter") }},
		{"confirm", "This is what will happen", func() {}},
	}
	for i, page := range pages {
		s.sees("Who is it?")
		s.types("alovelace")
		s.press("enter")
		s.sees("Ada Lovelace ·", "third-party", "card 0071 2233")
		s.press("enter")
		for _, before := range pages[:i] {
			s.sees(before.shows)
			before.next()
		}
		s.sees(page.shows)
		l.readers.Remove(0)
		s.sees("The card was taken out", "Nothing was changed")
		l.clock.rest()
		s.press("enter")
		s.sees("Put in card 0071 2233")
		s.press("esc")
		s.sees("Ada Lovelace ·", "not in a reader")
		if err := l.readers.Insert(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		s.sees("Ada Lovelace ·", "in reader Demo reader 1", "third-party", "card 0071 2233")
		s.press("esc")
		s.sees("1 found")
		for range "alovelace" {
			s.press("backspace")
		}
		if tries := l.world.Chips()[0].State().PIN.Left; tries != 3 {
			t.Errorf("pulled at %s: %d tries left", page.name, tries)
		}
	}
	l.toConfirm(s)
	s.press("enter")
	s.sees("Card updated")
}

// Keys held down, and Esc wherever there is one, lead to a page on which one
// can go on.
func TestKeysHeldDown(t *testing.T) {
	l := openLobby(t)
	s := l.sitDown(t)
	for _, key := range []string{"enter", "esc", "space", "tab", "left", "down", "pgdown", "f2", "f3", "f4"} {
		for range 50 {
			s.press(key)
		}
		for n := 0; !strings.Contains(s.frame(), "Who is it?") || strings.Contains(s.frame(), "Leave"); n++ {
			if n == 20 {
				t.Fatalf("%s held down: there is no way back from\n%s", key, s.frame())
			}
			l.clock.rest()
			s.press("esc")
		}
		for range 60 {
			s.press("backspace")
		}
	}
	l.toConfirm(s)
	s.press("enter")
	s.sees("Card updated")
}

// Enter that is held down from the PIN on carries nothing out: nobody has read
// the plan.
func TestHeldEnterCarriesNothingOut(t *testing.T) {
	l := openLobby(t)
	s := l.sitDown(t)
	l.toConfirm(s)
	s.press("esc", "esc")
	s.sees("3 tries left.")
	s.types(testPIN)
	for range 3 {
		s.press("enter")
		s.sees("Other certificates")
		s.press("enter")
		s.sees("This is what will happen")
	}
}
