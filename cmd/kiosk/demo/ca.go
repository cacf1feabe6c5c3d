package demo

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"

	"cardkiosk/engine"
	"cardkiosk/engine/authority"
)

// rules are what the demo's CA issues: what the configuration below asks for.
const rules = `
[[template]]
name           = "authentication"
decision       = "issue"
subject_fixed  = ["O=Corp Example"]
subject_open   = ["CN"]
san            = { upn = ["corp.example"], email = ["corp.example"] }
usage          = ["digitalSignature"]
extended       = ["clientAuth", "smartcardLogon"]
sid            = true
keys           = ["p256", "p384", "rsa2048"]
max_valid_days = 1096

[[template]]
name           = "signing"
decision       = "issue"
subject_fixed  = ["O=Corp Example"]
subject_open   = ["CN"]
san            = { email = ["corp.example"] }
usage          = ["digitalSignature", "contentCommitment"]
extended       = ["emailProtection"]
keys           = ["p256", "p384", "rsa2048"]
max_valid_days = 1096

[[template]]
name           = "encryption"
decision       = "hold" # an officer looks at who gets the key to encrypted mail …
renewal        = "issue" # … once
renewal_signed_by = ["authentication"]
subject_fixed  = ["O=Corp Example"]
subject_open   = ["CN"]
san            = { email = ["corp.example"] }
usage          = ["keyAgreement"]
extended       = ["emailProtection"]
keys           = ["p256", "p384"]
max_valid_days = 1096

[[template]]
name           = "vpn"
decision       = "issue"
subject_fixed  = ["O=Corp Example"]
subject_open   = ["CN"]
usage          = ["digitalSignature"]
extended       = ["clientAuth"]
keys           = ["p256", "p384", "rsa2048"]
max_valid_days = 1096
`

// Officer decides what the demo's CA holds.
var Officer = engine.Actor{Who: "theo", Station: "ca", Mode: engine.Operator}

// retry is when the kiosk asks again what was decided: somebody is watching.
const retry = "2s"

// rulesOf are the rules of the CA.
func (o Options) rulesOf() string {
	if o.AtOnce {
		return strings.ReplaceAll(rules, `"hold"`, `"issue"`)
	}
	return rules
}

// openCA makes the CA and this kiosk's station, serves it on loopback, and
// returns the address of its API.
func (w *World) openCA(ctx context.Context, o Options) (string, error) {
	var listen net.ListenConfig
	api, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen for the CA: %w", err)
	}
	public, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen for the CRL: %w", err)
	}
	passphrase := make([]byte, 16)
	if _, err := rand.Read(passphrase); err != nil {
		return "", fmt.Errorf("draw passphrase: %w", err)
	}
	dir, actor := filepath.Join(w.Folder, "ca"), engine.Actor{Who: "demo", Station: "demo", Mode: engine.Operator}
	at := "http://" + public.Addr().String()
	if err := authority.Init(ctx, dir, passphrase, authority.Options{
		Name: "Corp Issuing CA", Key: authority.KeyP256, Years: 10, CRLURL: at + "/crl", IssuerURL: at + "/ca.cer",
		ServerNames: []string{"127.0.0.1"}, Officers: []string{Officer.Who}, Retry: retry, Rules: o.rulesOf(), Actor: actor, Now: w.Now, Random: rand.Reader,
		Iterations: 1000, // its passphrase is a random number that nobody keeps
	}); err != nil {
		return "", err
	}
	a, err := authority.Open(ctx, dir, passphrase, w.Now, rand.Reader, quiet())
	if err != nil {
		return "", err
	}
	w.closing(a.Close)
	w.CA = a
	if _, err := a.MakeStation(ctx, actor, authority.NewStation{
		Name: station, MayAsk: true, MayRevoke: true, Days: 30, Dir: filepath.Join(w.Folder, "station"),
	}); err != nil {
		return "", err
	}
	ctx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- a.Serve(ctx, api, public) }()
	w.closing(func() error { stop(); return <-done })
	w.crl = at + "/crl"
	return "https://" + api.Addr().String(), nil
}

// CRL fetches the CA's revocation list, as anybody would.
func (w *World) CRL(ctx context.Context) (*x509.RevocationList, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.crl, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch CRL: %w", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetch CRL: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // only read from
	der, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("fetch CRL: %w", err)
	}
	return x509.ParseRevocationList(der)
}
