package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

// halfway leaves Ada's renewal where it can only be finished: her old key was
// put aside, and the card pulled.
func halfway(t *testing.T) (*lobby, *moodyDirectory) {
	t.Helper()
	l := openLobby(t)
	pulled := false
	l.withChip(t, sim.Options{Power: func(c sim.Command) sim.Cut {
		if c.Header[1] == 0xf6 && !pulled { // MOVE KEY
			pulled = true
			return sim.CutAfter
		}
		return sim.Stay
	}})
	directory := &moodyDirectory{Directory: l.desk.Directory}
	l.desk.Directory = directory
	err := updateCmd{User: "alovelace", Yes: true, PINFile: pinFile(t, testPIN)}.update(t.Context(), l.parts)
	if !engine.Is(err, engine.CardGone) {
		t.Fatalf("interrupted by %v", err)
	}
	l.readers.Remove(0)
	if err := l.readers.Insert(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	return l, directory
}

// What the directory does not tell keeps nobody from finishing a card that is
// halfway: on the screen, in lines, and scripted.
func TestHalfwayWithoutDirectory(t *testing.T) {
	for name, mood := range map[string]int32{"away": moodAway, "gone": moodGone} {
		t.Run("screen, "+name, func(t *testing.T) {
			l, directory := halfway(t)
			directory.mood.Store(mood)
			s := l.sitDown(t)
			s.press("f2")
			s.sees("Which card?", "Ada Lovelace")
			s.press("enter")
			s.golden("halfway-"+name, s.sees("only an update that was begun", "An update was begun", "Continue update", "card 0071 2233 in"))
			s.press("enter")
			s.sees("tries left.")
			s.types(testPIN)
			s.press("enter")
			s.sees("Card updated")
		})
		t.Run("lines, "+name, func(t *testing.T) {
			l, directory := halfway(t)
			directory.mood.Store(mood)
			var out bytes.Buffer
			result, err := l.walkPlain(t, &script{lines: []string{"r", "1", "1", testPIN}, err: io.EOF}, &out)
			if err != nil || result == nil || result.End != engine.Finished || !strings.Contains(out.String(), "shown as recorded") {
				t.Errorf("ended with %v, %v\n%s", result, err, &out)
			}
		})
		t.Run("scripted, "+name, func(t *testing.T) {
			l, directory := halfway(t)
			directory.mood.Store(mood)
			cmd := updateCmd{User: "alovelace", Yes: true, PINFile: pinFile(t, testPIN)}
			if err := cmd.update(t.Context(), l.parts); err == nil {
				t.Error("no card was named, and one was updated")
			}
			cmd.Card = "712233"
			other := cmd
			other.User = "asimecka"
			if err := other.update(t.Context(), l.parts); err == nil {
				t.Error("somebody else's card was updated")
			}
			if err := cmd.update(t.Context(), l.parts); err != nil {
				t.Errorf("continued: %v", err)
			}
			if err := cmd.update(t.Context(), l.parts); exitCode(err) != exitServer {
				t.Errorf("with nothing to be finished: %v", err)
			}
		})
	}
}
