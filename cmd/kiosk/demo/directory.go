package demo

import (
	"bytes"
	"context"
	"crypto/tls"
	_ "embed"
	"fmt"
	"net"
	"sync"

	"cardkiosk/engine"
)

//go:embed users.ldif
var usersLDIF []byte

const (
	directoryBase = "dc=corp,dc=example"
	directoryName = "cn=kiosk," + directoryBase // who may search when no other name is given
)

// DirectoryConfig says how the demo's directory is served.
type DirectoryConfig struct {
	Address     string            // host:port on this machine; "127.0.0.1:0" when ""
	Certificate *tls.Certificate  // nil for no TLS at all
	StartTLS    bool              // with a certificate: ldap:// and StartTLS, not ldaps://
	BindDN      string            // who may search; "cn=kiosk,dc=corp,dc=example" when ""
	Password    []byte            // of BindDN
	People      map[string]string // passwords of people by their DN: they may sign in, and not search
	SizeLimit   int               // how many users one search may give; 0 for any number
	Extra       int               // how many made-up users there are beside those of users.ldif
}

// Directory is an LDAP server (RFC 4511) with the users of Corp Example in it.
// It can be read, and certificates can be published in it. It answers as a large
// server would: page by page, and only to those who have signed in.
type Directory struct {
	cfg      DirectoryConfig
	tree     *ldapTree
	users    []engine.UserRef
	listener net.Listener

	sessions sync.WaitGroup
	leave    func() bool // stops watching the context

	mu     sync.Mutex // guards what follows
	open   map[net.Conn]bool
	closed bool
}

// ServeDirectory serves the directory until Close is called or ctx ends.
func ServeDirectory(ctx context.Context, cfg DirectoryConfig) (*Directory, error) {
	if cfg.Address == "" {
		cfg.Address = "127.0.0.1:0"
	}
	if cfg.BindDN == "" {
		cfg.BindDN = directoryName
	}
	entries, err := readLDIF(bytes.NewReader(usersLDIF))
	if err != nil {
		return nil, fmt.Errorf("read users.ldif: %w", err)
	}
	d := &Directory{cfg: cfg, users: peopleIn(entries), open: map[net.Conn]bool{}}
	if d.tree, err = newLDAPTree(append(entries, extraUsers(cfg.Extra)...)); err != nil {
		return nil, fmt.Errorf("read users.ldif: %w", err)
	}
	if d.listener, err = listenLDAP(ctx, cfg.Address); err != nil {
		return nil, fmt.Errorf("serve directory: %w", err)
	}
	d.sessions.Go(func() { d.accept(ctx) })
	d.leave = context.AfterFunc(ctx, d.hangUp)
	return d, nil
}

// listenLDAP listens on this machine's own addresses only.
func listenLDAP(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		_ = l.Close()
		return nil, fmt.Errorf("%s is not an address of this machine alone", address)
	}
	return l, nil
}

// Addr is where the directory listens, host:port.
func (d *Directory) Addr() string { return d.listener.Addr().String() }

// Users are the people in users.ldif, in its order; made-up users are not
// among them.
func (d *Directory) Users() []engine.UserRef { return d.users }

// Close hangs up on every client and waits until nothing of the server is
// left.
func (d *Directory) Close() error {
	d.leave()
	d.hangUp()
	d.sessions.Wait()
	return nil
}

func (d *Directory) hangUp() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	_ = d.listener.Close()
	for c := range d.open {
		_ = c.Close()
	}
}

func (d *Directory) accept(ctx context.Context) {
	for {
		c, err := d.listener.Accept()
		if err != nil {
			return // closed
		}
		d.welcome(ctx, c)
	}
}

// welcome begins a session, unless the server is closing.
func (d *Directory) welcome(ctx context.Context, c net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		_ = c.Close()
		return
	}
	d.open[c] = true
	d.sessions.Go(func() {
		d.serve(ctx, c)
		_ = c.Close()
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.open, c)
	})
}

func (d *Directory) serve(ctx context.Context, c net.Conn) {
	s := &ldapSession{cfg: d.cfg, tree: d.tree, conn: c}
	if d.tlsFirst() && s.startTLS(ctx) != nil {
		return
	}
	s.serve(ctx)
}

func (d *Directory) tlsFirst() bool { return d.cfg.Certificate != nil && !d.cfg.StartTLS }
