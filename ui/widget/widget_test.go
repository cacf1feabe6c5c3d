package widget

import (
	"slices"
	"strings"
	"testing"
)

// A line is as wide as it was asked to be, whatever is in it.
func TestFit(t *testing.T) {
	for _, s := range []string{"", "ada", "Šimečka", "王芳王芳王芳", "a long name that does not fit", "\x1b[1mbold and long\x1b[0m"} {
		for _, w := range []int{1, 4, 5, 12, 40} {
			if got := Width(Fit(s, w, "…")); got != w {
				t.Errorf("Fit(%q, %d) is %d cells wide", s, w, got)
			}
		}
	}
}

// However the cursor moves, it stays on the list and its row is drawn.
func TestListKeepsCursorInSight(t *testing.T) {
	l := List{Len: 50000}
	for _, m := range []Motion{Up, Down, PageDown, PageDown, Last, Down, PageUp, First, PageUp, Last} {
		l.Move(m, 10)
		seen := false
		out := l.View(10, func(i int, focused bool) string {
			seen = seen || focused && i == l.Cursor
			return "row"
		})
		if !seen || strings.Count(out, "row") != 10 {
			t.Fatalf("after %d the cursor %d is not among the 10 rows drawn", m, l.Cursor)
		}
	}
	if l.Cursor != 49999 {
		t.Errorf("Last leads to %d", l.Cursor)
	}
}

// A list that shrinks under the cursor does not lose it.
func TestListShrinks(t *testing.T) {
	l := List{Len: 10, Cursor: 9}
	l.Set(3)
	if l.Cursor != 2 {
		t.Errorf("cursor is %d", l.Cursor)
	}
	l.Set(0)
	if l.Cursor != 0 || l.View(5, nil) != "" {
		t.Error("an empty list draws something")
	}
}

// Nothing of a secret is left in the field's memory once it was erased.
func TestSecretLeavesNothing(t *testing.T) {
	var s Secret
	s.Type("1357")
	s.Type("é9")
	memory := s.held[:cap(s.held)]
	s.Erase()
	s.Erase()
	if string(s.held) != "1357" || s.View("•") != "••••" {
		t.Fatalf("after erasing two characters %d are left", s.Len())
	}
	s.Clear()
	if !slices.Equal(memory, make([]byte, secretMost)) {
		t.Error("the secret is still in memory")
	}
}

// Pasting a megabyte into the field keeps it small.
func TestSecretIsBounded(t *testing.T) {
	var s Secret
	s.Type(strings.Repeat("x", 1<<20))
	if s.Len() != secretMost {
		t.Errorf("%d characters were kept", s.Len())
	}
}

// Words break at spaces, and no line is too wide.
func TestWrap(t *testing.T) {
	for _, line := range Wrap("Put the card back into the reader and try again.", 20) {
		if Width(line) > 20 {
			t.Errorf("%q is too wide", line)
		}
	}
}

// A style that is wrapped is on each line, and ends with it.
func TestWrapKeepsStyles(t *testing.T) {
	for _, line := range Wrap(NewLook(false).Bad.Render("a signature that nobody could verify"), 12) {
		if !strings.HasPrefix(line, "\x1b[31m") || !strings.HasSuffix(line, "\x1b[m") {
			t.Errorf("a line is %q", line)
		}
	}
}

// Where only ASCII is known, three dots are three, and a line is as wide as it was.
func TestASCIILines(t *testing.T) {
	for line, want := range map[string]string{
		"One moment …      ":    "One moment ...    ",
		"> Card …      3×4":     "> Card ...    3x4",
		"| wait …  |":           "| wait .  |",
		"a …       b …       c": "a ...     b ...     c",
		"broken, withdrawn …":   "broken, withdrawn .",
		"Šimečka":               "Simecka",
	} {
		if got := asciiLines(line); got != want || Width(got) != Width(line) {
			t.Errorf("%q is shown as %q, not %q", line, got, want)
		}
	}
}
