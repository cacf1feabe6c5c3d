package authority

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"cardkiosk/engine"
)

// NewStation says which station is made.
type NewStation struct {
	Name      string // letters, digits, '-', '_' or '.', at most 64
	MayAsk    bool
	MayRevoke bool
	Days      int    // how long its certificate is valid; never longer than the station CA's
	Dir       string // where its key, certificate and root go; made when missing
}

var stationName = regexp.MustCompile(`^[0-9A-Za-z._-]{1,64}$`)

// MakeStation makes a station's key and certificate and writes them, with the
// certificate it is to trust, as files of their owner only. The CA does not
// keep the key. Nothing is overwritten.
func (a *Authority) MakeStation(ctx context.Context, actor engine.Actor, n NewStation) (Station, error) {
	switch {
	case !stationName.MatchString(n.Name):
		return Station{}, refuse("make station", engine.BadInput, "the name %q has to have 1 to 64 letters, digits, '-', '_' or '.'", n.Name)
	case n.Days < 1:
		return Station{}, refuse("make station", engine.BadInput, "the certificate has to be valid for at least one day")
	}
	if err := makeRoom(n.Dir); err != nil {
		return Station{}, err
	}
	key, err := makeKey(KeyP256, a.random)
	if err != nil {
		return Station{}, err
	}
	now := a.clock()
	cert, err := a.stations.credential(n.Name, key.Public(), nil, now.Add(-backdate), now.AddDate(0, 0, n.Days), a.random)
	if err != nil {
		return Station{}, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Station{}, fmt.Errorf("encode station's key: %w", err)
	}
	defer clear(keyDER)
	s := Station{
		Name: n.Name, Serial: cert.SerialNumber.Text(16), MayAsk: n.MayAsk, MayRevoke: n.MayRevoke,
		Made: now, NotAfter: cert.NotAfter, der: cert.Raw,
	}
	if err := a.book.addStation(ctx, s, auditRow{At: now, Actor: actor, Act: actMakeStation, Subject: n.Name, Detail: s.Serial}); err != nil {
		return Station{}, err
	}
	return s, errors.Join(
		writePEM(n.Dir, StationKeyFile, pemOpenKey, keyDER),
		writePEM(n.Dir, StationCertificateFile, pemCertificate, cert.Raw),
		writePEM(n.Dir, StationRootFile, pemCertificate, a.stations.cert.Raw))
}

// makeRoom makes the folder and refuses one that has a station in it.
func makeRoom(dir string) error {
	if err := os.MkdirAll(dir, privateDirMode); err != nil {
		return &engine.Error{Op: "make station", Kind: engine.BadInput, Subject: dir, Err: err}
	}
	for _, name := range []string{StationKeyFile, StationCertificateFile, StationRootFile} {
		path := filepath.Join(dir, name)
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			return &engine.Error{
				Op: "make station", Kind: engine.BadInput, Subject: path,
				Err: errors.New("the file is there already, and nothing is overwritten: name another folder"),
			}
		}
	}
	return nil
}

// mayRevoke refuses a station without the right.
func (s Station) mayRevoke() error {
	if s.MayRevoke {
		return nil
	}
	return refuse("revoke certificate", engine.Forbidden, "station %s may not revoke certificates, and so not take an update back%s", s.Name, s.remedy())
}

// remedy says how a station gets the rights that updates need.
func (s Station) remedy() string {
	return fmt.Sprintf(": kiosk ca station %s --rights ask,revoke makes it a certificate that may", s.Name)
}

// RevokeStation takes a station's certificates from it. It is refused from its
// next request on, also over a connection that is open. Revoked before is no
// error; ErrUnknown when there is no such station.
func (a *Authority) RevokeStation(ctx context.Context, actor engine.Actor, name string) error {
	now := a.clock()
	return a.book.revokeStation(ctx, name, now, auditRow{At: now, Actor: actor, Act: actRevokeStation, Subject: name})
}

// Stations lists the stations, also those that were revoked.
func (a *Authority) Stations(ctx context.Context) ([]Station, error) { return a.book.allStations(ctx) }

// admitStation tells whose certificate it is. TLS has checked the chain; here
// the CA's own list decides, at each request.
func (a *Authority) admitStation(ctx context.Context, cert *x509.Certificate) (Station, error) {
	s, ok, err := a.book.station(ctx, cert.SerialNumber.Text(16))
	switch {
	case err != nil:
		return Station{}, err
	case !ok || !bytes.Equal(s.der, cert.Raw):
		return Station{}, refuse("admit station", engine.Forbidden, "the CA does not know this station's certificate")
	case !s.Revoked.IsZero():
		return Station{}, refuse("admit station", engine.Forbidden, "station %s was revoked on %s", s.Name, s.Revoked.Format("2006-01-02 15:04 MST"))
	case !a.now().Before(s.NotAfter):
		return Station{}, refuse("admit station", engine.Forbidden, "the certificate of station %s ended on %s", s.Name, s.NotAfter.Format("2006-01-02 15:04 MST"))
	}
	return s, nil
}
