package mail

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
)

// Only a lasting "no" to the recipient or to the letter ends a letter.
// Everything else, wherever it comes in the conversation, keeps it: what the
// server says of one letter keeps that one, and anything else keeps all.
func TestTrouble(t *testing.T) {
	sent := engine.Kind(-1)
	for _, c := range []struct {
		at, say string
		want    engine.Kind
	}{
		{"greeting", "421 too busy", engine.MailAway},
		{"greeting", "554 no mail here", engine.MailAway},
		{"greeting", "HTTP/1.1 400 Bad Request", engine.MailAway},
		{"greeting", strings.Repeat("220-", 10_000), engine.MailAway},
		{"greeting", hangUp, engine.MailAway},
		{"EHLO", "550 who are you?", engine.MailAway},
		{"EHLO", hangUp, engine.MailAway},
		{"MAIL", "451 later", engine.MailAway},
		{"MAIL", "553 5.7.1 this is not your address", engine.MailAway},
		{"MAIL", hangUp, engine.MailAway},
		{"RCPT", "450 greylisted", engine.MailLater},
		{"RCPT", "421 closing", engine.MailAway},
		{"RCPT", "535 5.7.8 sign in rightly", engine.MailAway},
		{"RCPT", "554 5.7.1 relay access denied", engine.MailLater},
		{"RCPT", "550 5.7.26 the sender is not authenticated", engine.MailLater},
		{"RCPT", "554 relay access denied", engine.MailLater},
		{"RCPT", "550 relay not permitted", engine.MailLater},
		{"RCPT", "550 nobody", engine.MailRefused},
		{"RCPT", "530 5.7.0 sign in", engine.MailAway},
		{"RCPT", "503 5.5.1 sign in first", engine.MailAway},
		{"RCPT", "354 what?", engine.MailAway},
		{"RCPT", "550 5.1.1 nobody", engine.MailRefused},
		{"RCPT", "501 5.1.3 bad address", engine.MailRefused},
		{"RCPT", hangUp, engine.MailAway},
		{"DATA", "421 closing", engine.MailAway},
		{"DATA", "554 5.7.1 no", engine.MailLater},
		{"DATA", "554 5.6.0 no such letters", engine.MailRefused},
		{"DATA", hangUp, engine.MailAway},
		{".", "452 disk full", engine.MailLater},
		{".", "550 5.7.1 you may not send as this address", engine.MailLater},
		{".", "552 too big", engine.MailRefused},
		{".", "rubbish", engine.MailAway},
		{".", hangUp, engine.MailAway},
		{"QUIT", "500 no", sent},
		{"QUIT", hangUp, sent},
	} {
		t.Run(c.at+" "+strings.Trim(c.say[:min(len(c.say), 20)], "\x00"), func(t *testing.T) {
			s := script{c.at: c.say}.play(t, nil)
			err := openPost(t, plainConfig(s.addr), ownLetters(t)).Send(t.Context(), letter("zoe@example.org"))
			switch {
			case c.want == sent && err != nil:
				t.Errorf("error is %v", err)
			case c.want != sent && !engine.Is(err, c.want):
				t.Errorf("error is %v, not of kind %d", err, c.want)
			}
		})
	}
}

// A server's words reach no log with what a terminal would obey, nor without
// end.
func TestTroubleWords(t *testing.T) {
	for _, say := range []string{
		"550-5.1.1 \x1b]0;owned\a no\r\n550 5.1.1 \u202esuch person",
		"550 " + strings.Repeat("x", 1900),
		"\x1b[2J\xff",
	} {
		s := script{"RCPT": say}.play(t, nil)
		err := openPost(t, plainConfig(s.addr), ownLetters(t)).Send(t.Context(), letter("zoe@example.org"))
		if err == nil || engine.Clean(err.Error()) != err.Error() || len(err.Error()) > 700 {
			t.Errorf("error is %q", err)
		}
	}
}

// When the connection is lost after the last dot, nobody knows. The letter is
// sent again under the same Message-ID, the same in every byte.
func TestTroubleLostAnswer(t *testing.T) {
	s := script{".": hangUp}.play(t, nil)
	p := openPost(t, plainConfig(s.addr), ownLetters(t))
	for range 2 {
		if err := p.Send(t.Context(), letter("zoe@example.org")); !engine.Is(err, engine.MailAway) {
			t.Fatalf("error is %v", err)
		}
	}
	first, second := <-s.letters, <-s.letters
	if first != second || !strings.Contains(first, "Message-Id: <"+letter("").ID+"@example.test>\n") {
		t.Errorf("first\n%s\nthen\n%s", first, second)
	}
}

// Turning away ends a send at once, wherever the server has fallen silent.
func TestTroubleTurnedAway(t *testing.T) {
	for _, at := range []string{"greeting", "EHLO", "MAIL", "RCPT", "DATA", "."} {
		t.Run(at, func(t *testing.T) {
			s := script{at: silence}.play(t, nil)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			p := openPost(t, plainConfig(s.addr), ownLetters(t))
			go func() { done <- p.Send(ctx, letter("zoe@example.org")) }()
			if got := <-s.silent; got != at {
				t.Fatalf("silent at %q", got)
			}
			cancel()
			if err := <-done; !engine.Is(err, engine.Stopped) || !errors.Is(err, context.Canceled) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// So does it in the middle of starting TLS, of either sort.
func TestTroubleTurnedAwayFromTLS(t *testing.T) {
	for _, way := range []TLS{StartTLS, ImplicitTLS} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		c := plainConfig(l.Addr().String())
		c.TLS = way
		p := openPost(t, c, ownLetters(t))
		done := make(chan error, 1)
		go func() { done <- p.Send(ctx, letter("zoe@example.org")) }()
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-done; !engine.Is(err, engine.Stopped) {
			t.Errorf("%s: error is %v", way, err)
		}
		_ = conn.Close()
		_ = l.Close()
	}
}

// A silent server is left after the time-out, and the letter kept.
func TestTroubleSilence(t *testing.T) {
	for _, at := range []string{"greeting", "RCPT", "."} {
		s := script{at: silence}.play(t, nil)
		c := plainConfig(s.addr)
		c.Timeout = 100 * time.Millisecond
		err := openPost(t, c, ownLetters(t)).Send(t.Context(), letter("zoe@example.org"))
		if !engine.Is(err, engine.MailAway) {
			t.Fatalf("%s: error is %v", at, err)
		}
		contains(t, err, "100ms")
	}
}

// Where nobody listens, the letter is kept.
func TestTroubleNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	err = openPost(t, plainConfig(l.Addr().String()), ownLetters(t)).Send(t.Context(), letter("zoe@example.org"))
	if !engine.Is(err, engine.MailAway) {
		t.Errorf("error is %v", err)
	}
}

// A server without STARTTLS gets no letter: somebody in between may have taken
// it out.
func TestTroubleNoTLS(t *testing.T) {
	s := script{}.play(t, nil)
	c := plainConfig(s.addr)
	c.TLS = StartTLS
	err := openPost(t, c, ownLetters(t)).Send(t.Context(), letter("zoe@example.org"))
	if !engine.Is(err, engine.MailAway) {
		t.Fatalf("error is %v", err)
	}
	contains(t, err, "STARTTLS")
}

// Trouble with signing in keeps the letter, and never tells the password, even
// if the server repeats it.
func TestTroubleSigningIn(t *testing.T) {
	caFile, pair := writeCertificate(t, t.TempDir())
	const echo = "AGtpb3NrAGNvcnJlY3QgaG9yc2U= correct horse"
	for name, s := range map[string]script{
		"refused":     {"AUTH": "535 5.7.8 you said " + echo},
		"later":       {"AUTH": "454 4.7.0 you said " + echo},
		"rubbish":     {"AUTH": echo},
		"more":        {"AUTH": "334 " + "b29wcw=="},
		"not offered": {"EHLO": "250-hello\r\n250 AUTH LOGIN"},
		"hang up":     {"AUTH": hangUp},
	} {
		t.Run(name, func(t *testing.T) {
			c := plainConfig(s.play(t, &pair).addr)
			c.TLS, c.CAFile, c.User, c.PasswordFile = ImplicitTLS, caFile, user, passwordFile(t, password)
			err := openPost(t, c, ownLetters(t)).Send(t.Context(), letter("zoe@example.org"))
			if !engine.Is(err, engine.MailAway) {
				t.Fatalf("error is %v", err)
			}
			contains(t, err, "sign in")
			absent(t, err, password)
		})
	}
}

// So does trouble with the file of the password.
func TestTroublePasswordFile(t *testing.T) {
	caFile, pair := writeCertificate(t, t.TempDir())
	s := script{}.play(t, &pair)
	for name, file := range map[string]string{
		"missing": filepath.Join(t.TempDir(), "missing"), "empty": passwordFile(t, "\n"), "zero byte": passwordFile(t, "correct\x00horse"),
	} {
		c := plainConfig(s.addr)
		c.TLS, c.CAFile, c.User, c.PasswordFile = ImplicitTLS, caFile, user, file
		err := openPost(t, c, ownLetters(t)).Send(t.Context(), letter("zoe@example.org"))
		if !engine.Is(err, engine.MailAway) {
			t.Fatalf("%s: error is %v", name, err)
		}
		contains(t, err, file)
		absent(t, err, "correct")
	}
}

// What is left of the password in our own memory after signing in is zeros.
func TestPasswordWiped(t *testing.T) {
	p, err := readPlain(user, passwordFile(t, password+"\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "\x00" + user + "\x00" + password; string(p.response) != want {
		t.Fatalf("response is %q", p.response)
	}
	p.wipe()
	if strings.Trim(string(p.response), "\x00") != "" {
		t.Errorf("left is %q", p.response)
	}
}

// What is no plain address is refused before a server is asked.
func TestTroubleAddress(t *testing.T) {
	s := script{"greeting": hangUp}.play(t, nil)
	p := openPost(t, plainConfig(s.addr), ownLetters(t))
	for _, to := range []string{
		"", "zoe", "zoe@", "@example.org", "Zoë <zoe@example.org>", "<zoe@example.org>", "zoe@example.org, x@example.org",
		"zoe@example.org (Zoë)", `"zoe> SIZE=1 <x"@example.org`, `"zoe"@example.org`, " zoe@example.org",
		"zoe@example.org\r\nBcc: x@example.org", "zoe@example.org>\r\nRCPT TO:<x@example.org", "z\u202eoe@example.org", "z\x00oe@example.org",
		strings.Repeat("z", 250) + "@example.org", "zoe@exam ple.org",
	} {
		err := p.Send(t.Context(), letter(to))
		if !engine.Is(err, engine.MailRefused) {
			t.Errorf("%q: error is %v", to, err)
			continue
		}
		if engine.Clean(err.Error()) != err.Error() {
			t.Errorf("error is %q", err)
		}
	}
}

// SMTPUTF8 is asked for where an address needs it, and only there: not every
// server on the way has it.
func TestWideAddress(t *testing.T) {
	s := script{"EHLO": "250-mail.example.test\r\n250 SMTPUTF8"}.play(t, nil)
	p := openPost(t, plainConfig(s.addr), ownLetters(t))
	for to, want := range map[string]bool{"zoe@example.org": false, "zoë@example.org": true, "zoe@exämple.org": true} {
		if err := p.Send(t.Context(), letter(to)); err != nil {
			t.Fatal(err)
		}
		if said := <-s.senders; strings.Contains(said, "SMTPUTF8") != want {
			t.Errorf("to %s: said %q", to, said)
		}
	}
}

// An address beyond ASCII is refused where the server cannot write to it.
func TestTroubleWideAddress(t *testing.T) {
	s := script{}.play(t, nil)
	err := openPost(t, plainConfig(s.addr), ownLetters(t)).Send(t.Context(), letter("zoë@example.org"))
	if !engine.Is(err, engine.MailRefused) {
		t.Fatalf("error is %v", err)
	}
	contains(t, err, "SMTPUTF8")
}

// What this version has no words for waits for one that has; so does a letter
// whose id would break its headers.
func TestTroubleUnknownLetter(t *testing.T) {
	s := script{}.play(t, nil)
	p := openPost(t, plainConfig(s.addr), ownLetters(t))
	unknown := letter("zoe@example.org")
	unknown.Notice.Event = "moon rises"
	broken := []engine.Letter{unknown}
	for _, id := range []string{"", "a b", "a>", "a@b", "a\r\nBcc: x@example.org", strings.Repeat("a", 61)} {
		l := letter("zoe@example.org")
		l.ID = id
		broken = append(broken, l)
	}
	for _, l := range broken {
		if err := p.Send(t.Context(), l); err == nil || engine.Is(err, engine.MailRefused) || engine.Clean(err.Error()) != err.Error() {
			t.Errorf("id %q: error is %q", l.ID, err)
		}
	}
}

func plainConfig(addr string) Config {
	return Config{Server: addr, TLS: NoTLS, From: "Card kiosk <kiosk@example.test>"}
}
