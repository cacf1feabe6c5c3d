package authority

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"cardkiosk/engine"
)

// longestName leaves room for " Stations" within the 64 characters that a
// common name may have (RFC 5280, appendix A.1).
const longestName = 50

// Options say what CA Init makes.
type Options struct {
	Name        string   // common name of the issuing CA's certificate
	Key         KeyKind  // of the issuing CA
	Years       int      // how long its certificate is valid
	CRLURL      string   // where relying parties fetch the CRL; http
	IssuerURL   string   // where they fetch the CA's certificate (AIA); http
	ServerNames []string // host names and addresses under which stations reach the API
	Officers    []string // system accounts that may decide what the CA holds
	Retry       string   // when stations are to ask again about what waits for an officer: "90s"; "" for 5m
	Rules       string   // TOML text of the [[template]] tables; "" takes an example
	Iterations  int      // of PBKDF2 over the passphrase; 0 takes 600,000. Fewer only for CAs that are thrown away
	Actor       engine.Actor
	Now         func() time.Time
	Random      io.Reader
}

// Init makes a CA in a folder that must not be there, or be empty. When it
// returns an error, nothing has been made.
func Init(ctx context.Context, dir string, passphrase []byte, o Options) error {
	if err := o.check(passphrase); err != nil {
		return err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("create CA: %w", err)
	}
	if err := vacant(dir); err != nil {
		return err
	}
	made, err := os.MkdirTemp(filepath.Dir(dir), ".kiosk-ca-*") // 0700; renamed when complete
	if err != nil {
		return &engine.Error{Op: "create CA", Kind: engine.BadInput, Subject: dir, Err: err}
	}
	defer os.RemoveAll(made) //nolint:errcheck // after the rename it is not there
	if err := o.fill(ctx, made, passphrase); err != nil {
		return err
	}
	if err := os.Rename(made, dir); err != nil {
		return fmt.Errorf("create CA: %w", err)
	}
	return nil
}

func (o Options) check(passphrase []byte) error {
	switch {
	case strings.TrimSpace(o.Name) == "" || engine.Clean(o.Name) != o.Name || utf8.RuneCountInString(o.Name) > longestName:
		return refuse("create CA", engine.BadInput, "the name has to have 1 to %d printable characters", longestName)
	case len(passphrase) < shortestPassphrase:
		return refuse("create CA", engine.BadInput, "the passphrase has fewer than %d characters", shortestPassphrase)
	case o.Years < 1 || o.Years > 30:
		return refuse("create CA", engine.BadInput, "%d years: the CA's certificate is to be valid for 1 to 30", o.Years)
	case len(o.ServerNames) == 0:
		return refuse("create CA", engine.BadInput, "name at least one host name or address under which stations reach the CA")
	}
	for _, h := range o.ServerNames {
		if net.ParseIP(h) == nil && !hostName(h) {
			return refuse("create CA", engine.BadInput, "%q is neither a host name nor an address", h)
		}
	}
	return nil
}

// fill makes the files of the CA.
func (o Options) fill(ctx context.Context, dir string, passphrase []byte) error {
	rules := o.renderRules()
	if _, err := parseRules(rulesFile, rules); err != nil {
		return err
	}
	if err := writeNew(dir, rulesFile, rules); err != nil {
		return err
	}
	s := seal{passphrase, cmp.Or(o.Iterations, defaultIterations)}
	if err := o.makeTrees(dir, s); err != nil {
		return err
	}
	book, err := openBook(ctx, filepath.Join(dir, databaseFile))
	if err != nil {
		return err
	}
	row := auditRow{At: o.Now(), Actor: o.Actor, Act: actCreate, Subject: o.Name}
	return errors.Join(book.witness(ctx, row), book.Close())
}

// makeTrees makes the issuing CA, the station CA and the API's certificate,
// which lives as long as the station CA: only our stations ever trust it.
func (o Options) makeTrees(dir string, s seal) error {
	now := o.Now().UTC().Truncate(time.Second)
	from, until := now.Add(-backdate), now.AddDate(o.Years, 0, 0)
	if _, err := o.plant(dir, o.Name, o.Key, issuerFile, issuerKeyFile, s, from, until); err != nil {
		return err
	}
	stations, err := o.plant(dir, o.Name+" Stations", KeyP256, stationCAFile, stationCAKey, s, from, until)
	if err != nil {
		return err
	}
	key, err := makeKey(KeyP256, o.Random)
	if err != nil {
		return err
	}
	cert, err := stations.credential(o.Name+" API", key.Public(), o.ServerNames, from, until, o.Random)
	if err != nil {
		return err
	}
	if err := s.write(dir, serverKeyFile, key); err != nil {
		return err
	}
	return writePEM(dir, serverFile, pemCertificate, cert.Raw)
}

// plant makes a tree and writes it.
func (o Options) plant(dir, name string, kind KeyKind, certName, keyName string, s seal, from, until time.Time) (tree, error) {
	key, err := makeKey(kind, o.Random)
	if err != nil {
		return tree{}, err
	}
	t, err := plantTree(name, key, from, until, o.Random)
	if err != nil {
		return tree{}, err
	}
	if err := s.write(dir, keyName, key); err != nil {
		return tree{}, err
	}
	return t, writePEM(dir, certName, pemCertificate, t.cert.Raw)
}
