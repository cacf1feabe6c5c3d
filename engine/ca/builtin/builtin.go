// Package builtin is the client of the kiosk's own CA: HTTP with JSON over
// mutual TLS, with this station's certificate.
//
// Files are read once, by New. When an error says CAAway, a request may or may
// not have reached the CA: Lookup tells. Asking again is safe, the CA answers
// by the request's id.
package builtin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// CA is a connection to the built-in CA. It may be used by several goroutines.
type CA struct {
	base   *url.URL
	client *http.Client

	now    func() time.Time
	former [][]byte

	mu      sync.Mutex
	issuers [][]byte // kept until a certificate comes that none of them signed

	crl crl
}

var _ engine.CA = (*CA)(nil)

// Config says where the CA is and who we are.
type Config struct {
	URL             string           // "https://ca.corp.example:8443"
	CertificateFile string           // this station's, PEM
	KeyFile         string           // its key, PEM, PKCS #8
	RootFile        string           // the CA for stations and API, PEM: the only one we trust
	IssuersFile     string           // former issuers of its users' certificates, PEM; "": there are none
	Timeout         time.Duration    // of one call; 0 takes 20 s
	Now             func() time.Time // for validity of the API's certificate and the CRL; nil takes time.Now
}

const defaultTimeout = 20 * time.Second

// New reads the files. Kind BadInput, with the file as Subject, when one of
// them cannot be used. The CA is not asked yet.
func New(c Config) (*CA, error) {
	base, err := url.Parse(c.URL)
	if err != nil || base.Scheme != "https" || base.Host == "" || base.User != nil || base.RawQuery != "" {
		return nil, unusable(c.URL, errors.New("the CA's address is not of the form https://ca.corp.example:8443"))
	}
	pair, err := tls.LoadX509KeyPair(c.CertificateFile, c.KeyFile)
	if err != nil {
		return nil, unusable(c.CertificateFile+", "+c.KeyFile, err)
	}
	text, err := os.ReadFile(c.RootFile)
	if err != nil {
		return nil, unusable(c.RootFile, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, unusable(c.RootFile, errors.New("the file holds no certificate"))
	}
	former, err := readIssuers(c.IssuersFile)
	if err != nil {
		return nil, unusable(c.IssuersFile, err)
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	base.Path = strings.TrimSuffix(base.Path, "/")
	return &CA{base: base, now: c.Now, former: former, crl: crl{turn: make(chan struct{}, 1)}, client: &http.Client{
		Timeout:       c.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{ // HTTP/1.1: over HTTP/2 the CA's reason to end a handshake is lost
			IdleConnTimeout: time.Minute,
			TLSClientConfig: &tls.Config{
				Certificates: []tls.Certificate{pair}, RootCAs: roots, MinVersion: tls.VersionTLS13, Time: c.Now,
			},
		},
	}}, nil
}

func unusable(subject string, err error) error {
	return &engine.Error{Op: "connect to CA", Kind: engine.BadInput, Subject: subject, Err: err}
}

// Close closes connections that are kept for the next call.
func (c *CA) Close() { c.client.CloseIdleConnections() }

// Ready tells whether the CA answers, knows the template and lets this station
// ask for it, for so many days, and revoke. The CA says itself what it does not
// permit.
func (c *CA) Ready(ctx context.Context, profile string, validDays int) error {
	var t wire.Template
	return c.call(ctx, "check CA", http.MethodGet, wire.TemplatePath(profile, validDays), nil, &t)
}

// Ask sends a request. A no is an Answer; the error is CARefused when the
// station may not ask, the id was used for something else, or the approval that
// is named waits for an officer. A renewal is signed first, once.
func (c *CA) Ask(ctx context.Context, r engine.CARequest) (engine.Answer, error) {
	asked := wire.Request{
		ID: r.ID, Template: r.Profile, CSR: r.CSR, ValidDays: r.ValidDays,
		User:  wire.User{ID: string(r.User.ID), Name: r.User.Name, Logon: r.User.Logon},
		Actor: wire.Actor{Who: r.Actor.Who, Mode: string(r.Actor.Mode)},
		Hold:  r.Hold, Approval: r.Approval, Approved: r.Approved,
	}
	if r.Renewal != nil {
		by, err := x509.ParseCertificate(r.Renewal.By)
		if err != nil {
			return engine.Answer{}, fmt.Errorf("ask CA: read the certificate that signs: %w", err)
		}
		if asked.Renewal, err = wire.SignRenewal(r.CSR, by, r.Renewal.Key); err != nil {
			return engine.Answer{}, fmt.Errorf("ask CA: %w", err)
		}
	}
	var a wire.Answer
	if err := c.call(ctx, "ask CA", http.MethodPost, wire.RequestsPath, asked, &a); err != nil {
		return engine.Answer{}, err
	}
	if granted := a.State == engine.RequestApproved; granted && !r.Approval || a.State == engine.RequestIssued && r.Approval {
		return engine.Answer{}, c.mistaken("ask CA", fmt.Errorf("the request is %q, and approval was asked for: %t", a.State, r.Approval))
	}
	return c.answer("ask CA", a)
}

// Lookup asks what became of a request.
func (c *CA) Lookup(ctx context.Context, id string) (engine.Answer, bool, error) {
	return c.known(ctx, "look up request", http.MethodGet, wire.RequestPath(id))
}

// Withdraw takes back a request that the CA holds.
func (c *CA) Withdraw(ctx context.Context, id string) (engine.Answer, bool, error) {
	return c.known(ctx, "withdraw request", http.MethodPost, wire.WithdrawPath(id))
}

// known asks about a request; ok is false when the CA does not know it.
func (c *CA) known(ctx context.Context, op, method, path string) (engine.Answer, bool, error) {
	var a wire.Answer
	err := c.call(ctx, op, method, path, nil, &a)
	switch {
	case errors.Is(err, errNotFound):
		return engine.Answer{}, false, nil
	case err != nil:
		return engine.Answer{}, false, err
	}
	answer, err := c.answer(op, a)
	return answer, err == nil, err
}

// answer checks what the CA said against what it can say.
func (c *CA) answer(op string, a wire.Answer) (engine.Answer, error) {
	known := false
	switch a.State {
	case engine.RequestIssued:
		known = len(a.Certificate) > 0
	case engine.RequestPending, engine.RequestApproved, engine.RequestRejected, engine.RequestWithdrawn:
		known = len(a.Certificate) == 0
	}
	if !known {
		return engine.Answer{}, c.mistaken(op, fmt.Errorf("the request is %q with a certificate of %d bytes", a.State, len(a.Certificate)))
	}
	c.recheck(a.Certificate)
	retry := time.Duration(min(max(a.RetryAfter, 0), longestRetry)) * time.Second
	return engine.Answer{State: a.State, Certificate: a.Certificate, Words: engine.Clean(a.Words), RetryAfter: retry}, nil
}

// longestRetry is how long we let the CA keep us from asking again, in seconds.
const longestRetry = 24 * 60 * 60

// recheck forgets the issuers when none of them signed a certificate that the
// CA has just given out: it may have another certificate by now. Whoever
// compares the two asks for the issuers next, and then gets the CA's newest.
func (c *CA) recheck(der []byte) {
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return // none was issued, or whoever compares will say what is wrong with it
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, der := range c.issuers {
		issuer, err := x509.ParseCertificate(der)
		if err == nil && leaf.CheckSignatureFrom(issuer) == nil {
			return
		}
	}
	c.issuers = nil
}

// Revoke revokes a certificate and returns when the CA has it in its list.
func (c *CA) Revoke(ctx context.Context, serial string, why engine.RevokeReason) error {
	var done wire.Revoked
	defer c.crl.outdated() // also when the answer was lost
	return c.call(ctx, "revoke certificate", http.MethodPost, wire.RevokePath(serial), wire.Revocation{Reason: why}, &done)
}

// DecidesFirst reports that the CA decides before there is a key.
func (c *CA) DecidesFirst() bool { return true }

// Release takes a certificate off hold, and returns when the CA's list is without
// it.
func (c *CA) Release(ctx context.Context, serial string) error {
	var done wire.Released
	defer c.crl.outdated() // also when the answer was lost
	return c.call(ctx, "release certificate", http.MethodPost, wire.ReleasePath(serial), nil, &done)
}

// Former returns the certificates of the file of former issuers.
func (c *CA) Former() [][]byte { return c.former }

// Issuers returns the certificates under which the CA issues.
func (c *CA) Issuers(ctx context.Context) ([][]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.issuers != nil {
		return c.issuers, nil
	}
	var got wire.Issuers
	if err := c.call(ctx, "fetch CA certificate", http.MethodGet, wire.IssuersPath, nil, &got); err != nil {
		return nil, err
	}
	if len(got.Certificates) == 0 {
		return nil, c.mistaken("fetch CA certificate", errors.New("it has none"))
	}
	c.issuers = got.Certificates
	return c.issuers, nil
}
