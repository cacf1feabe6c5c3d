package words_test

import (
	"path/filepath"
	"strings"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// Every event has its letter: for the card's holder, and for somebody else who
// is told.
func TestGoldenLetters(t *testing.T) {
	letters, err := words.OpenLetters("")
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range words.LetterEvents() {
		t.Run(string(event), func(t *testing.T) {
			l := words.SampleLetter(event)
			whole := letterIn(t, letters, l)
			if l.Notice.User.Mail != "" {
				l.To = "manager@example.org"
				whole += "\n--- to others ---\n" + letterIn(t, letters, l)
			}
			golden(t, filepath.Join("letters", strings.ReplaceAll(string(event), " ", "-")+".golden"), whole)
		})
	}
}

func letterIn(t *testing.T, letters *words.Letters, l engine.Letter) string {
	t.Helper()
	m, err := letters.Write("en", l)
	if err != nil {
		t.Fatal(err)
	}
	return "Subject: " + m.Subject + "\n\n" + m.Text
}

// Whoever is not the holder is never called so, and is told whose card it is;
// and what every letter must say, it says.
func TestLettersToOthers(t *testing.T) {
	letters, err := words.OpenLetters("")
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range engine.NoticeEvents() {
		l := words.SampleLetter(event)
		l.To = "manager@example.org"
		for _, l := range []engine.Letter{l, inSelfService(l)} {
			m, err := letters.Write("en", l)
			if err != nil {
				t.Fatal(err)
			}
			for _, body := range []string{m.Subject, m.Text, m.HTML} {
				for _, not := range []string{"your", "Your", "yours", "yourself", "to you ", "of you "} {
					if strings.Contains(body, not) {
						t.Errorf("%s: %q is in a letter to somebody else:\n%s", event, not, body)
					}
				}
				for _, want := range []string{l.Notice.User.Name, words.English.Serial(l.Notice.Card)} {
					if !strings.Contains(body, want) {
						t.Errorf("%s: %q is not in\n%s", event, want, body)
					}
				}
			}
			if !strings.Contains(m.Text, string(l.Notice.Run)) {
				t.Errorf("%s: the run's number is not in\n%s", event, m.Text)
			}
		}
	}
}

func inSelfService(l engine.Letter) engine.Letter {
	if l.Notice.Actor.Who != "" {
		l.Notice.Actor.Mode = engine.SelfService
	}
	return l
}
