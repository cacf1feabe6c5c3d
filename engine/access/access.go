// Package access tells an access system which cards are authenticators: one
// signed JSON event per note, by HTTP POST. docs/access-system.md is the
// contract with whoever receives them.
//
// Nothing is kept and nothing is tried again here: the same note may be told as
// often as it takes, and the receiver counts it once.
package access

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"cardkiosk/engine"
)

// Config says where the access system is, and how it knows us.
type Config struct {
	URL        string           // "https://access.corp.example/cards"; http only on this machine
	SecretFile string           // 32 bytes or more; its last line end is not part of the secret
	CAFile     string           // PEM; "": the system's roots
	ServerName string           // the name in the server's certificate; "": the host of URL
	Timeout    time.Duration    // of one event, from dialling to the answer; 0: 20 s
	Now        func() time.Time // for the event's time stamp and the server's certificate; nil: time.Now
}

const defaultTimeout = 20 * time.Second

// System is the access system. It may be used by several goroutines.
type System struct {
	url    *url.URL
	secret string // the file: a new secret is used from the next event on
	now    func() time.Time
	client *http.Client
}

var _ engine.AccessSystem = (*System)(nil)

// Open checks the configuration, and does not yet speak to the system. Kind
// BadInput, with the setting as Subject, when it cannot be used.
func Open(c Config) (*System, error) {
	to, err := address(c.URL)
	if err != nil {
		return nil, unusable("url", err)
	}
	secret, err := readSecret(c.SecretFile)
	if err != nil {
		return nil, unusable("secret_file", err)
	}
	clear(secret)
	roots, err := readRoots(c.CAFile)
	if err != nil {
		return nil, unusable("ca_file", err)
	}
	switch {
	case c.Timeout < 0:
		return nil, unusable("timeout", fmt.Errorf("%v is less than nothing", c.Timeout))
	case c.Timeout == 0:
		c.Timeout = defaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &System{url: to, secret: c.SecretFile, now: c.Now, client: &http.Client{
		Timeout:       c.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: maxAnswer,
			TLSClientConfig:        &tls.Config{RootCAs: roots, ServerName: c.ServerName, MinVersion: tls.VersionTLS12, Time: c.Now},
		},
	}}, nil
}

func unusable(setting string, err error) error {
	return &engine.Error{Op: "set up access system", Kind: engine.BadInput, Subject: setting, Err: err}
}

// address reads the URL. What is wrong with it is said without repeating it: it
// may hold a password.
func address(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Hostname() == "":
		return nil, errors.New("it is not of the form https://access.corp.example/cards")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("it must not hold a name, a password or anything after the path: the secret has a file of its own")
	case u.Scheme == "http" && !thisMachine(u.Hostname()), u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("it has to begin with https://; http:// only reaches this machine")
	}
	return u, nil
}

// thisMachine reports whether a host is this one. What "localhost" is, is left
// to RFC 6761, 6.3.
func thisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// readRoots returns the certificates to trust; nil means the system's.
func readRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: no certificate in PEM is in it", file)
	}
	return pool, nil
}

// Close closes connections that are kept for the next event.
func (s *System) Close() { s.client.CloseIdleConnections() }

const opTell = "tell access system"

// Tell sends one event.
func (s *System) Tell(ctx context.Context, n engine.AccessNote) error {
	req, err := s.request(ctx, n)
	if err != nil {
		return err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return s.unreached(ctx, err)
	}
	defer resp.Body.Close() //nolint:errcheck // everything wanted was read
	// The status says it all: words that break off are words less.
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return s.judge(resp, n.Key, body)
}

// request makes the signed event. The time stamp is that of this try.
func (s *System) request(ctx context.Context, n engine.AccessNote) (*http.Request, error) {
	body, err := bodyOf(n)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", opTell, err)
	}
	secret, err := readSecret(s.secret)
	if err != nil {
		return nil, s.away("there is no secret to sign with", err)
	}
	defer clear(secret)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", opTell, err)
	}
	stamp := strconv.FormatInt(s.now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Kiosk-Timestamp", stamp)
	req.Header.Set("Kiosk-Signature", signature(secret, stamp, body))
	req.Header.Set(keyHeader, n.Key)
	return req, nil
}

// keyHeader also tells net/http that it may try again when a kept connection is
// dead.
const keyHeader = "Idempotency-Key"

// fitKey refuses a key that no header can carry as it is.
func fitKey(key string) error {
	if key == "" || len(key) > 128 || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Errorf("%q is no idempotency key", key)
	}
	return nil
}
