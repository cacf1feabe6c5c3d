package ui

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

// Trouble is told to its end, however long a server's own words are.
func TestTroubleIsToldWhole(t *testing.T) {
	said := strings.Repeat("the template permits less than that, ", 8) + "and this is the end"
	page := &troublePage{
		scene: scene{look: newLook(false), text: &words.English},
		err:   &engine.Error{Op: "ask CA", Kind: engine.CARefused, Subject: said},
	}
	view := page.View(80, 18)
	for _, line := range strings.Split(view, "\n") {
		if w := widget.Width(line); w > 80 {
			t.Errorf("a line has %d cells: %q", w, line)
		}
	}
	told := strings.Join(strings.Fields(ansi.Strip(view)), " ")
	if !strings.Contains(told, said) {
		t.Errorf("the page tells %s", told)
	}
}
