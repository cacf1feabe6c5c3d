package builtin

import (
	"bytes"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// crlFresh is how long nobody asks whether there is a newer CRL: ten looks at
// profiles cost one question.
const crlFresh = 30 * time.Second

// maxCRL is the longest CRL that is read, in bytes: an entry has some 40.
const maxCRL = 64 << 20

// crl is the CA's revocation list, as it was fetched last. What stands below
// turn belongs to whoever has the turn.
type crl struct {
	changed  atomic.Bool  // we revoked something: ask, however fresh it is
	attempts atomic.Int64 // that have ended
	turn     chan struct{}

	list   []engine.Revocation
	etag   string
	ends   time.Time
	asked  time.Time
	failed error // of the last attempt
}

// outdated has the CA asked at the next look.
func (l *crl) outdated() { l.changed.Store(true) }

func (l *crl) fresh(now time.Time) bool {
	age := now.Sub(l.asked) // negative when the clock was set back
	return !l.changed.Load() && age >= 0 && age < crlFresh && now.Before(l.ends)
}

const opCRL = "fetch revocation list"

// Revoked returns which certificates are revoked or on hold. One caller asks
// the CA, the others wait for what comes of it.
func (c *CA) Revoked(ctx context.Context) ([]engine.Revocation, error) {
	l := &c.crl
	ended := l.attempts.Load()
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, c.unreached(ctx, opCRL, ctx.Err())
	}
	if l.fresh(c.now()) {
		return l.list, nil
	}
	if l.failed != nil && l.attempts.Load() > ended {
		return nil, l.failed // somebody asked while we waited: it is not tried ten times in a row
	}
	changed := l.changed.Swap(false) // before asking: what is revoked from now on may not be on the list
	err := c.fetchCRL(ctx, l)
	l.failed = err
	if ctx.Err() != nil {
		l.failed = nil // this caller gave up, or had no time: the next in turn asks
	}
	l.attempts.Add(1)
	if err == nil {
		return l.list, nil
	}
	if changed {
		l.outdated()
	}
	return nil, err
}

// fetchCRL brings the list up to date. When it cannot, the list stays as it is.
func (c *CA) fetchCRL(ctx context.Context, l *crl) error {
	req, err := c.request(ctx, http.MethodGet, wire.CRLPath, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", opCRL, err)
	}
	req.Header.Set("Accept", "application/pkix-crl")
	if l.etag != "" {
		req.Header.Set("If-None-Match", l.etag)
	}
	got, err := c.exchange(ctx, opCRL, req, maxCRL)
	if err != nil {
		return err
	}
	now := c.now()
	switch {
	case got.status == http.StatusNotModified && l.etag != "":
		if err := c.current(l.ends, now); err != nil {
			return err
		}
		l.asked = now
		return nil
	case got.status != http.StatusOK:
		return c.refused(opCRL, got.status, got.body)
	}
	list, err := c.readCRL(ctx, got.body)
	if err != nil {
		return err
	}
	if err := c.current(list.NextUpdate, now); err != nil {
		return err
	}
	l.list, l.etag, l.ends, l.asked = revocations(list), got.etag, list.NextUpdate, now
	return nil
}

// current refuses a list that has ended: the CA has stopped publishing, and
// nobody knows what it would say by now.
func (c *CA) current(ends, now time.Time) error {
	if now.Before(ends) {
		return nil
	}
	said := "its revocation list ended on " + ends.UTC().Format("2006-01-02 15:04 MST")
	return &engine.Error{Op: opCRL, Kind: engine.CAAway, Subject: c.base.Host + " (" + said + ")", Err: errors.New(said)}
}

// readCRL reads a list and checks that it is the CA's, and says all there is to
// say: RFC 5280, 5.2 and 5.3, forbid to go by one with a critical extension that
// is not understood. We understand none: they narrow down what a list is about.
func (c *CA) readCRL(ctx context.Context, der []byte) (*x509.RevocationList, error) {
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return nil, c.mistaken(opCRL, fmt.Errorf("read it: %w", err))
	}
	if err := c.signed(ctx, list); err != nil {
		return nil, err
	}
	critical := func(e pkix.Extension) bool { return e.Critical }
	strange := func(e x509.RevocationListEntry) bool { return slices.ContainsFunc(e.Extensions, critical) }
	switch {
	case list.NextUpdate.IsZero():
		return nil, c.mistaken(opCRL, errors.New("it does not say when it ends"))
	case slices.ContainsFunc(list.Extensions, critical), slices.ContainsFunc(list.RevokedCertificateEntries, strange):
		return nil, c.mistaken(opCRL, errors.New("it has a critical extension that is not known"))
	}
	return list, nil
}

// signed checks a list's signature by the CA's issuers; when none of those that
// are kept made it, by those that the CA has now.
func (c *CA) signed(ctx context.Context, list *x509.RevocationList) error {
	for range 2 {
		issuers, err := c.Issuers(ctx)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(issuers, func(der []byte) bool { return signedBy(list, der) }) {
			return nil
		}
		c.mu.Lock()
		c.issuers = nil
		c.mu.Unlock()
	}
	return c.mistaken(opCRL, errors.New("none of the CA's issuers has signed it"))
}

func signedBy(list *x509.RevocationList, issuer []byte) bool {
	cert, err := x509.ParseCertificate(issuer)
	return err == nil && bytes.Equal(list.RawIssuer, cert.RawSubject) && list.CheckSignatureFrom(cert) == nil
}

func revocations(list *x509.RevocationList) []engine.Revocation {
	all := make([]engine.Revocation, 0, len(list.RevokedCertificateEntries))
	for _, e := range list.RevokedCertificateEntries {
		all = append(all, engine.Revocation{Serial: e.SerialNumber.Text(16), At: e.RevocationTime, Reason: wire.ReasonOf(e.ReasonCode)})
	}
	return all
}
