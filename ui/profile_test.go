package ui

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

// A reason is shown with all of its values, however long they are.
func TestReasonIsShownWhole(t *testing.T) {
	p := &profile{scene: scene{look: newLook(false), text: &words.English, now: time.Now}}
	changed := engine.AttributeChanged{
		Template: "Authentication", Attribute: "mail",
		Was: "firstname.lastname@research.corp.example", Is: "firstname.other-lastname@operations.corp.example",
	}
	lines := p.reasons(engine.CardView{Reasons: []engine.Reason{changed}}, 72)
	for _, line := range lines {
		if w := widget.Width(line); w > 71 {
			t.Errorf("a line has %d cells: %q", w, line)
		}
	}
	closed := func(s string) string { return strings.Join(strings.Fields(s), "") } // a line may end at a hyphen, too
	told := closed(ansi.Strip(strings.Join(lines, "\n")))
	if want := closed(p.text.Reason(changed, p.now())); !strings.Contains(told, want) {
		t.Errorf("the profile tells %s instead of %s", told, want)
	}
}
