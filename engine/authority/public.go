package authority

import (
	"bytes"
	"net/http"
	"time"

	"cardkiosk/engine"
)

// PublicHandler serves the CRL and the CA's certificate to everybody, at the
// paths that the certificates name. It is for plain HTTP: both are signed.
func (a *Authority) PublicHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathOf(a.rules.CRL.URL), a.serveCRL)
	mux.HandleFunc("GET "+pathOf(a.rules.Issuer.URL), func(w http.ResponseWriter, r *http.Request) {
		serveFile(w, r, "application/pkix-cert", a.issuing.cert.NotBefore, a.issuing.cert.Raw)
	})
	return mux
}

// serveCRL reads the newest CRL each time: another process may have published
// it.
func (a *Authority) serveCRL(w http.ResponseWriter, r *http.Request) {
	crl, err := a.book.latestCRL(r.Context())
	if err != nil || crl.Number == 0 {
		a.log.Error("CRL was not served", "err", err)
		http.Error(w, "no CRL", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("ETag", `"`+engine.Fingerprint(crl.DER)+`"`) // two of one second differ
	serveFile(w, r, "application/pkix-crl", crl.ThisUpdate, crl.DER)
}

// serveFile answers as RFC 2585, section 4 has it, and lets caches ask whether
// something is new.
func serveFile(w http.ResponseWriter, r *http.Request, contentType string, made time.Time, der []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "", made, bytes.NewReader(der))
}
