package widget

import (
	"strings"
	"testing"
)

// Large letters take no more room than there is; where it is too little, the text
// is still there.
func TestLarge(t *testing.T) {
	for _, c := range []struct {
		text  string
		w, h  int
		large bool
	}{
		{"Put in your card", 80, 18, true},
		{"Bitte Karte einlegen", 80, 18, true},
		{"Außer Betrieb", 80, 18, false}, // there is no large ß: ToUpper leaves it
		{"Hier unbekannt", 80, 18, true},
		{"Put in your card", 40, 18, false},
		{"Put in your card", 80, 5, false},
		{"Put in your card", 12, 24, false},
		{"Karte für Ärger", 80, 18, true},
	} {
		lines := Large(c.text, "#", c.w, c.h)
		for _, l := range lines {
			if Width(l) > c.w {
				t.Errorf("%q in %d cells: %q", c.text, c.w, l)
			}
		}
		all := strings.Join(lines, "\n")
		if strings.Contains(all, "###") != c.large {
			t.Errorf("%q in %d×%d:\n%s", c.text, c.w, c.h, all)
		}
		if squeezed := strings.NewReplacer(" ", "", "\n", "").Replace(all); !c.large && !strings.EqualFold(squeezed, strings.ReplaceAll(c.text, " ", "")) {
			t.Errorf("%q became %q", c.text, all)
		}
		t.Log("\n" + all)
	}
}
