package ui

import (
	"testing"

	"cardkiosk/engine/walk"
	"cardkiosk/engine/words"
)

// Every stage, action and refusal of the walk has its words in every language.
func TestWalkHasWords(t *testing.T) {
	for _, l := range words.Languages() {
		hasWords(t, l.Text)
	}
}

func hasWords(t *testing.T, text *words.Text) {
	t.Helper()
	for _, s := range walk.Stages() {
		if text.Stages[string(s)] == "" {
			t.Errorf("stage %q has no word", s)
		}
	}
	for _, a := range walk.EveryAction() {
		if text.Actions[string(a)] == "" {
			t.Errorf("action %q has no word", a)
		}
	}
	for _, u := range walk.Unfits() {
		if text.Unfits[string(u)] == "" {
			t.Errorf("refusal %q has no word", u)
		}
	}
}
