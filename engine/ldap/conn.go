package ldap

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
)

// maxAnswer is how many bytes a server may send per question: a page of 1,000
// entries of 64 kB each, or a group that names half a million members.
const maxAnswer = 64 << 20

// conn is a connection that is signed in. One question is asked at a time.
type conn struct {
	*goldap.Conn
	line   *line
	server int       // which of Directory.servers
	since  time.Time // when it was last used
}

// ask sends a search and waits for its answer, or for the end of ctx, which
// costs the connection.
func (c *conn) ask(ctx context.Context, r *goldap.SearchRequest) (result *goldap.SearchResult, err error) {
	c.line.left.Store(maxAnswer)
	err = c.line.within(ctx, func() error {
		result, err = c.Search(r)
		return err
	})
	return result, err
}

// change sends a modification and waits as ask does.
func (c *conn) change(ctx context.Context, r *goldap.ModifyRequest) error {
	c.line.left.Store(maxAnswer)
	return c.line.within(ctx, func() error { return c.Modify(r) })
}

// drop closes a connection that is of no more use, without waiting for its
// server.
func (c *conn) drop() {
	_ = c.line.Close()
	_ = c.Close()
}

// line is the TCP connection below. Closing it ends every call on the
// connection at once, which nothing in the library does.
type line struct {
	net.Conn
	left atomic.Int64 // bytes the server may still send
}

var errTooLong = errors.New("the answer is too long")

// Read is the net.Conn's, up to the bytes allowed.
func (l *line) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if l.left.Add(int64(-n)) < 0 {
		return 0, errTooLong
	}
	return n, err
}

// within does something on the line that is cut short by closing it when ctx
// ends. The error is then that of ctx.
func (l *line) within(ctx context.Context, do func() error) error {
	leave := context.AfterFunc(ctx, func() { _ = l.Close() })
	err := do()
	if !leave() {
		return ctx.Err()
	}
	return err
}

// open reaches a server over TCP and, if there is to be any, TLS. The second
// result is what to speak LDAP on: the line itself or TLS over it.
func (d *Directory) open(ctx context.Context, s server) (*line, net.Conn, error) {
	tcp, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.addr)
	if err != nil {
		return nil, nil, err
	}
	l := &line{Conn: tcp}
	l.left.Store(maxAnswer)
	speak, err := d.secure(ctx, l, s)
	if err != nil {
		_ = l.Close()
		return nil, nil, err
	}
	return l, speak, nil
}

func (d *Directory) secure(ctx context.Context, l *line, s server) (net.Conn, error) {
	if !s.tls && !d.cfg.StartTLS {
		return l, nil
	}
	if !s.tls {
		if err := l.within(ctx, func() error { return askTLS(l) }); err != nil {
			return nil, err
		}
	}
	name := d.cfg.ServerName
	if name == "" {
		name = s.host
	}
	secured := tls.Client(l, &tls.Config{RootCAs: d.roots, ServerName: name, MinVersion: tls.VersionTLS12})
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, &tlsError{err}
	}
	return secured, nil
}

// tlsError is what went wrong in a TLS handshake.
type tlsError struct{ err error }

func (e *tlsError) Error() string { return "TLS: " + e.err.Error() }
func (e *tlsError) Unwrap() error { return e.err }

// signIn binds and hands the connection over to the library.
func (d *Directory) signIn(ctx context.Context, l *line, speak net.Conn, server int) (*conn, error) {
	if d.cfg.BindDN != "" {
		err := l.within(ctx, func() error { return bind(speak, d.cfg.BindDN, d.cfg.PasswordFile) })
		if err != nil {
			_ = l.Close()
			return nil, err
		}
	}
	c := goldap.NewConn(speak, speak != net.Conn(l))
	c.Start()
	return &conn{Conn: c, line: l, server: server}, nil
}
