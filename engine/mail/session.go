package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"cardkiosk/engine"
)

// session is one connection to the server, from its greeting on. Its owner
// closes the connection beneath.
type session struct {
	post   *Post
	client *smtp.Client
}

// open greets the server, protected as configured.
func (p *Post) open(ctx context.Context, conn net.Conn) (*session, error) {
	var client *smtp.Client
	switch p.config.TLS {
	case StartTLS:
		var err error
		if client, err = smtp.NewClientStartTLS(conn, p.tls); err != nil {
			return nil, p.away("start TLS with mail server", err)
		}
	case ImplicitTLS:
		secure := tls.Client(conn, p.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, p.away("start TLS with mail server", err)
		}
		client = smtp.NewClient(secure)
	case NoTLS:
		client = smtp.NewClient(conn)
	}
	// Send bounds the whole; the library's own limits must not come before that.
	client.CommandTimeout, client.SubmissionTimeout = 2*p.config.Timeout, 2*p.config.Timeout
	if err := client.Hello(p.helloName(conn)); err != nil {
		return nil, p.away("greet mail server", err)
	}
	return &session{p, client}, nil
}

// helloName is how this machine names itself. RFC 5321, 4.1.4: one without a
// name gives its address.
func (p *Post) helloName(conn net.Conn) string {
	if p.config.HelloName != "" {
		return p.config.HelloName
	}
	host, _, _ := net.SplitHostPort(conn.LocalAddr().String())
	host, _, _ = strings.Cut(host, "%") // the zone is this machine's affair
	if strings.Contains(host, ":") {
		return "[IPv6:" + host + "]"
	}
	return "[" + host + "]"
}

// signIn signs in where a user is configured, and never outside TLS. Whatever
// is wrong here is wrong with the configuration, and costs no letter. The
// server's words are left out: they might repeat the password.
func (s *session) signIn() error {
	if s.post.config.User == "" {
		return nil
	}
	if _, secure := s.client.TLSConnectionState(); !secure {
		return s.post.away("sign in to mail server", errors.New("the connection is not protected"))
	}
	if !s.client.SupportsAuth(sasl.Plain) {
		return s.post.away("sign in to mail server", errors.New("the server does not offer AUTH PLAIN"))
	}
	proof, err := readPlain(s.post.config.User, s.post.config.PasswordFile)
	if err != nil {
		return s.post.away("sign in to mail server", err)
	}
	defer proof.wipe()
	if err := s.client.Auth(proof); err != nil {
		return s.post.away("sign in to mail server", withoutWords(err))
	}
	return nil
}

// hand hands a message over. A "no" to the sender's address is about the
// configuration; only from the recipient on can it be about the letter. When the
// connection is lost after the last dot, nobody knows whether the server has
// the message: then it is sent again.
func (s *session) hand(to string, message []byte) error {
	from := s.post.from.Address
	wide := !ascii(from) || !ascii(to)
	if ok, _ := s.client.Extension("SMTPUTF8"); wide && !ok {
		return &engine.Error{
			Op: "address letter", Kind: engine.MailRefused, Subject: to,
			Err: errors.New("the mail server takes addresses in ASCII only (no SMTPUTF8)"),
		}
	}
	if err := s.client.Mail(from, &smtp.MailOptions{UTF8: wide}); err != nil {
		return s.post.away("name sender to mail server", err)
	}
	if err := s.client.Rcpt(to, nil); err != nil {
		return s.post.judge("name recipient to mail server", err)
	}
	data, err := s.client.Data()
	if err != nil {
		return s.post.judge("hand over letter", err)
	}
	if _, err := data.Write(message); err != nil {
		return s.post.away("hand over letter", err)
	}
	if err := data.Close(); err != nil {
		return s.post.judge("hand over letter", err)
	}
	return nil
}

// quit takes leave. The server has the letter: whatever comes now changes
// nothing, and is not waited for long.
func (s *session) quit() {
	s.client.CommandTimeout = 5 * time.Second
	_ = s.client.Quit()
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}
