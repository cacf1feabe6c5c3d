package words

import (
	"html"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
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

// The HTML says what the text says, word for word, whatever is told to whom.
func TestLetterHTMLSaysTheSame(t *testing.T) {
	letters := openLetters(t, "")
	for lang, text := range letterTexts {
		for _, event := range LetterEvents() {
			for _, sample := range text.letterSamples(event) {
				m, err := letters.byName[lang+"/"+letterName(event)].write(sample)
				if err != nil {
					t.Fatal(err)
				}
				sayTheSame(t, lang+" "+string(event), m)
			}
		}
	}
}

func sayTheSame(t *testing.T, which string, m Message) {
	t.Helper()
	_, body, _ := strings.Cut(m.HTML, "<body")
	body = html.UnescapeString(regexp.MustCompile(`<[^>]*>|^[^>]*>`).ReplaceAllString(body, " "))
	if got, want := letterWords(body), letterWords(m.Text); !reflect.DeepEqual(got, want) {
		t.Errorf("%s: HTML says\n%q\nand the text\n%q", which, got, want)
	}
}

// There are letters in every language of the screen.
func TestLettersInEveryLanguage(t *testing.T) {
	for _, l := range Languages() {
		if letterTexts[l.Code] != l.Text {
			t.Errorf("there are no letters in %s", l.Name)
		}
	}
	if len(letterTexts) != len(Languages()) {
		t.Errorf("letters are in %d languages, the screen in %d", len(letterTexts), len(Languages()))
	}
}

// letterWords leaves out what stands for the layout: numbers and dashes of
// lists, colons of tables.
func letterWords(s string) []string {
	s = regexp.MustCompile(`(?m)^  (-|\d\.) |:`).ReplaceAllString(s, " ")
	s = regexp.MustCompile(`\s+([,.)])`).ReplaceAllString(s, "$1")
	return strings.Fields(s)
}

// Words from outside change neither the lines of a letter nor its HTML, and
// cannot make it endless, wherever they stand in a notice.
func TestLetterHostileWords(t *testing.T) {
	hostile := map[string]string{
		"header":   "Eve\r\nBcc: x@example.org",
		"markup":   `<script>alert(1)</script> & "`,
		"template": `{{template "foot" .}}{{.Run}}`,
		"override": "Eve \u202egnp.exe\u2066",
		"escape":   "\x1b]0;owned\a\x00",
		"binary":   "\xff\xfe",
		"long":     strings.Repeat("ü", 5000),
	}
	letters := openLetters(t, "")
	for name, words := range hostile {
		for _, event := range LetterEvents() {
			t.Run(name+" in "+string(event), func(t *testing.T) {
				plain, l := SampleLetter(event), SampleLetter(event)
				said := poison(reflect.ValueOf(&l.Notice).Elem(), words)
				l.To = l.Notice.User.Mail
				l.Notice.Card.Serial = "" // a number is written otherwise
				if said == 0 {
					t.Fatal("no words were put in")
				}
				checkHostile(t, writeTo(t, letters, plain), writeTo(t, letters, l))
			})
		}
	}
}

func checkHostile(t *testing.T, plain, m Message) {
	t.Helper()
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
		if len(body) > 15_000 {
			t.Errorf("%d bytes", len(body))
		}
	}
	if got, want := htmlTags(m.HTML), htmlTags(plain.HTML); !reflect.DeepEqual(got, want) {
		t.Errorf("tags are %q, not %q", got, want)
	}
}

// poison puts words wherever a notice has words of others, and counts where. Its
// own words, such as states and reasons, have types of their own. No two places
// become the same: that would mean something.
func poison(v reflect.Value, words string) (n int) {
	var at func(v reflect.Value)
	at = func(v reflect.Value) {
		switch v.Interface().(type) {
		case time.Time:
		case string, engine.RunID, engine.CardID, engine.UserID:
			if v.String() != "" {
				v.SetString(words)
				n++
			}
		case engine.Place:
			if v.String() != "" {
				v.SetString(words + v.String())
				n++
			}
		default:
			switch v.Kind() { //nolint:exhaustive // the kinds a Notice is made of
			case reflect.Struct:
				for i := range v.NumField() {
					at(v.Field(i))
				}
			case reflect.Slice:
				for i := range v.Len() {
					at(v.Index(i))
				}
			}
		}
	}
	at(v)
	return n
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
	if ours := writeLetter(t, openLetters(t, ""), updateNotice()); m.Text != ours.Text || strings.ReplaceAll(m.HTML, m.Subject, ours.Subject) != ours.HTML {
		t.Error("text or HTML are not ours")
	}
}

// What all letters share is changed in one place: a part of the administrator's
// stands in every letter. A letter that defines it anew has its own.
func TestLetterParts(t *testing.T) {
	folder := lettersFolder(t, "foot.text.tmpl", "Help desk: 4711\n")
	own := `{{define "foot"}}Nobody helps{{end}}{{template "foot" .}}`
	if err := os.WriteFile(filepath.Join(folder, "en", "update-failed.text.tmpl"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	letters, ours := openLetters(t, folder), openLetters(t, "")
	for _, event := range engine.NoticeEvents() {
		l := SampleLetter(event)
		m := writeTo(t, letters, l)
		if m.HTML != writeTo(t, ours, l).HTML {
			t.Errorf("%s: the HTML has changed too", event)
		}
		if event == engine.UpdateFailed {
			if m.Text != "Nobody helps" {
				t.Errorf("a part that is defined anew says %q", m.Text)
			}
		} else if strings.Count(m.Text, "\n\nHelp desk: 4711\n") != 1 {
			t.Errorf("%s: the part is not in\n%s", event, m.Text)
		}
	}
}

// A request is in one list only: news, or what it is. Where none is marked as
// news, the event tells which are.
func TestLetterRequests(t *testing.T) {
	request := func(name string, state engine.RequestState, news bool) engine.NoticeRequest {
		return engine.NoticeRequest{Template: name, State: state, News: news}
	}
	all := []engine.NoticeRequest{
		request("p", engine.RequestPending, false), request("a", engine.RequestApproved, false), request("b", engine.RequestApproved, false),
		request("r", engine.RequestRejected, false), request("w", engine.RequestWithdrawn, false), request("i", engine.RequestIssued, false),
	}
	names := func(list []LetterRequest) (s string) {
		for _, r := range list {
			s += r.Template
		}
		return s
	}
	for _, c := range []struct {
		event engine.NoticeEvent
		news  int // which one is marked; -1: none
		want  string
	}{
		{engine.UpdatePending, -1, "p||ab|r|w"},
		{engine.UpdateApproved, -1, "ab|p||r|w"},
		{engine.UpdateApproved, 2, "b|p|a|r|w"},
		{engine.UpdateRejected, -1, "r|p|ab||w"},
		{engine.UpdateCancelled, -1, "|p|ab|r|w"},
		{engine.UpdateCancelled, 4, "|p|ab|r|w"},
		{engine.ApprovalOverdue, -1, "p||ab|r|w"},
		{engine.ApprovalLapsed, -1, "abw|p||r|"},
		{engine.ApprovalLapsed, 4, "w|p|ab|r|"},
	} {
		n := engine.Notice{Event: c.event, Requests: slices.Clone(all)}
		if c.news >= 0 {
			n.Requests[c.news].News = true
		}
		f := English.letterFields(engine.Letter{Notice: n})
		got := strings.Join([]string{names(f.News), names(f.Waiting), names(f.Approved), names(f.Rejected), names(f.Withdrawn)}, "|")
		if got != c.want {
			t.Errorf("%s, news %d: %s, want %s", c.event, c.news, got, c.want)
		}
	}
}

// Templates that cannot work are refused at start, with file and line.
func TestLettersRefused(t *testing.T) {
	for name, c := range map[string]struct{ file, template, say string }{
		"syntax":             {"update-done.text.tmpl", "Hello\n{{if}}\n", "update-done.text.tmpl:2"},
		"syntax in HTML":     {"update-done.html.tmpl", "<p>\n\n{{.Name}\n", "update-done.html.tmpl:3"},
		"unknown field":      {"update-done.text.tmpl", "Hello\n{{.Nickname}}\n", "update-done.text.tmpl:2:2"},
		"unknown, no first":  {"update-done.text.tmpl", "{{if not .First}}{{if not .Operator}}{{.Nickname}}{{end}}{{end}}", "can't evaluate field Nickname"},
		"unknown, in list":   {"update-done.html.tmpl", "{{range .Kept}}{{.Issuer}}{{end}}", "can't evaluate field Issuer"},
		"HTML context":       {"update-done.html.tmpl", "<p>\n<script>{{if .First}}'{{end}}</script>", "update-done.html.tmpl:2"},
		"two subjects":       {"update-done.subject.tmpl", "Hello\n{{.Name}}", "update-done.subject.tmpl: the subject is not one line"},
		"no subject":         {"update-done.subject.tmpl", "{{with .Name}}{{.}}{{end}}", "update-done.subject.tmpl: the subject is not one line"},
		"encoding":           {"update-done.text.tmpl", "Gr\xfc\xdfe", "update-done.text.tmpl: the file is not UTF-8"},
		"field of lists":     {"update-approved.text.tmpl", "{{range .News}}\n{{.Place}}{{end}}", "update-approved.text.tmpl:2:2"},
		"rare reason":        {"card-revoked.html.tmpl", `{{if eq .Reason "withdrawn"}}{{.Why}}{{end}}`, "can't evaluate field Why"},
		"of the others":      {"card-enabled.text.tmpl", "{{if not .ToHolder}}{{.Nickname}}{{end}}", "can't evaluate field Nickname"},
		"part":               {"foot.text.tmpl", "Hello\n{{.Nickname}}", "foot.text.tmpl:2:2"},
		"part of HTML":       {"foot.html.tmpl", "Hello\n{{.Nickname}}", "foot.html.tmpl:2:2"},
		"syntax of a part":   {"end.html.tmpl", "Hello\n\n{{end}}", "end.html.tmpl:3"},
		"no such part":       {"update-done.text.tmpl", "Hello\n{{template \"feet\" .}}", "update-done.text.tmpl:2"},
		"no such HTML part":  {"update-done.html.tmpl", "Hello\n{{template \"feet\" .}}", "update-done.html.tmpl:2"},
		"encoding of a part": {"card.html.tmpl", "\xff", "card.html.tmpl: the file is not UTF-8"},
		"part of subjects":   {"foot.subject.tmpl", "Hello", "foot.subject.tmpl: no letter"},
		"part as no part":    {"feet.text.tmpl", "Hello", "feet.text.tmpl: no letter"},
		"mistyped name":      {"update_done.text.tmpl", "Hello", "update_done.text.tmpl: no letter"},
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
	if m, err := l.Write("tlh", toHolder(updateNotice())); !engine.Is(err, engine.BadInput) {
		t.Errorf("an unknown language gives %v, %v", m, err)
	}
	n := updateNotice()
	n.Event = "moon rises"
	if m, err := l.Write("en", toHolder(n)); err == nil {
		t.Errorf("an unknown event gives %v", m)
	}
}

// FIELDS.md tells administrators exactly the fields there are, in the order in
// which they stand in the code.
func TestLetterFieldsDocumented(t *testing.T) {
	text := fieldsDocument(t)
	parts := strings.Split(text, "\nInside `{{range ")
	inside := map[string]reflect.Type{"": reflect.TypeFor[LetterFields]()}
	for field := range reflect.TypeFor[LetterFields]().Fields() {
		if field.Type.Kind() == reflect.Slice {
			inside[field.Name] = field.Type.Elem()
		}
	}
	for name, shape := range inside {
		var told, are []string
		part := parts[0]
		for _, p := range parts[1:] {
			heading, _, _ := strings.Cut(p, "\n")
			if name != "" && strings.Contains("{{range "+heading, "{{range ."+name+"}}") {
				part = p
			}
		}
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

// FIELDS.md tells of each event which fields it has: those that its samples
// fill, and no template of ours asks for another.
func TestLetterEventsDocumented(t *testing.T) {
	always := []string{"Subject", "ToHolder", "Name", "Card", "CardModel", "At", "Station", "Operator", "BySelf", "Run"}
	text := fieldsDocument(t)
	told := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| ([a-z ]+) \\| `en/([a-z-]+)\\.…` \\| [^|]+ \\|([^|]*)\\|$").FindAllStringSubmatch(text, -1) {
		if row[2] != letterName(engine.NoticeEvent(row[1])) {
			t.Errorf("the files of %q are not %s", row[1], row[2])
		}
		told[row[1]] = strings.TrimSpace(row[3])
	}
	if len(told) != len(LetterEvents()) {
		t.Errorf("FIELDS.md tells of %d events, there are %d", len(told), len(LetterEvents()))
	}
	for _, event := range LetterEvents() {
		filled := map[string]bool{}
		for _, n := range sampleNotices(event) {
			f := reflect.ValueOf(English.letterFields(engine.Letter{To: n.User.Mail, Notice: n}))
			for field, v := range f.Fields() {
				if !v.IsZero() {
					filled[field.Name] = true
				}
			}
		}
		var are []string
		for field := range reflect.TypeFor[LetterFields]().Fields() {
			if filled[field.Name] && !slices.Contains(always, field.Name) {
				are = append(are, "`."+field.Name+"`")
			}
		}
		if want := strings.Join(are, " "); told[string(event)] != want {
			t.Errorf("%s: FIELDS.md tells the fields %q, its letters have %q", event, told[string(event)], want)
		}
		onlyAsks(t, event, filled, always)
	}
}

// onlyAsks fails when a template of an event asks for a field that no such
// letter has.
func onlyAsks(t *testing.T, event engine.NoticeEvent, filled map[string]bool, always []string) {
	t.Helper()
	for _, file := range filesOf(event) {
		text, err := ownLetters.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`[{( ]\.([A-Z][A-Za-z]*)`).FindAllStringSubmatch(string(text), -1) {
			_, ofLetter := reflect.TypeFor[LetterFields]().FieldByName(m[1])
			_, ofChange := reflect.TypeFor[LetterChange]().FieldByName(m[1])
			if ofLetter && !ofChange && !filled[m[1]] && !slices.Contains(always, m[1]) {
				t.Errorf("%s asks for .%s, which no such letter has", file, m[1])
			}
		}
	}
}

// filesOf are the templates of an event's letter in every language.
func filesOf(event engine.NoticeEvent) (all []string) {
	for _, lang := range LetterLanguages() {
		for _, ending := range []string{subjectEnding, textEnding, htmlEnding} {
			all = append(all, "letters/"+lang+"/"+letterName(event)+ending)
		}
	}
	return all
}

// FIELDS.md tells of every part that letters share.
func TestLetterPartsDocumented(t *testing.T) {
	text := fieldsDocument(t)
	var told []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| (text|HTML|both) \\|").FindAllStringSubmatch(text, -1) {
		told = append(told, row[1]+" "+row[2])
	}
	var are []string
	for _, name := range htmlParts {
		in := "HTML"
		if slices.Contains(textParts, name) {
			in = "both"
		}
		are = append(are, name+" "+in)
	}
	for _, name := range textParts {
		if !slices.Contains(htmlParts, name) {
			are = append(are, name+" text")
		}
	}
	slices.Sort(told)
	slices.Sort(are)
	if !slices.Equal(told, are) {
		t.Errorf("FIELDS.md tells the parts\n%q\nthere are\n%q", told, are)
	}
}

// What is embedded is used: a file that no letter is made from is a mistyped one
// of ours.
func TestLettersHaveNoStrays(t *testing.T) {
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("letters")); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLetters(folder); err != nil {
		t.Error(err)
	}
}

func fieldsDocument(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("letters/FIELDS.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
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

func toHolder(n engine.Notice) engine.Letter { return engine.Letter{To: n.User.Mail, Notice: n} }

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
	return writeTo(t, l, toHolder(n))
}

func writeTo(t *testing.T, l *Letters, about engine.Letter) Message {
	t.Helper()
	m, err := l.Write("en", about)
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

// The letter of a task to cancel an update says that, and not that the card was
// updated.
func TestLetterOfACancellingTask(t *testing.T) {
	n := updateNotice()
	n.Event, n.Cancels, n.Written, n.Removed, n.Actor.Mode = engine.TaskCompleted, true, nil, nil, engine.Agent
	m := writeLetter(t, openLetters(t, ""), n)
	for _, body := range []string{m.Text, m.HTML} {
		if !strings.Contains(body, "that waited was cancelled") || strings.Contains(body, "update that was left") || !strings.Contains(body, "yourself") {
			t.Errorf("not a letter about a cancelled update:\n%s", body)
		}
	}
}
