// Package ldap finds users in a directory over LDAP, tells which groups they are
// in and what has changed, and publishes their certificates there.
//
// Beware: every value is what the directory says, raw; the Desk cleans what
// people see. A search holds its own connection from the first page to the
// last, because a page cookie is good on one connection only (RFC 2696), so
// Hits must be closed.
//
// A directory answers fast only with the right indexes. OpenLDAP: "eq,sub" on
// each of Config.SearchAttributes; "eq" on objectClass, Attributes.ID,
// modifyTimestamp, member, uniqueMember and memberUid; and index_substr_any_len 3
// with index_substr_any_step 1. By default OpenLDAP finds the starts of words
// within a value from three letters on only, and looks at all entries for less.
// Active Directory has its indexes; there SearchAttributes should be "anr" and
// "mail".
package ldap

import (
	"context"
	"crypto/x509"
	"errors"
	"sync"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

var _ engine.Directory = (*Directory)(nil)

// Directory asks the first of several servers that answers. It is safe for use
// by several goroutines.
type Directory struct {
	cfg     Config
	servers []server
	roots   *x509.CertPool

	life context.Context //nolint:containedctx // ends with Close, which must cut every search short
	end  context.CancelFunc
	work sync.WaitGroup // searches given up and not yet wound up

	mu     sync.Mutex // guards what follows
	idle   []*conn    // kept for the next question, the latest last
	failed []time.Time
}

// New prepares a directory; nothing is asked yet. The error is of Kind
// BadInput and names the setting that is wrong.
func New(cfg Config) (*Directory, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	servers, err := cfg.servers()
	if err != nil {
		return nil, err
	}
	roots, err := cfg.roots()
	if err != nil {
		return nil, err
	}
	d := &Directory{cfg: cfg, servers: servers, roots: roots, failed: make([]time.Time, len(servers))}
	d.life, d.end = context.WithCancel(context.Background())
	return d, nil
}

// Close ends every search and closes every connection.
func (d *Directory) Close() {
	d.mu.Lock()
	d.end()
	d.mu.Unlock()
	d.work.Wait()
	d.forget()
}

// Search begins a search for users that have, for each word of text, a name,
// logon name or mail address, or a word of a name, that starts with it. Text
// without a word finds nobody.
func (d *Directory) Search(text string) engine.Hits { return newHits(d, text) }

// User reads one user. Kind UserUnknown when there is none, DirectoryAway when
// no server answers, DirectoryRefused when one answers no.
func (d *Directory) User(ctx context.Context, id engine.UserID) (engine.User, error) {
	v := d.visit("read user")
	defer v.leave()
	e, err := v.user(ctx, id, d.cfg.Attributes.wanted()...)
	if err != nil {
		return engine.User{}, err
	}
	return d.cfg.Attributes.user(e), nil
}

func (d *Directory) request(filter string, attributes ...string) *goldap.SearchRequest {
	return &goldap.SearchRequest{
		BaseDN: d.cfg.BaseDN, Scope: goldap.ScopeWholeSubtree, DerefAliases: goldap.NeverDerefAliases,
		TimeLimit: int((d.cfg.Timeout + time.Second - 1) / time.Second), // of the server, in seconds
		Filter:    filter, Attributes: attributes,
	}
}

// first asks the first question on a connection. A connection that was kept
// and has been closed by the server meanwhile is replaced, once. The
// connection is the caller's if there is no error, and nobody's if there is.
func (d *Directory) first(ctx context.Context, op string, r *goldap.SearchRequest) (*conn, *goldap.SearchResult, error) {
	c, used, err := d.take(ctx)
	if err != nil {
		return nil, nil, err
	}
	result, err := d.ask(ctx, op, c, r)
	if used && engine.Is(err, engine.DirectoryAway) && !errors.Is(err, context.DeadlineExceeded) {
		c.drop()
		d.forget()
		if c, err = d.connect(ctx); err != nil {
			return nil, nil, err
		}
		result, err = d.ask(ctx, op, c, r)
	}
	if err != nil {
		d.shun(c, err)
		return nil, result, err
	}
	return c, result, nil
}

// ask asks on a connection, for as long as the server may take for it.
func (d *Directory) ask(ctx context.Context, op string, c *conn, r *goldap.SearchRequest) (*goldap.SearchResult, error) {
	soon, cancel := context.WithTimeout(ctx, time.Duration(r.TimeLimit)*time.Second)
	defer cancel()
	result, err := c.ask(soon, r)
	if err != nil {
		return result, d.trouble(ctx, op, c.server, err)
	}
	return result, nil
}

// shun parts with a connection on which a question failed. A server that is
// away is tried last for a while. One that said no keeps its connection.
func (d *Directory) shun(c *conn, why error) {
	var said *goldap.Error
	switch {
	case engine.Is(why, engine.DirectoryAway):
		c.drop()
		d.pass(c.server, why)
	case errors.As(why, &said) && said.ResultCode < goldap.ErrorNetwork:
		d.keep(c)
	default:
		c.drop()
	}
}
