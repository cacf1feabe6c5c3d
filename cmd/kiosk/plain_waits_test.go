package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// goldenPlain walks in lines, with these answers to the last, and compares all that
// was said with what is on file.
func (l *lobby) goldenPlain(t *testing.T, name string, want engine.RunEnd, answers ...string) {
	t.Helper()
	var out bytes.Buffer
	input := &script{lines: l.answersIn(answers), err: io.EOF}
	result, err := l.walkPlain(t, input, &out)
	ended := result != nil && result.End == want
	if left := result == nil && want == "left"; err != nil || !left && !ended || len(input.lines) > 0 {
		t.Errorf("%s: ended with %v, %v; %d answers were not asked for\n%s", name, result, err, len(input.lines), &out)
	}
	english, said := filepath.Join("plain", name+".golden"), steady(out.String())
	if l.text == &words.English {
		golden(t, english, said)
		return
	}
	golden(t, filepath.Join("plain", "de", name+".golden"), said)
	first, err := os.ReadFile(filepath.Join("..", "..", "testdata", english))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range foreignWords(string(first), said) {
		t.Errorf("%s in German says %q", name, w)
	}
}

// answersIn are answers in the lobby's language: the letters for yes, no and back.
func (l *lobby) answersIn(english []string) (all []string) {
	letters := map[string]string{"y": l.text.Plain.Yes, "n": l.text.Plain.No, "b": l.text.Plain.Back, "q": l.text.Plain.Quit}
	for _, a := range english {
		if letter, ok := letters[a]; ok {
			a = letter
		}
		all = append(all, a)
	}
	return all
}

// inEachLanguage walks in a lobby of each language.
func inEachLanguage(t *testing.T, walk func(t *testing.T, l *lobby)) {
	for _, language := range words.Languages() {
		t.Run(language.Code, func(t *testing.T) { walk(t, openLobbyIn(t, demo.Options{Language: language.Code})) })
	}
}

// In lines an update waits, and goes on, as on the screen.
func TestPlainPending(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, l *lobby) {
		l.goldenPlain(t, "pending-01-asked", "", "ada love", "1", "1", "y", "y", testPIN, "n", "y")
		l.goldenPlain(t, "pending-02-waits", "left", "ada love", "1", "q")
		l.approves(t, "alovelace")
		l.goldenPlain(t, "pending-03-continued", engine.Finished, "ada love", "1", "1", testPIN)
	})
}

// In lines a rejected update is cancelled, with the CA's words.
func TestPlainRejected(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, l *lobby) {
		l.goldenPlain(t, "pending-01-asked", "", "ada love", "1", "1", "y", "y", testPIN, "n", "y")
		l.rejects(t, "alovelace")
		l.goldenPlain(t, "rejected-cancelled", engine.TakenBack, "ada love", "1", "2", "n", "2", "y", testPIN)
	})
}

// In lines a card is disabled, enabled, revoked and cleaned, each after a question,
// whose no leads back.
func TestPlainLife(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, l *lobby) {
		const id = engine.CardID("yubikey-712233")
		l.goldenPlain(t, "life-01-disabled", "left", "ada love", "1", "5", "b", "5", "1", "n", "5", "1", "y", "q")
		if got := l.record(t, id).State; got != engine.StateDisabled {
			t.Errorf("the card is %s", got)
		}
		l.goldenPlain(t, "life-02-revoked", "left", "ada love", "1", "3", "1", "y", "5", "2", "2", "y", "n", "5", "n", "y", "q")
		if got := l.record(t, id); got.State != engine.StateRevoked || got.Why != engine.CardWithdrawn {
			t.Errorf("the card is %s (%s)", got.State, got.Why)
		}
		l.goldenPlain(t, "life-03-cleaned", "left", "ada love", "1", "3", "1", "y", "q")
		if got := l.record(t, id).State; got != engine.StateClean {
			t.Errorf("the card is %s", got)
		}
	})
}

// In lines an issued card is emptied with its PIN.
func TestPlainUnassign(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, l *lobby) {
		l.goldenPlain(t, "life-04-emptied", engine.Finished, "ada love", "1", "5", "3", "y", testPIN)
		if got := l.record(t, "yubikey-712233"); got.State != engine.StateClean || got.User.ID != "" {
			t.Errorf("the record is %+v", got)
		}
	})
}
