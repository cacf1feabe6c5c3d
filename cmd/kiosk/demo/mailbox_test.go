package demo

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"cardkiosk/engine"
	"cardkiosk/engine/mail"
	"cardkiosk/engine/words"
)

// mailboxAt is when everything comes to a mailbox in these tests.
var mailboxAt = time.Date(2026, 11, 22, 14, 5, 0, 0, time.UTC)

// The kiosk's own letter comes into the mailbox whole; sent twice, it is there
// twice.
func TestMailboxKeeps(t *testing.T) {
	m, folder := serveMailbox(t)
	letters, err := words.OpenLetters("")
	if err != nil {
		t.Fatal(err)
	}
	post, err := mail.Open(mail.Config{
		Server: m.Addr(), CAFile: filepath.Join(folder, rootFile), User: mailboxUser, PasswordFile: filepath.Join(folder, mailboxPasswordFile),
		From: "Kärtchen <kiosk@corp.example>",
	}, letters)
	if err != nil {
		t.Fatal(err)
	}
	l := engine.Letter{ID: "0a1b2c", To: "zoë@corp.example", Created: mailboxAt, Notice: engine.Notice{
		Event: engine.UpdateDone, User: engine.UserRef{Name: "Zoë Müller"}, Card: engine.Identity{Serial: "10234567"}, At: mailboxAt,
	}}
	want, err := letters.Write("en", l)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		changed := m.Changed()
		if err := post.Send(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		<-changed
	}
	one := Mail{
		ID: "0a1b2c@corp.example", From: "Kärtchen <kiosk@corp.example>", To: "zoë@corp.example",
		Subject: want.Subject, At: mailboxAt, Text: want.Text, HTML: want.HTML,
	}
	if got := m.Messages(); !slices.Equal(got, []Mail{one, one}) {
		t.Errorf("messages are\n%q\nnot twice\n%q", got, one)
	}
}

// A mail program that is not ours can send here as well, to several people at
// once.
func TestMailboxWitness(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no Python: install the package python3")
		}
		t.Skip("no Python: install the package python3")
	}
	m, folder := serveMailbox(t)
	host, port, err := net.SplitHostPort(m.Addr())
	if err != nil {
		t.Fatal(err)
	}
	const program = `
import smtplib, ssl, sys
from email.message import EmailMessage
host, port, roots, user, password = sys.argv[1:]
letter = EmailMessage()
letter["From"], letter["To"], letter["Subject"] = "a@corp.example", "b@corp.example", "Grüße"
letter.set_content("..dots\nund Umlaute: äöü\n")
with smtplib.SMTP(host, int(port)) as server:
    server.starttls(context=ssl.create_default_context(cafile=roots))
    server.login(user, open(password).read())
    server.send_message(letter, to_addrs=["b@corp.example", "c@corp.example"])
`
	out, err := exec.Command("python3", "-c", program, host, port, filepath.Join(folder, rootFile), mailboxUser,
		filepath.Join(folder, mailboxPasswordFile)).CombinedOutput()
	if err != nil {
		t.Fatalf("send: %v\n%s", err, out)
	}
	want := Mail{
		From: "a@corp.example", To: "b@corp.example, c@corp.example", Subject: "Grüße", At: mailboxAt,
		Text: "..dots\nund Umlaute: äöü\n",
	}
	if got := m.Messages(); !slices.Equal(got, []Mail{want}) {
		t.Errorf("messages are\n%q\nnot\n%q", got, want)
	}
}

// Nothing that comes can steer the terminal it is shown on.
func TestMailboxHostileWords(t *testing.T) {
	m, folder := serveMailbox(t)
	c := signInMailbox(t, m, folder)
	letter := strings.Join([]string{
		"From: =?utf-8?q?=1B]0;owned=07?= <a@corp.example>", "Subject: =?utf-8?q?=E2=80=AE=1B[2J?=",
		"Message-ID: <a\x1b[2J@corp.example>", "Content-Type: text/plain; charset=utf-8", "", "one\x1b[2J", "two\u202e", "\xff", "",
	}, "\r\n")
	if err := c.SendMail("a@corp.example", []string{"b@corp.example"}, strings.NewReader(letter)); err != nil {
		t.Fatal(err)
	}
	got := m.Messages()[0]
	for _, shown := range append(strings.Split(got.Text, "\n"), got.ID, got.From, got.To, got.Subject) {
		if engine.Clean(shown) != shown {
			t.Errorf("%q is not clean", shown)
		}
	}
	if !strings.HasPrefix(got.Text, "one") || strings.Count(got.Text, "\n") != 3 {
		t.Errorf("text is %q", got.Text)
	}
}

// Only who has signed in, inside TLS and with the right password, can send;
// and only what is a message is taken.
func TestMailboxRefuses(t *testing.T) {
	m, folder := serveMailbox(t)
	send := func(c *smtp.Client, letter string) error {
		return c.SendMail("a@corp.example", []string{"b@corp.example"}, strings.NewReader(letter))
	}
	plain, err := smtp.Dial(m.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	checkMailboxSays(t, "without TLS", plain.Auth(sasl.NewPlainClient("", mailboxUser, mailboxPassword)), 523)

	for name, credentials := range map[string][2]string{
		"wrong password": {mailboxUser, "wrong"}, "wrong user": {"x", mailboxPassword}, "no password": {mailboxUser, ""},
	} {
		c := dialMailbox(t, m, folder)
		checkMailboxSays(t, name, c.Auth(sasl.NewPlainClient("", credentials[0], credentials[1])), 535)
		checkMailboxSays(t, name+", then sent", send(c, "Subject: a\r\n\r\nb\r\n"), 530)
	}

	c := signInMailbox(t, m, folder)
	checkMailboxSays(t, "no message", send(c, "Content-Type: multipart/mixed; boundary=x\r\n\r\nb\r\n"), 554)
	checkMailboxSays(t, "too large", send(c, "\r\n"+strings.Repeat(strings.Repeat("x", 998)+"\r\n", 1100)), 552)
	if got := m.Messages(); len(got) != 0 {
		t.Errorf("messages are %q", got)
	}
}

func checkMailboxSays(t *testing.T, what string, err error, code int) {
	t.Helper()
	var said *smtp.SMTPError
	if !errors.As(err, &said) || said.Code != code {
		t.Errorf("%s: error is %v, not %d", what, err, code)
	}
}

// Close ends whatever a client is at, and leaves nothing behind but the
// messages. So does the end of the context.
func TestMailboxCloses(t *testing.T) {
	before := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(t.Context())
	m, folder := openMailbox(ctx, t)
	sender := signInMailbox(t, m, folder)
	if err := sender.SendMail("a@corp.example", []string{"b@corp.example"}, strings.NewReader("Subject: a\r\n\r\nb\r\n")); err != nil {
		t.Fatal(err)
	}
	silent, err := net.Dial("tcp", m.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	writing := signInMailbox(t, m, folder)
	if err := errors.Join(writing.Mail("a@corp.example", nil), writing.Rcpt("b@corp.example", nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := writing.Data(); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := silent.Read(make([]byte, 100)); err == nil {
		_, err = silent.Read(make([]byte, 100)) // the first was its greeting
		if err == nil {
			t.Error("a client is still spoken to")
		}
	}
	for range 2 {
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := m.Messages(); len(got) != 1 {
		t.Errorf("messages are %q", got)
	}
	if c, err := net.Dial("tcp", m.Addr()); err == nil {
		_ = c.Close()
		t.Error("the mailbox still listens")
	}
	goleak.VerifyNone(t, before)
}

// Who signs in in these tests.
const (
	mailboxUser         = "somebody"
	mailboxPassword     = "correct horse"
	mailboxPasswordFile = "mail-password"
)

// serveMailbox serves a mailbox for the time of a test, and sees to it that
// nothing of it is left running. In the folder lie its root and the password.
func serveMailbox(t *testing.T) (m *Mailbox, folder string) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	m, folder = openMailbox(t.Context(), t)
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m, folder
}

func openMailbox(ctx context.Context, t *testing.T) (m *Mailbox, folder string) {
	t.Helper()
	folder = t.TempDir()
	certificate, err := makeServerCertificate(folder, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, mailboxPasswordFile), []byte(mailboxPassword), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err = ServeMailbox(ctx, MailboxConfig{
		Certificate: certificate, User: mailboxUser, Password: []byte(mailboxPassword), Now: func() time.Time { return mailboxAt },
	})
	if err != nil {
		t.Fatal(err)
	}
	return m, folder
}

// dialMailbox is a client inside TLS that has not signed in yet.
func dialMailbox(t *testing.T, m *Mailbox, folder string) *smtp.Client {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(folder, rootFile))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	c, err := smtp.DialStartTLS(m.Addr(), &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func signInMailbox(t *testing.T, m *Mailbox, folder string) *smtp.Client {
	t.Helper()
	c := dialMailbox(t, m, folder)
	if err := c.Auth(sasl.NewPlainClient("", mailboxUser, mailboxPassword)); err != nil {
		t.Fatal(err)
	}
	return c
}
