package main

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"syscall"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// gateway stands between a kiosk and the CA, with the kiosk's own credential, and
// lets something happen before or after the CA has heard a request.
type gateway struct {
	url           string
	mu            sync.Mutex
	before, after func() // nil: nothing. Each happens once, and cuts the connection
}

func openGateway(s *heldSite) *gateway {
	s.t.Helper()
	station, err := tls.LoadX509KeyPair(s.path("station/station.crt"), s.path("station/station.key"))
	if err != nil {
		s.t.Fatal(err)
	}
	mine, err := tls.LoadX509KeyPair(s.path("server.pem"), s.path("server.key"))
	if err != nil {
		s.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(read(s.t, s.path("station/root.crt"))))
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "https", Host: s.serving.api})
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{station}}}
	proxy.Transport = transport
	g := &gateway{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.pass(proxy, w, r) }))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{mine}}
	server.StartTLS()
	s.t.Cleanup(func() { server.Close(); transport.CloseIdleConnections() })
	g.url = server.URL
	return g
}

// pass lets a request to the CA through, or something happen to whoever asks.
func (g *gateway) pass(proxy http.Handler, w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/requests" {
		proxy.ServeHTTP(w, r)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if do := g.before; do != nil {
		g.before = nil
		do()
		panic(http.ErrAbortHandler)
	}
	answer := httptest.NewRecorder()
	proxy.ServeHTTP(answer, r)
	if do := g.after; do != nil {
		g.after = nil
		do()
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// cutWhileAsking begins an update on the screen and kills the app twice: before the
// CA has heard its first request, and before the CA's answer has come back.
func (s *heldSite) cutWhileAsking(k kiosk, user, serial string, before map[engine.Place]string) {
	s.t.Helper()
	g := openGateway(s)
	direct := read(s.t, k.config)
	rewriteFile(s.t, k.config, "https://"+s.serving.api, g.url)
	rewriteFile(s.t, k.config, `root_file = "station/root.crt"`, `root_file = "root.pem"`)
	defer write(s.t, k.config, direct)
	for i, begin := range []func(*tmuxScreen){beginUpdate, continueUpdate} {
		term := k.screen()
		died := make(chan struct{})
		kill := func() { _ = syscall.Kill(term.pid, syscall.SIGKILL); close(died) }
		g.mu.Lock()
		if g.before = kill; i > 0 {
			g.before, g.after = nil, kill
		}
		g.mu.Unlock()
		term.opens(user)
		begin(term)
		<-died
		term.isDead()
		s.t.Logf("the app is killed while it asks the CA:\n%s", term.frame())
		if c := s.is(serial, engine.StateIssued); c.Unfinished == "" {
			s.t.Error("no update was begun")
		}
		for at, der := range s.holds("9a", "9c", "9d") {
			if der != before[at] {
				s.t.Errorf("%s holds another certificate", at)
			}
		}
		s.works("9a", "9c")
	}
}

// beginUpdate goes from the profile through the walk until the update runs.
func beginUpdate(term *tmuxScreen) {
	term.sees("Update card")
	term.press("Enter")
	term.sees("Which certificates?")
	term.press("Enter")
	term.enters("48291375")
	term.shows("This is what will happen")
	term.press("Left")
	term.press("Enter")
}

// continueUpdate goes on from the profile with what was begun.
func continueUpdate(term *tmuxScreen) {
	term.sees(words.English.Actions["continue"])
	term.press("Enter")
	term.enters("48291375")
}
