package words

import (
	"html"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
)

// A holder reads what changed, what to do next, and whom to ask.
func TestLetterUpdate(t *testing.T) {
	m := writeLetter(t, openLetters(t, ""), updateNotice())
	want := `Hello Zoë Müller,

your card 1023 4567 was updated.

New on the card:
  - Logon, valid until 22 Nov 2027

No longer on the card:
  - Mail (mail encrypted with it can no longer be opened)
  - a key in 9E that had no certificate

As before:
  - Door

What to do now:
  1. Take the card out of the reader and put it in again.
  2. Sign in once on the company network with the card, before you use it
     where there is no network.

You did not expect this letter? Tell your help desk at once, and name this
number: 4f5e1c

Card:   1023 4567 (YubiKey 5.7.1)
When:   22 Nov 2026, 14:05
Where:  Lobby
By:     jdoe
`
	if m.Text != want {
		t.Errorf("text is\n%s\nnot\n%s", m.Text, want)
	}
	if want := "Your card 1023 4567 was updated"; m.Subject != want {
		t.Errorf("subject is %q, not %q", m.Subject, want)
	}
}

// A first issue says that the card is ready, and lists nothing that went. A
// holder who did it sees no operator's name.
func TestLetterFirst(t *testing.T) {
	n := updateNotice()
	n.First, n.Removed, n.Kept, n.Actor.Mode = true, nil, nil, engine.SelfService
	m := writeLetter(t, openLetters(t, ""), n)
	if want := "Your card 1023 4567 is ready"; m.Subject != want {
		t.Errorf("subject is %q, not %q", m.Subject, want)
	}
	for _, body := range []string{m.Text, m.HTML} {
		if !strings.Contains(body, "ready for use") || !strings.Contains(body, "yourself") {
			t.Errorf("not a letter about a first issue:\n%s", body)
		}
		for _, not := range []string{"jdoe", "No longer", "As before"} {
			if strings.Contains(body, not) {
				t.Errorf("%q is in the letter:\n%s", not, body)
			}
		}
	}
}

// The HTML says what the text says, word for word.
func TestLetterHTMLSaysTheSame(t *testing.T) {
	for _, sample := range letterSamples() {
		m, err := openLetters(t, "").byName["en/update-done"].write(sample)
		if err != nil {
			t.Fatal(err)
		}
		_, body, _ := strings.Cut(m.HTML, "<body")
		body = html.UnescapeString(regexp.MustCompile(`<[^>]*>|^[^>]*>`).ReplaceAllString(body, " "))
		if got, want := letterWords(body), letterWords(m.Text); !reflect.DeepEqual(got, want) {
			t.Errorf("HTML says\n%q\nand the text\n%q", got, want)
		}
	}
}

// letterWords leaves out what stands for the layout: numbers and dashes of
// lists, colons of tables.
func letterWords(s string) []string {
	s = regexp.MustCompile(`(?m)^  (-|\d\.) |:`).ReplaceAllString(s, " ")
	s = regexp.MustCompile(`\s([,.)])`).ReplaceAllString(s, "$1")
	return strings.Fields(s)
}

// Words from outside change neither the lines of a letter nor its HTML, and
// cannot make it endless.
func TestLetterHostileWords(t *testing.T) {
	hostile := map[string]string{
		"header":   "Eve\r\nBcc: x@example.org",
		"markup":   `<script>alert(1)</script> & "`,
		"override": "Eve \u202egnp.exe\u2066",
		"escape":   "\x1b]0;owned\a\x00",
		"binary":   "\xff\xfe",
		"long":     strings.Repeat("ü", 5000),
	}
	for name, words := range hostile {
		t.Run(name, func(t *testing.T) {
			n := updateNotice()
			plain := writeLetter(t, openLetters(t, ""), n)
			n.User.Name, n.Actor.Station, n.Actor.Who, n.Card.Model = words, words, words, words
			n.Card.Serial, n.Card.ID, n.Run = "", engine.CardID(words), engine.RunID(words)
			n.Written[0].Template, n.Removed[0].Title, n.Kept[0].Title = words, words, words
			m := writeLetter(t, openLetters(t, ""), n)
			if engine.Clean(m.Subject) != m.Subject {
				t.Errorf("subject is %q", m.Subject)
			}
			if got, want := strings.Count(m.Text, "\n"), strings.Count(plain.Text, "\n"); got != want {
				t.Errorf("the text has %d lines, not %d", got, want)
			}
			for _, body := range []string{m.Text, m.HTML} {
				if line := strings.ReplaceAll(body, "\n", ""); engine.Clean(line) != line {
					t.Errorf("control characters in %q", body)
				}
				if len(body) > 10_000 {
					t.Errorf("%d bytes", len(body))
				}
			}
			if got, want := htmlTags(m.HTML), htmlTags(plain.HTML); !reflect.DeepEqual(got, want) {
				t.Errorf("tags are %q, not %q", got, want)
			}
		})
	}
}

func htmlTags(s string) []string { return regexp.MustCompile(`<[^>]*>`).FindAllString(s, -1) }

// Scripts of every direction and emoji reach the holder as they are.
func TestLetterForeignNames(t *testing.T) {
	n := updateNotice()
	n.User.Name = "משה 🎉 Ōkubo"
	m := writeLetter(t, openLetters(t, ""), n)
	for _, body := range []string{m.Text, m.HTML} {
		if !strings.Contains(body, "Hello "+n.User.Name+",") {
			t.Errorf("the name is not in\n%s", body)
		}
	}
}

// A certificate that was lost for a while and written in the same update is
// new, not gone. If the CA refused the new one, it is gone.
func TestLetterReplaced(t *testing.T) {
	n := updateNotice()
	n.Removed = []engine.Loss{{Place: "9a", Title: "Logon", Why: engine.LostInPlace, KeyToo: true}}
	if m := writeLetter(t, openLetters(t, ""), n); strings.Contains(m.Text, "No longer") {
		t.Errorf("a replaced certificate is told as gone:\n%s", m.Text)
	}
	n.Written = nil
	if m := writeLetter(t, openLetters(t, ""), n); !strings.Contains(m.Text, "No longer on the card:\n  - Logon\n") {
		t.Errorf("a lost certificate is not told:\n%s", m.Text)
	}
}

// An administrator's templates replace ours one by one.
func TestLettersFolder(t *testing.T) {
	folder := lettersFolder(t, "update-done.subject.tmpl", "\ufeffRe {{.Name}}\r\n")
	if err := os.WriteFile(filepath.Join(folder, "en", "update-done.text.tmpl~"), []byte("{{"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := writeLetter(t, openLetters(t, folder), updateNotice())
	if m.Subject != "Re Zoë Müller" {
		t.Errorf("subject is %q", m.Subject)
	}
	if ours := writeLetter(t, openLetters(t, ""), updateNotice()); m.Text != ours.Text || m.HTML != ours.HTML {
		t.Error("text or HTML are not ours")
	}
}

// Templates that cannot work are refused at start, with file and line.
func TestLettersRefused(t *testing.T) {
	for name, c := range map[string]struct{ file, template, say string }{
		"syntax":            {"update-done.text.tmpl", "Hello\n{{if}}\n", "update-done.text.tmpl:2"},
		"syntax in HTML":    {"update-done.html.tmpl", "<p>\n\n{{.Name}\n", "update-done.html.tmpl:3"},
		"unknown field":     {"update-done.text.tmpl", "Hello\n{{.Nickname}}\n", "update-done.text.tmpl:2:2"},
		"unknown, no first": {"update-done.text.tmpl", "{{if not .First}}{{if not .Operator}}{{.Nickname}}{{end}}{{end}}", "can't evaluate field Nickname"},
		"unknown, in list":  {"update-done.html.tmpl", "{{range .Kept}}{{.Issuer}}{{end}}", "can't evaluate field Issuer"},
		"HTML context":      {"update-done.html.tmpl", "<p>\n<script>{{if .First}}'{{end}}</script>", "update-done.html.tmpl:2"},
		"two subjects":      {"update-done.subject.tmpl", "Hello\n{{.Name}}", "update-done.subject.tmpl: the subject is not one line"},
		"no subject":        {"update-done.subject.tmpl", "{{with .Name}}{{.}}{{end}}", "update-done.subject.tmpl: the subject is not one line"},
		"encoding":          {"update-done.text.tmpl", "Gr\xfc\xdfe", "update-done.text.tmpl: the file is not UTF-8"},
		"mistyped name":     {"update_done.text.tmpl", "Hello", "update_done.text.tmpl: no letter"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := lettersFolder(t, c.file, c.template)
			_, err := OpenLetters(folder)
			if !engine.Is(err, engine.BadInput) {
				t.Fatalf("error is %v", err)
			}
			for _, part := range []string{filepath.Join(folder, "en", c.file), c.say} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is not in %q", part, err)
				}
			}
		})
	}
}

// A folder that is not there, or a language nobody speaks, is refused too.
func TestLettersFolderRefused(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	if _, err := OpenLetters(missing); !engine.Is(err, engine.BadInput) || !strings.Contains(err.Error(), missing) {
		t.Errorf("error is %v", err)
	}
	folder := t.TempDir()
	tlh := filepath.Join(folder, "tlh", "update-done.text.tmpl")
	if err := os.MkdirAll(filepath.Dir(tlh), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(tlh, []byte("nuqneH"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLetters(folder); !engine.Is(err, engine.BadInput) || !strings.Contains(err.Error(), tlh) {
		t.Errorf("error is %v", err)
	}
}

// What there is no template for is an error, not an empty letter.
func TestLettersUnknown(t *testing.T) {
	l := openLetters(t, "")
	if m, err := l.Write("tlh", updateNotice()); !engine.Is(err, engine.BadInput) {
		t.Errorf("an unknown language gives %v, %v", m, err)
	}
	n := updateNotice()
	n.Event = "moon rises"
	if m, err := l.Write("en", n); err == nil {
		t.Errorf("an unknown event gives %v", m)
	}
}

// FIELDS.md tells administrators exactly the fields there are.
func TestLetterFieldsDocumented(t *testing.T) {
	text, err := os.ReadFile("letters/FIELDS.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), "\nInside `{{range ")
	for name, shape := range map[string]reflect.Type{
		"":        reflect.TypeFor[LetterFields](),
		"Written": reflect.TypeFor[LetterCertificate](),
		"Removed": reflect.TypeFor[LetterLoss](),
		"Kept":    reflect.TypeFor[LetterStay](),
	} {
		part := parts[0]
		for _, p := range parts[1:] {
			if name != "" && strings.HasPrefix(p, "."+name+"}}") {
				part = p
			}
		}
		var told, are []string
		for _, row := range regexp.MustCompile("(?m)^\\| `\\.([A-Za-z]+)` \\|").FindAllStringSubmatch(part, -1) {
			told = append(told, row[1])
		}
		for field := range shape.Fields() {
			are = append(are, field.Name)
		}
		if !reflect.DeepEqual(told, are) {
			t.Errorf("%s: FIELDS.md tells %q, there are %q", shape, told, are)
		}
	}
}

func updateNotice() engine.Notice {
	at := time.Date(2026, 11, 22, 14, 5, 0, 0, time.Local)
	return engine.Notice{
		Event: engine.UpdateDone, User: engine.UserRef{ID: "u1", Name: "Zoë Müller", Logon: "zmueller", Mail: "zoe@example.org"},
		Card: engine.Identity{ID: "yubikey-10234567", Serial: "10234567", Model: "YubiKey 5.7.1"}, Run: "4f5e1c",
		Actor: engine.Actor{Who: "jdoe", Station: "Lobby", Mode: engine.Operator}, At: at,
		Written: []engine.Managed{{Template: "Logon", Place: "9a", Issuer: "Example CA", NotAfter: at.AddDate(1, 0, 0)}},
		Removed: []engine.Loss{
			{Place: "9d", Title: "Mail", Why: engine.LostCleared, KeyToo: true, History: true},
			{Place: "9e", Title: "?", Why: engine.LostStrayKey, KeyToo: true},
		},
		Kept: []engine.Stay{{Place: "82", Title: "Door", Group: engine.GroupThirdParty}},
	}
}

func openLetters(t *testing.T, folder string) *Letters {
	t.Helper()
	l, err := OpenLetters(folder)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func writeLetter(t *testing.T, l *Letters, n engine.Notice) Message {
	t.Helper()
	m, err := l.Write("en", n)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// lettersFolder makes a folder with one English template.
func lettersFolder(t *testing.T, file, template string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "en"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "en", file), []byte(template), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}
