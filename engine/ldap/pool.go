package ldap

import (
	"context"
	"strings"
	"time"

	"cardkiosk/engine"
)

const (
	maxKept = 2           // connections kept for the next question
	maxIdle = time.Minute // beyond that a firewall may have forgotten them
)

// take returns a connection that is signed in, and whether it has been used
// before: then the server may have closed it meanwhile.
func (d *Directory) take(ctx context.Context) (c *conn, used bool, err error) {
	if c := d.kept(); c != nil {
		return c, true, nil
	}
	c, err = d.connect(ctx)
	return c, false, err
}

// kept returns a connection that was kept, nil when none is good enough.
func (d *Directory) kept() *conn {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, best := d.cfg.Now(), d.order()[0]
	for len(d.idle) > 0 {
		last := len(d.idle) - 1
		c := d.idle[last]
		d.idle = d.idle[:last]
		if !c.IsClosing() && now.Sub(c.since) < maxIdle && c.server == best {
			return c
		}
		c.drop()
	}
	return nil
}

// keep puts a connection back for the next question.
func (d *Directory) keep(c *conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.life.Err() != nil || len(d.idle) == maxKept || c.IsClosing() {
		c.drop()
		return
	}
	c.since = d.cfg.Now()
	d.idle = append(d.idle, c)
}

// forget drops every connection that was kept.
func (d *Directory) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.idle {
		c.drop()
	}
	d.idle = nil
}

// order returns the servers as they are to be tried: as configured, but those
// that failed lately after all others. d.mu is held.
func (d *Directory) order() []int {
	now := d.cfg.Now()
	var good, failed []int
	for i := range d.servers {
		if now.Before(d.failed[i].Add(d.cfg.RetryAfter)) {
			failed = append(failed, i)
		} else {
			good = append(good, i)
		}
	}
	return append(good, failed...)
}

// round is order, for those who do not hold d.mu.
func (d *Directory) round() []int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.order()
}

// pass notes that a server failed.
func (d *Directory) pass(server int, why error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failed[server] = d.cfg.Now()
	d.cfg.Log.Warn("directory server passed over", "server", d.servers[server].name, "err", why)
}

// connect signs in to the first server that lets it.
func (d *Directory) connect(ctx context.Context) (*conn, error) {
	var untrusted, last error
	for _, i := range d.round() {
		c, final, err := d.reach(ctx, i)
		if err == nil || final {
			return c, err
		}
		d.pass(i, err)
		if engine.Is(err, engine.DirectoryRefused) && untrusted == nil {
			untrusted = err
		}
		last = err
	}
	if untrusted != nil {
		return nil, untrusted
	}
	return nil, d.allAway(last)
}

// reach connects to one server and signs in. Trouble is final when no other
// server is to be tried: a person turned away, or the sign-in was refused,
// and the others would count the same wrong password.
func (d *Directory) reach(ctx context.Context, i int) (c *conn, final bool, err error) {
	soon, cancel := context.WithTimeout(ctx, d.cfg.ConnectTimeout)
	defer cancel()
	l, speak, err := d.open(soon, d.servers[i])
	if err != nil {
		err = d.trouble(ctx, "reach directory", i, err)
		return nil, engine.Is(err, engine.Stopped), err
	}
	c, err = d.signIn(soon, l, speak, i)
	if err != nil {
		err = d.trouble(ctx, "sign in to directory", i, err)
		return nil, !engine.Is(err, engine.DirectoryAway), err
	}
	return c, false, nil
}

// allAway names every server, and what the last one's trouble was.
func (d *Directory) allAway(last error) error {
	if len(d.servers) == 1 {
		return last
	}
	names := make([]string, len(d.servers))
	for i, s := range d.servers {
		names[i] = s.name
	}
	return &engine.Error{Op: "reach directory", Kind: engine.DirectoryAway, Subject: strings.Join(names, ", "), Err: last}
}
