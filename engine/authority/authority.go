package authority

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"time"
)

// Authority is a CA whose folder is open.
type Authority struct {
	book     *book
	rules    rules
	issuing  tree // signs cards' certificates and the CRL
	stations tree // signs stations' and the API's certificates
	server   tls.Certificate
	now      func() time.Time
	random   io.Reader
	log      *slog.Logger

	signing sync.Mutex // one certificate is signed at a time: two calls for one request sign it once
}

// Open opens the CA in a folder that Init made. The passphrase is not kept: the
// caller wipes it. Kind BadInput when it is the wrong one, or ca.toml cannot be
// used; the error says the line.
func Open(ctx context.Context, dir string, passphrase []byte, now func() time.Time, random io.Reader, log *slog.Logger) (*Authority, error) {
	a := &Authority{now: now, random: random, log: log}
	var err error
	if a.rules, err = loadRules(filepath.Join(dir, rulesFile)); err != nil {
		return nil, err
	}
	if a.issuing.cert, a.issuing.key, err = openPair(dir, issuerFile, issuerKeyFile, passphrase); err != nil {
		return nil, err
	}
	if a.stations.cert, a.stations.key, err = openPair(dir, stationCAFile, stationCAKey, passphrase); err != nil {
		return nil, err
	}
	cert, key, err := openPair(dir, serverFile, serverKeyFile, passphrase)
	if err != nil {
		return nil, err
	}
	a.server = tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
	path, err := filepath.Abs(filepath.Join(dir, databaseFile))
	if err != nil {
		return nil, fmt.Errorf("open CA: %w", err)
	}
	a.book, err = openBook(ctx, path)
	return a, err
}

// Close closes the database. Nothing may use the Authority any more.
func (a *Authority) Close() error { return a.book.Close() }

// Issuers returns the certificates under which the CA issues, DER.
func (a *Authority) Issuers() [][]byte { return [][]byte{a.issuing.cert.Raw} }

// clock tells the time as X.509 does, in whole seconds.
func (a *Authority) clock() time.Time { return a.now().UTC().Truncate(time.Second) }
