package demo

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/mail"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"cardkiosk/engine"
)

// MailboxConfig says how the demo's mail server is served.
type MailboxConfig struct {
	Certificate *tls.Certificate // for STARTTLS, without which nobody signs in
	User        string           // who may send
	Password    []byte
	Now         func() time.Time // nil: time.Now
}

// Mailbox is a mail server (RFC 5321) on this machine that keeps whatever it
// is sent, for anybody. A message sent twice is there twice.
type Mailbox struct {
	cfg    MailboxConfig
	server *smtp.Server
	door   *mailDoor
	served sync.WaitGroup
	leave  func() bool // stops watching the context

	mu      sync.Mutex // guards what follows
	mail    []Mail
	changed chan struct{} // closed when the next message has come
}

// Mail is a message that has come. All but HTML is fit for a terminal.
type Mail struct {
	ID      string // the Message-ID, without angle brackets
	From    string // as the message has it
	To      string // to whom it was sent, with commas in between
	Subject string
	At      time.Time // when it came
	Text    string    // lines end with LF
	HTML    string    // as it came
}

// ServeMailbox serves a mailbox until Close is called or ctx ends.
func ServeMailbox(ctx context.Context, cfg MailboxConfig) (*Mailbox, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serve mailbox: %w", err)
	}
	m := &Mailbox{cfg: cfg, door: &mailDoor{Listener: listener, open: map[net.Conn]bool{}}, changed: make(chan struct{})}
	m.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailSession{box: m}, nil }))
	m.server.Domain = "localhost"
	m.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cfg.Certificate}, MinVersion: tls.VersionTLS12}
	m.server.MaxMessageBytes = 1 << 20
	m.server.MaxRecipients = 20
	m.server.EnableSMTPUTF8 = true
	m.server.ErrorLog = log.New(io.Discard, "", 0) // its own would write to the screen
	m.served.Go(func() { _ = m.server.Serve(m.door) })
	m.leave = context.AfterFunc(ctx, m.door.shut)
	return m, nil
}

// Addr is where the mailbox listens, host:port.
func (m *Mailbox) Addr() string { return m.door.Addr().String() }

// Messages are those that have come, the oldest first.
func (m *Mailbox) Messages() []Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.mail)
}

// Changed returns a channel that is closed when the next message comes. Who
// gets it before asking for Messages misses none.
func (m *Mailbox) Changed() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changed
}

// Close hangs up on every client and waits until nothing of the server is
// left. The messages stay.
func (m *Mailbox) Close() error {
	m.leave()
	m.door.shut()
	m.served.Wait()
	_ = m.server.Shutdown(context.Background()) // waits for the clients' last words; the door is shut already
	return nil
}

func (m *Mailbox) keep(one Mail) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mail = append(m.mail, one)
	close(m.changed)
	m.changed = make(chan struct{})
}

// mailSession is one client's connection.
type mailSession struct {
	box      *Mailbox
	signedIn bool
	to       []string
}

var _ smtp.AuthSession = (*mailSession)(nil)

// AuthMechanisms is asked for inside TLS only.
func (s *mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth checks name and password.
func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		right := subtle.ConstantTimeCompare([]byte(user), []byte(s.box.cfg.User)) &
			subtle.ConstantTimeCompare([]byte(password), s.box.cfg.Password)
		if right != 1 {
			return smtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}), nil
}

// Mail begins a message.
func (s *mailSession) Mail(string, *smtp.MailOptions) error {
	if !s.signedIn {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Sign in first"}
	}
	return nil
}

// Rcpt takes every recipient.
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

// Data takes the message, if it is one.
func (s *mailSession) Data(r io.Reader) error {
	one, err := readMail(r)
	var tooLarge *smtp.SMTPError // the server's own reader says so
	switch {
	case errors.As(err, &tooLarge):
		return tooLarge
	case err != nil:
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "This message cannot be read"}
	}
	one.To, one.At = engine.Clean(strings.Join(s.to, ", ")), s.box.cfg.Now()
	s.box.keep(one)
	return nil
}

// Reset forgets a message that was begun.
func (s *mailSession) Reset() { s.to = nil }

// Logout has nothing to let go.
func (s *mailSession) Logout() error { return nil }

func readMail(r io.Reader) (Mail, error) {
	in, err := mail.CreateReader(r)
	if err != nil && !message.IsUnknownCharset(err) {
		return Mail{}, err
	}
	id, _ := in.Header.MessageID() // what is wrong with a field is shown as it is
	from, _ := in.Header.Text("From")
	subject, _ := in.Header.Subject()
	one := Mail{ID: engine.Clean(id), From: engine.Clean(from), Subject: engine.Clean(subject)}
	for {
		part, err := in.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return one, nil
		case err != nil && !message.IsUnknownCharset(err):
			return Mail{}, err
		}
		if err := one.add(part); err != nil {
			return Mail{}, err
		}
	}
}

// add takes text and HTML from a part, and leaves anything else.
func (one *Mail) add(part *mail.Part) error {
	header, ok := part.Header.(*mail.InlineHeader)
	if !ok {
		return nil
	}
	body, err := io.ReadAll(part.Body)
	if err != nil {
		return err
	}
	kind, _, _ := header.ContentType()
	text := strings.ReplaceAll(string(body), "\r\n", "\n")
	switch {
	case kind == "text/plain" && one.Text == "":
		lines := strings.Split(text, "\n")
		for i := range lines {
			lines[i] = engine.Clean(lines[i])
		}
		one.Text = strings.Join(lines, "\n")
	case kind == "text/html" && one.HTML == "":
		one.HTML = text
	}
	return nil
}

// mailDoor is a listener that knows its connections, so that shutting it ends
// them as well.
type mailDoor struct {
	net.Listener
	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool
}

// Accept lets a client in.
func (d *mailDoor) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		_ = c.Close()
		return nil, net.ErrClosed
	}
	d.open[c] = true
	return mailConn{c, d}, nil
}

func (d *mailDoor) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	_ = d.Close()
	for c := range d.open {
		_ = c.Close()
	}
}

// mailConn tells the door when it is closed.
type mailConn struct {
	net.Conn
	door *mailDoor
}

// Close hangs up.
func (c mailConn) Close() error {
	c.door.mu.Lock()
	defer c.door.mu.Unlock()
	delete(c.door.open, c.Conn)
	return c.Conn.Close()
}
