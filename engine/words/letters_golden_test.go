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
		for lang, folder := range map[string]string{"en": "letters", "de": filepath.Join("letters", "de")} {
			t.Run(lang+" "+string(event), func(t *testing.T) {
				l := words.SampleLetter(event)
				whole := letterInto(t, letters, lang, l)
				if l.Notice.User.Mail != "" {
					l.To = "manager@example.org"
					whole += "\n--- to others ---\n" + letterInto(t, letters, lang, l)
				}
				golden(t, filepath.Join(folder, strings.ReplaceAll(string(event), " ", "-")+".golden"), whole)
			})
		}
	}
}

func letterIn(t *testing.T, letters *words.Letters, l engine.Letter) string {
	t.Helper()
	return letterInto(t, letters, "en", l)
}

func letterInto(t *testing.T, letters *words.Letters, lang string, l engine.Letter) string {
	t.Helper()
	m, err := letters.Write(lang, l)
	if err != nil {
		t.Fatal(err)
	}
	return "Subject: " + m.Subject + "\n\n" + m.Text
}

// What is not the holder's is not called so in German either.
func TestGermanLettersToOthers(t *testing.T) {
	letters, err := words.OpenLetters("")
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range engine.NoticeEvents() {
		l := words.SampleLetter(event)
		l.To = "manager@example.org"
		for _, l := range []engine.Letter{l, inSelfService(l)} {
			m, err := letters.Write("de", l)
			if err != nil {
				t.Fatal(err)
			}
			for _, body := range []string{m.Subject, m.Text, m.HTML} {
				for _, not := range []string{"Ihre Karte", "Ihnen selbst", "Melden Sie sich", "über Sie"} {
					if strings.Contains(body, not) {
						t.Errorf("%s: %q is in a letter to somebody else:\n%s", event, not, body)
					}
				}
				if !strings.Contains(body, words.German.Serial(l.Notice.Card)) || !strings.Contains(body, l.Notice.User.Name) {
					t.Errorf("%s: card or holder is not in\n%s", event, body)
				}
			}
		}
	}
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

// A card that was lost, or that somebody else may use, is said to have lost its
// certificates; why it was revoked is said in words.
func TestLetterRevoked(t *testing.T) {
	letters, err := words.OpenLetters("")
	if err != nil {
		t.Fatal(err)
	}
	for reason, says := range map[engine.CardRevokeReason][2]string{
		engine.CardLost:        {"was revoked: it was lost.", "were revoked at the CA"},
		engine.CardBroken:      {"was revoked: it is broken.", "may be revoked at the CA"},
		engine.CardCompromised: {"was revoked: somebody else may be able to use it.", "were revoked at the CA"},
		engine.CardLeft:        {"was revoked: its holder has left.", "may be revoked at the CA"},
		engine.CardWithdrawn:   {"was revoked: it was withdrawn.", "may be revoked at the CA"},
		"":                     {"was revoked.", "may be revoked at the CA"},
	} {
		l := words.SampleLetter(engine.NoticeRevoked)
		l.Notice.Reason = reason
		for _, want := range says {
			if got := letterIn(t, letters, l); !strings.Contains(got, want) {
				t.Errorf("%q: %q is not in\n%s", reason, want, got)
			}
		}
	}
	if n := len(engine.CardRevokeReasons()); n != 5 {
		t.Errorf("%d reasons", n)
	}
}

// Whether the card works meanwhile is never left open, and never told wrongly.
func TestLetterWorks(t *testing.T) {
	letters, err := words.OpenLetters("")
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range []engine.NoticeEvent{engine.UpdatePending, engine.UpdateApproved, engine.UpdateRejected, engine.UpdateFailed} {
		for _, works := range []bool{true, false} {
			l := words.SampleLetter(event)
			l.Notice.Works = works
			got := strings.Join(strings.Fields(letterIn(t, letters, l)), " ")
			if says := strings.Contains(got, "works as before"); says != works {
				t.Errorf("%s: works %t, and the letter says\n%s", event, works, got)
			}
			if says := strings.Contains(got, "not do all that it did before"); says == works {
				t.Errorf("%s: works %t, and the letter says\n%s", event, works, got)
			}
		}
	}
}

// Whatever became of an update, and of every kind of trouble, it is said in
// words.
func TestLetterTrouble(t *testing.T) {
	letters, err := words.OpenLetters("")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range engine.Kinds() {
		l := words.SampleLetter(engine.UpdateFailed)
		l.Notice.Trouble = kind
		if got, want := letterIn(t, letters, l), "What happened: "+words.English.Troubles[kind].Title+"."; !strings.Contains(got, want) {
			t.Errorf("kind %d: %q is not in\n%s", kind, want, got)
		}
	}
}
