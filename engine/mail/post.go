// Package mail sends letters to a mail server.
//
// Each letter has a connection of its own. A letter may be sent twice, when the
// server's answer was lost: both times it is the same to the byte, Message-ID
// included. The password lives in this package's memory only while it signs
// in, and is wiped; copies that go-smtp makes on the way to the socket cannot
// be reached.
package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

var _ engine.Post = (*Post)(nil)

// Post sends letters. Open makes one; it can be used from anywhere at any time.
type Post struct {
	config  Config
	letters *words.Letters
	tls     *tls.Config
	from    *mail.Address
	replyTo *mail.Address // nil for none
}

// Send sends one letter and returns when the server has taken it. When ctx ends
// first, Send returns at once with Kind Stopped.
func (p *Post) Send(ctx context.Context, l engine.Letter) error {
	to, err := bareAddress(l.To)
	if err != nil {
		return &engine.Error{Op: "address letter", Kind: engine.MailRefused, Subject: engine.Clean(l.To), Err: err}
	}
	text, err := p.letters.Write(p.config.Language, l)
	if err != nil {
		return err // another kiosk on this store may know the words
	}
	message, err := p.compose(l, to, text)
	if err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, p.config.Timeout)
	defer cancel()
	err = p.deliver(bounded, to, message)
	switch {
	case err == nil || engine.Is(err, engine.MailRefused):
		return err
	case ctx.Err() != nil:
		return &engine.Error{Op: "send letter", Kind: engine.Stopped, Subject: p.config.Server, Err: ctx.Err()}
	case bounded.Err() != nil:
		return p.away("send letter", fmt.Errorf("not done within %v: %w", p.config.Timeout, err))
	}
	return err
}

// deliver hands a message to the server.
func (p *Post) deliver(ctx context.Context, to string, message []byte) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", p.config.Server)
	if err != nil {
		return p.away("reach mail server", err)
	}
	release := closeWhenDone(ctx, conn)
	defer release()
	s, err := p.open(ctx, conn)
	if err != nil {
		return err
	}
	if err := s.signIn(); err != nil {
		return err
	}
	if err := s.hand(to, message); err != nil {
		return err
	}
	s.quit()
	return nil
}

// closeWhenDone closes a connection as soon as ctx ends, which ends whatever
// waits for it, or when released. Release waits until nothing is left running.
func closeWhenDone(ctx context.Context, conn net.Conn) (release func()) {
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = conn.Close()
	})
	return func() {
		if !stop() {
			<-closed
		}
		_ = conn.Close() // a second time at worst, and then it does nothing
	}
}

// bareAddress accepts an address that can stand in a command of SMTP as it is:
// without a name, quotes, comments or control characters.
func bareAddress(s string) (string, error) {
	const longest = 254 // RFC 5321, 4.5.3.1.3, without the angle brackets
	a, err := mail.ParseAddress(s)
	switch {
	case err != nil:
		return "", spoken{err}
	case a.Address != s || engine.Clean(s) != s:
		return "", errors.New("not a plain mail address")
	case len(s) > longest:
		return "", errors.New("longer than a mail address can be")
	}
	return s, nil
}
