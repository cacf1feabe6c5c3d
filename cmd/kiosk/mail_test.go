package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/engine/store"
	"cardkiosk/engine/words"
)

// Every event can be looked at, as the holder gets the letter and as others do,
// under the name that policies have for it, and under that of its files.
func TestMailPreview(t *testing.T) {
	letters, err := words.OpenLetters("")
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range words.LetterEvents() {
		file := strings.ReplaceAll(string(event), " ", "-")
		whole := fromTop(t, "testdata/letters/"+file+".golden")
		toHolder, toOthers, both := strings.Cut(whole, "\n--- to others ---\n")
		if !both {
			toOthers = toHolder
		}
		for _, c := range []struct {
			cmd  mailPreviewCmd
			want string
		}{
			{mailPreviewCmd{Event: strings.Fields(string(event))}, toHolder},
			{mailPreviewCmd{Event: []string{file}, ToOthers: true}, toOthers},
		} {
			c.cmd.Language = "en"
			asked, err := c.cmd.event()
			if err != nil || asked != event {
				t.Fatalf("%v is %q, %v", c.cmd.Event, asked, err)
			}
			var out bytes.Buffer
			if err := c.cmd.preview(letters, asked, &out, io.Discard); err != nil || out.String() != c.want {
				t.Errorf("%+v: %v\n%s\nwant\n%s", c.cmd, err, &out, c.want)
			}
		}
	}
}

// The program shows the administrator's own templates, text or HTML; what it
// cannot show it says, with what there is.
func TestMailPreviewProgram(t *testing.T) {
	kioskProgram(t) // is built from here: the test goes elsewhere
	sound := configFolder(t)
	writeText(t, "config.toml", strings.Replace(sound, "[mail]\n", "[mail]\nletters = \"own\"\n", 1))
	if err := os.MkdirAll("own/en", 0o700); err != nil {
		t.Fatal(err)
	}
	writeText(t, "own/en/foot.text.tmpl", "Help desk: 4711\n")
	program := func(args ...string) (out, errs string, code int) { return runKiosk(t, args...) }
	out, errs, code := program("mail", "preview", "update", "pending")
	if code != exitDone || errs != "" || !strings.HasPrefix(out, "Subject: Your card 1023 4567: ") || !strings.Contains(out, "Help desk: 4711") {
		t.Errorf("code %d\n%s\n%s", code, out, errs)
	}
	out, errs, code = program("mail", "preview", "card revoked", "--html", "--to-others")
	if code != exitDone || errs != "Subject: Card 1023 4567 of Zoë Müller was revoked\n" || !strings.HasPrefix(out, "<!DOCTYPE html>") || !strings.HasSuffix(out, "</html>\n") {
		t.Errorf("code %d\n%s\n%s", code, out, errs)
	}
	for _, c := range []struct {
		args []string
		say  []string
	}{
		{[]string{"update", "pendign"}, append([]string{`did you mean "update pending"?`}, letterEvents()...)},
		{[]string{"moonrise"}, append([]string{`there is no event "moonrise"; there are: update done, `}, letterEvents()...)},
		{[]string{"update", "done", "--language", "tlh"}, []string{"tlh", "there are: de, en"}},
		{nil, []string{"<event>", "kiosk mail preview --help"}},
	} {
		_, errs, code := program(append([]string{"mail", "preview"}, c.args...)...)
		if code != exitUsage {
			t.Errorf("%v: code %d", c.args, code)
		}
		for _, want := range c.say {
			if !strings.Contains(errs, want) {
				t.Errorf("%v: %q is not in %q", c.args, want, errs)
			}
		}
	}
	writeText(t, "own/en/foot.text.tmpl", "Help desk\n{{.Phone}}\n")
	if _, errs, code := program("mail", "preview", "update", "done"); code != exitUsage || !strings.Contains(errs, "foot.text.tmpl:2:2") {
		t.Errorf("code %d: %s", code, errs)
	}
}

// eximWorld is the demo world with exim for its mail server, and the letters it
// delivers.
func eximWorld(t *testing.T) (config, server string, box *os.File) {
	t.Helper()
	dir := t.TempDir()
	serverCertificate(t, dir)
	server, box = startExim(t, dir, "correct horse")
	world, _ := openWorld(t, demo.Options{})
	config = world.Config()
	write(t, filepath.Join(filepath.Dir(config), "exim-password"), "correct horse\n")
	table := regexp.MustCompile(`(?s)\[mail\].*?\n\n`).ReplaceAllLiteralString(read(t, config), `[mail]
server = "`+server+`"
ca_file = "`+filepath.Join(dir, "root.pem")+`"
user = "kiosk"
password_file = "exim-password"
from = "Card kiosk <kiosk@corp.example>"

`)
	write(t, config, table)
	return config, server, box
}

// A test letter goes out at once. Whether the mail server has taken it, refuses
// it, or cannot be reached, is said in words with the server's own, and in the
// exit code; nothing is left in the outbox.
func TestMailTestThroughExim(t *testing.T) {
	config, server, box := eximWorld(t)
	out, errs, code := runKiosk(t, "mail", "test", "Zoë <zoe@example.org>", "--config", config)
	if code != exitDone || errs != "" || !strings.Contains(out, server+" has taken the letter to zoe@example.org") {
		t.Errorf("code %d\n%s\n%s", code, out, errs)
	}
	letter := delivered(t, box)
	id := regexp.MustCompile(`begins with ([0-9a-f]{32})\.`).FindStringSubmatch(out)
	for _, want := range []string{"Subject: Test letter of the card kiosk", "To: <zoe@example.org>", "it has arrived"} {
		if !strings.Contains(letter, want) {
			t.Errorf("%q is not in\n%s", want, letter)
		}
	}
	if id == nil || !strings.Contains(letter, "Message-Id: <"+id[1]+"@") && !strings.Contains(letter, "Message-ID: <"+id[1]+"@") {
		t.Errorf("the Message-ID in %q is not that of\n%s", out, letter)
	}
	for _, c := range []struct {
		to   string
		code int
		say  []string
	}{
		{"later@example.org", exitServer, []string{server + " does not take the letter to later@example.org now:", "451", "come back later", "Try again"}},
		{"never@example.org", exitServer, []string{server + " refused the letter to never@example.org:", "550", "no such person here", "address"}},
		{"heavy@example.org", exitServer, []string{"refused", "too heavy for this mailbox"}},
		{"zoe", exitUsage, []string{"zoe", "not a mail address", "helpdesk@corp.example"}},
		{"zoe@example.org\r\nBcc: x@example.org", exitUsage, []string{"not a mail address"}},
	} {
		out, errs, code := runKiosk(t, "mail", "test", c.to, "--config", config)
		if code != c.code || out != "" {
			t.Errorf("%s: code %d, %q", c.to, code, out)
		}
		for _, want := range c.say {
			if !strings.Contains(errs, want) {
				t.Errorf("%s: %q is not in\n%s", c.to, want, errs)
			}
		}
		if strings.Contains(errs, "correct horse") || strings.Count(errs, "kiosk:") > 1 {
			t.Errorf("%s: said\n%s", c.to, errs)
		}
	}
	write(t, config, strings.Replace(read(t, config), server, freeAddress(t), 1))
	if out, errs, code := runKiosk(t, "mail", "test", "zoe@example.org", "--config", config); code != exitServer || out != "" ||
		!strings.Contains(errs, "No letter can be sent through the mail server") || !strings.Contains(errs, "connection refused") || !strings.Contains(errs, "[mail]") {
		t.Errorf("with nobody there: code %d\n%s\n%s", code, out, errs)
	}
	if out, errs, code := runKiosk(t, "mail", "outbox", "--config", config); code != exitDone || out != "" || !strings.Contains(errs, "No letter waits") {
		t.Errorf("the outbox: code %d\n%s\n%s", code, out, errs)
	}
}

// openOutbox is a desk with a letter that was given up, one that waits for its
// next try, and one that was sent.
func openOutbox(t *testing.T) *engine.Desk {
	t.Helper()
	c := &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.Local)}
	desk, post := postOffice(t, 3, c.Now)
	kept := desk.Outbox.(*store.Store)
	desk.Unsent, desk.Audit, desk.Roles = kept, kept, everything
	post.mood = func(l engine.Letter) engine.Kind {
		return map[string]engine.Kind{"0": engine.MailRefused, "1": engine.MailLater, "2": sent}[l.To]
	}
	deliver(t, desk)
	return desk
}

// An administrator sees each letter that was not sent: to whom and about what,
// how often it was tried, when it is next, and the server's words.
func TestMailOutbox(t *testing.T) {
	desk := openOutbox(t)
	var out, aside bytes.Buffer
	if err := (mailOutboxCmd{Days: 30}).list(t.Context(), desk, tester, &out, &aside); err != nil {
		t.Fatal(err)
	}
	want := `update done, to 1
    written 22 Nov 2026, 12:00
    tried 1 time, next 22 Nov 2026, 12:01
    send letter (mail.corp.example): the server says so
Given up: update done, to 0
    written 22 Nov 2026, 12:00
    tried 1 time, the last about 22 Nov 2026, 12:05
    send letter (mail.corp.example): the server says so
`
	if out.String() != want {
		t.Errorf("listed\n%s\nwant\n%s", &out, want)
	}
	if said := "kiosk mail outbox: 1 letter waits, 1 letter not delivered.\n"; aside.String() != said {
		t.Errorf("said %q, want %q", aside.String(), said)
	}
	later := desk.Now().AddDate(0, 0, 3)
	desk.Now = func() time.Time { return later }
	out.Reset()
	if err := (mailOutboxCmd{Days: 2}).list(t.Context(), desk, tester, &out, io.Discard); err != nil || strings.Contains(out.String(), "Given up") {
		t.Errorf("of the last two days: %v\n%s", err, &out)
	}
}

// The same as JSON, one object a line; whoever has seen enough is told no more.
func TestMailOutboxJSON(t *testing.T) {
	desk := openOutbox(t)
	var out bytes.Buffer
	if err := (mailOutboxCmd{Days: 30, JSON: true}).list(t.Context(), desk, tester, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for dec := json.NewDecoder(&out); dec.More(); {
		one := map[string]any{}
		if err := dec.Decode(&one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if len(all) != 2 {
		t.Fatalf("listed %v", all)
	}
	at := desk.Now()
	for i, want := range []map[string]any{
		{"id": "letter-1", "state": "waiting", "event": "update done", "to": "1", "tries": 1.0, "next": at.Add(time.Minute).UTC().Format(time.RFC3339)},
		{"id": "letter-0", "state": "given up", "event": "update done", "to": "0", "tries": 1.0, "next": at.Add(5 * time.Minute).UTC().Format(time.RFC3339)},
	} {
		want["created"] = at.UTC().Format(time.RFC3339)
		for field, value := range want {
			if all[i][field] != value {
				t.Errorf("letter %d has %s %v, want %v", i, field, all[i][field], value)
			}
		}
		if words, _ := all[i]["words"].(string); !strings.Contains(words, "the server says so") {
			t.Errorf("letter %d has the words %q", i, words)
		}
	}
	for left := range 2 {
		var aside bytes.Buffer
		if err := (mailOutboxCmd{Days: 30, JSON: true}).list(t.Context(), desk, tester, &hungUp{left}, &aside); err != nil || aside.Len() > 0 {
			t.Errorf("after %d writes: %v, said %q", left, err, &aside)
		}
	}
	if err := (mailOutboxCmd{Days: 30}).list(t.Context(), desk, tester, deaf{}, io.Discard); exitCode(err) != exitBroken {
		t.Errorf("into an output that is broken: %v", err)
	}
	if err := (mailOutboxCmd{Days: -1}).Run(t.Context()); exitCode(err) != exitUsage || !strings.Contains(err.Error(), "--days") {
		t.Errorf("--days -1: %v", err)
	}
	if err := (mailOutboxCmd{}).list(t.Context(), desk, engine.Actor{Who: "ada", Mode: engine.SelfService}, io.Discard, io.Discard); exitCode(err) != exitRefused {
		t.Errorf("a holder: %v", err)
	}
}

// The README has every event of the letters, and the fields of the outbox's
// JSON.
func TestReadmeLetters(t *testing.T) {
	text, _ := readme(t, "sh")
	var names []string
	for _, row := range rows(t, text, "| event | the letter goes out when |") {
		names = append(names, coded(row[0])...)
	}
	slices.Sort(names)
	if want := slices.Sorted(slices.Values(policyEvents())); !slices.Equal(names, want) {
		t.Errorf("the README has the events\n%q\nthere are\n%q", names, want)
	}
	for field := range reflect.TypeFor[jsonUnsent]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if !slices.Contains(coded(text), name) {
			t.Errorf("the README does not name the field %s", name)
		}
	}
}

func policyEvents() (names []string) {
	for _, e := range engine.NoticeEvents() {
		names = append(names, string(e))
	}
	return names
}
