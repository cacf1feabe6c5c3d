package mail

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// A letter reaches its reader as it was written, byte for byte, whatever the
// holder is called. An independent program reads it.
func TestSend(t *testing.T) {
	names := []string{
		"Zoë Müller",
		"Eve\r\nBcc: x@example.org\r\n\r\nHello",
		"<script>alert(1)</script>",
		"=?utf-8?q?Eve=0D=0ABcc:_x?= =?utf-8?b?4oCu?=",
		"Eve 🎉👩‍🚀",
		"Eve \u202egnp.exe",
		".\r\n.\r\nQUIT",
		strings.Repeat("Donaudampfschiff", 100),
	}
	letters := nameInSubject(t)
	onServers(t, func(t *testing.T, k kind) {
		s := k.start(t)
		p := openPost(t, s.config(t), letters)
		var sent []engine.Letter
		var delivered [][]byte
		for _, name := range names {
			l := letter("zoe@example.org")
			l.Notice.User.Name, l.Notice.Card = name, engine.Identity{ID: engine.CardID(name), Model: name}
			if err := p.Send(t.Context(), l); err != nil {
				t.Fatalf("%q: %v", name, err)
			}
			sent, delivered = append(sent, l), append(delivered, s.delivered(t))
		}
		for i, got := range read(t, delivered...) {
			want, err := letters.Write("en", sent[i])
			if err != nil {
				t.Fatal(err)
			}
			checkLines(t, delivered[i])
			checkRead(t, got, sent[i], want)
		}
	})
}

// The same letter sent twice is the same message, so that a mailbox can tell.
func TestSendTwice(t *testing.T) {
	onServers(t, func(t *testing.T, k kind) {
		s := k.start(t)
		p := openPost(t, s.config(t), ownLetters(t))
		var sent [2][]byte
		for i := range sent {
			if err := p.Send(t.Context(), letter("zoe@example.org")); err != nil {
				t.Fatal(err)
			}
			_, sent[i], _ = bytes.Cut(s.delivered(t), []byte("Date: ")) // what stands before it is the server's
		}
		if len(sent[0]) == 0 || !bytes.Equal(sent[0], sent[1]) {
			t.Errorf("first\n%s\nthen\n%s", sent[0], sent[1])
		}
	})
}

// TLS from the first byte works as well.
func TestSendImplicitTLS(t *testing.T) {
	onServers(t, func(t *testing.T, k kind) {
		s := k.start(t, "-tls-on-connect")
		c := s.config(t)
		c.TLS = ImplicitTLS
		if err := openPost(t, c, ownLetters(t)).Send(t.Context(), letter("zoe@example.org")); err != nil {
			t.Fatal(err)
		}
		if got := read(t, s.delivered(t))[0]; got.header("To") != "zoe@example.org" {
			t.Errorf("headers are %q", got.Headers)
		}
	})
}

// An address beyond ASCII gets its letter where the server can do that.
func TestSendWideAddress(t *testing.T) {
	onServers(t, func(t *testing.T, k kind) {
		s := k.start(t)
		if err := openPost(t, s.config(t), ownLetters(t)).Send(t.Context(), letter("zoë@example.org")); err != nil {
			t.Fatal(err)
		}
		if got := s.delivered(t); !bytes.Contains(got, []byte("\nTo: <zoë@example.org>\n")) {
			t.Errorf("delivered was\n%s", got)
		}
	})
}

// A server's "later" keeps the letter, its "no" to the recipient or the letter
// ends it, with the server's words.
func TestSendServerSays(t *testing.T) {
	onServers(t, func(t *testing.T, k kind) {
		s := k.start(t)
		p := openPost(t, s.config(t), ownLetters(t))
		for _, c := range []struct {
			to   string
			kind engine.Kind
			say  string
		}{
			{"later@example.org", engine.MailLater, "451: come back later"},
			{"never@example.org", engine.MailRefused, "550: no such person here"},
			{"heavy@example.org", engine.MailRefused, "550: too heavy for this mailbox"},
		} {
			err := p.Send(t.Context(), letter(c.to))
			if !engine.Is(err, c.kind) {
				t.Fatalf("%s: error is %v", c.to, err)
			}
			contains(t, err, s.addr, c.say)
		}
	})
}

// A wrong password costs no letter and is not told; the right one is used as
// soon as it is in the file.
func TestSendWrongPassword(t *testing.T) {
	onServers(t, func(t *testing.T, k kind) {
		s := k.start(t)
		c := s.config(t)
		c.PasswordFile = passwordFile(t, "wrong pony\n")
		p := openPost(t, c, ownLetters(t))
		err := p.Send(t.Context(), letter("zoe@example.org"))
		if !engine.Is(err, engine.MailAway) {
			t.Fatalf("error is %v", err)
		}
		contains(t, err, "sign in", "535")
		absent(t, err, "wrong pony")
		writeFile(t, c.PasswordFile, password+"\r\n")
		if err := p.Send(t.Context(), letter("zoe@example.org")); err != nil {
			t.Fatal(err)
		}
		s.delivered(t)
	})
}

// A server that nobody we trust vouches for gets no letter and no password.
func TestSendUntrusted(t *testing.T) {
	onServers(t, func(t *testing.T, k kind) {
		s := k.start(t)
		other, _ := writeCertificate(t, t.TempDir())
		for name, change := range map[string]func(*Config){
			"CA":   func(c *Config) { c.CAFile = other },
			"name": func(c *Config) { c.ServerName = "mail.example.com" },
		} {
			c := s.config(t)
			change(&c)
			err := openPost(t, c, ownLetters(t)).Send(t.Context(), letter("zoe@example.org"))
			if !engine.Is(err, engine.MailAway) {
				t.Fatalf("%s: error is %v", name, err)
			}
			contains(t, err, "certificate", s.addr)
		}
	})
}

// What is seen of a letter by Python's parser.
type seen struct {
	Headers [][2]string
	Type    string
	Parts   [][2]string
	Defects []string
}

func (s seen) header(name string) string {
	var all []string
	for _, h := range s.Headers {
		if h[0] == name {
			all = append(all, h[1])
		}
	}
	return strings.Join(all, " + ")
}

// read has letters read by Python.
func read(t *testing.T, messages ...[]byte) []seen {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		lacking(t, "no Python: install the package python3")
	}
	cmd := exec.Command("python3", "testdata/read_letter.py")
	for _, m := range messages {
		f, err := os.CreateTemp(t.TempDir(), "letter")
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, f.Name(), string(m))
		_ = f.Close()
		cmd.Args = append(cmd.Args, f.Name())
	}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("read letters: %v", err)
	}
	var all []seen
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != len(messages) {
		t.Fatalf("%d letters became %d", len(messages), len(all))
	}
	return all
}

// checkRead compares what was seen with what was meant.
func checkRead(t *testing.T, got seen, l engine.Letter, want words.Message) {
	t.Helper()
	var names []string
	for _, h := range got.Headers {
		if h[0] != "Received" {
			names = append(names, h[0])
		}
	}
	all := []string{"Date", "Message-Id", "From", "Reply-To", "To", "Subject", "Auto-Submitted", "Mime-Version", "Content-Type"}
	if !reflect.DeepEqual(names, all) {
		t.Errorf("headers are %q, not %q", names, all)
	}
	for name, value := range map[string]string{
		"Message-Id": "<" + l.ID + "@example.test>", "From": "Kärtchen <kiosk@example.test>", "Reply-To": "desk@example.test",
		"To": "zoe@example.org", "Subject": want.Subject, "Auto-Submitted": "auto-generated",
		"Date": "Sun, 22 Nov 2026 14:05:00 +0100",
	} {
		if got.header(name) != value {
			t.Errorf("%s is %q, not %q", name, got.header(name), value)
		}
	}
	parts := [][2]string{{"text/plain", want.Text}, {"text/html", want.HTML}}
	if got.Type != "multipart/alternative" || !reflect.DeepEqual(got.Parts, parts) {
		t.Errorf("%s is\n%q\nnot\n%q", got.Type, got.Parts, parts)
	}
	if len(got.Defects) > 0 {
		t.Errorf("defects: %q", got.Defects)
	}
}

// checkLines holds a message to what any server takes: ASCII, short lines
// (RFC 5322, 2.1.1).
func checkLines(t *testing.T, message []byte) {
	t.Helper()
	for _, line := range strings.Split(string(message), "\n") {
		if len(line) > 78 && !strings.HasPrefix(line, "\t") || !ascii(line) {
			t.Errorf("line is %q", line)
		}
	}
}

// absent makes sure that a secret is not told, in no spelling.
func absent(t *testing.T, err error, secret string) {
	t.Helper()
	for _, spelling := range []string{
		secret, base64.StdEncoding.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + secret)),
	} {
		if strings.Contains(err.Error(), spelling) {
			t.Errorf("%q is in %q", spelling, err)
		}
	}
}

func (s *server) config(t *testing.T) Config {
	t.Helper()
	return Config{
		Server: s.addr, CAFile: s.caFile, User: user, PasswordFile: passwordFile(t, password+"\n"),
		From: "Kärtchen <kiosk@example.test>", ReplyTo: "desk@example.test",
	}
}

func letter(to string) engine.Letter {
	at := time.Date(2026, 11, 22, 14, 5, 0, 0, time.FixedZone("", 3600))
	return engine.Letter{ID: "0123456789abcdef0123456789abcdef", To: to, Created: at, Notice: engine.Notice{
		Event: engine.UpdateDone, User: engine.UserRef{Name: "Zoë Müller", Mail: to},
		Card: engine.Identity{Serial: "10234567", Model: "YubiKey 5.7.1"}, Run: "4f5e1c",
		Actor: engine.Actor{Who: "jdoe", Station: "Lobby", Mode: engine.Operator}, At: at,
		Written: []engine.Managed{{Template: "Logon", Place: "9a", NotAfter: at.AddDate(1, 0, 0)}},
	}}
}

func openPost(t *testing.T, c Config, l *words.Letters) *Post {
	t.Helper()
	p, err := Open(c, l)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ownLetters(t *testing.T) *words.Letters {
	t.Helper()
	l, err := words.OpenLetters("")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// nameInSubject are letters that have the holder's name in the subject too, as
// an administrator may want it.
func nameInSubject(t *testing.T) *words.Letters {
	t.Helper()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "en"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(folder, "en", "update-done.subject.tmpl"), "Card of {{.Name}}")
	l, err := words.OpenLetters(folder)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
