// Package crl tells which certificates are revoked, by the lists that CAs sign
// (RFC 5280, 5).
//
// A list is kept until it ends, and looked for anew every hour before that. When
// no list of a certificate's issuer is in force, nobody knows whether it is
// revoked, and Find says so: it never takes silence for a no.
package crl

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"cardkiosk/engine"
)

// Config says where lists are. Fields left empty get the defaults named beside
// them.
type Config struct {
	Sources []Source
	Timeout time.Duration // for one list: 10 s
	Refresh time.Duration // how old a list may get before a newer one is looked for: 1 h
	Now     func() time.Time
	Log     *slog.Logger
}

// Source is where a list is: at a URL or in a file, in DER or PEM.
type Source struct {
	URL    string // http:// or https://
	CAFile string // PEM, the roots for https://; "" means the system's
	File   string
}

// Lists are the lists of several CAs. They are safe for use by several
// goroutines.
type Lists struct {
	sources []*source
}

// Open prepares the lists; nothing is fetched yet. The error is of Kind BadInput
// and names the setting that is wrong.
func Open(cfg Config) (*Lists, error) {
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.Refresh == 0 {
		cfg.Refresh = time.Hour
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	l := &Lists{}
	for _, s := range cfg.Sources {
		client, err := s.client(cfg.Timeout)
		if err != nil {
			return nil, err
		}
		l.sources = append(l.sources, &source{Source: s, cfg: cfg, client: client, turn: make(chan struct{}, 1)})
	}
	return l, nil
}

// client fetches from a URL; nil for files.
func (s Source) client(timeout time.Duration) (*http.Client, error) {
	if s.URL == "" {
		return nil, nil
	}
	if u, err := url.Parse(s.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return nil, refuse("url", "it must be http:// or https://, without a name or a password")
	}
	var roots *x509.CertPool
	if s.CAFile != "" {
		pem, err := os.ReadFile(s.CAFile)
		if err != nil {
			return nil, refuse("ca_file", err.Error())
		}
		if roots = x509.NewCertPool(); !roots.AppendCertsFromPEM(pem) {
			return nil, refuse("ca_file", s.CAFile+": no certificate in PEM is in it")
		}
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}
	return &http.Client{Transport: transport, Timeout: timeout}, nil
}

func refuse(setting, why string) error {
	return &engine.Error{Op: "set up revocation lists", Kind: engine.BadInput, Subject: setting, Err: errors.New(why)}
}

// name is how people know a source.
func (s Source) name() string {
	if s.URL != "" {
		return s.URL
	}
	return s.File
}

// Find returns a certificate's entry in its issuer's list, nil when it is not
// there. issuer is the certificate that has signed it. An error of Kind CAAway
// means that nobody knows.
func (l *Lists) Find(ctx context.Context, c, issuer *x509.Certificate) (*x509.RevocationListEntry, error) {
	var known, others []*source
	for _, s := range l.sources {
		if s.knows(ctx, issuer) {
			known = append(known, s)
		} else {
			others = append(others, s)
		}
	}
	found, why := newest(ctx, known, c, issuer)
	if found == nil { // else what other CAs' servers do, or do not, is nothing to us
		var more []string
		found, more = newest(ctx, others, c, issuer)
		why = append(why, more...)
	}
	if found != nil {
		return found.entry(c), nil
	}
	if len(why) == 0 {
		why = []string{"there is no list of this CA"}
	}
	return nil, &engine.Error{
		Op: "look up revocation", Kind: engine.CAAway, Subject: engine.Clean(issuer.Subject.String()),
		Err: errors.New(engine.Clean(strings.Join(why, "; "))),
	}
}

// newest returns the newest list that tells of a certificate, nil when none
// does, and why others do not.
func newest(ctx context.Context, sources []*source, c, issuer *x509.Certificate) (found *list, why []string) {
	for _, s := range sources {
		got, err := s.current(ctx, issuer)
		if err == nil {
			err = got.scope.covers(c)
		}
		switch {
		case errors.Is(err, errOther):
		case err != nil:
			why = append(why, s.name()+": "+err.Error())
		case found == nil || got.number().Cmp(found.number()) > 0:
			found = got
		}
	}
	return found, why
}

// errOther: a list is another CA's.
var errOther = errors.New("the list is another CA's")
