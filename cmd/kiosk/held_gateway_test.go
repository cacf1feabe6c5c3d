package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// gateway stands between a kiosk and the CA, with the kiosk's own credential, and
// lets something happen while the CA is asked.
type gateway struct {
	url string
	mu  sync.Mutex
	cut *cut
}

// cut is what happens, once, with the first request to a path: before the CA has
// heard it, or before the kiosk has heard the answer.
type cut struct {
	path  string // or its end
	after bool
	do    func()
	waits bool // after that, until whoever asks has given up
}

// behind puts a gateway between the kiosk and the CA, until restore.
func (k kiosk) behind(t *testing.T) (g *gateway, restore func()) {
	t.Helper()
	g = openGateway(k)
	direct := read(t, k.config)
	rewriteFile(t, k.config, "https://"+k.serving.api, g.url)
	rewriteFile(t, k.config, `root_file = "`+k.station+`/root.crt"`, `root_file = "root.pem"`)
	return g, func() { write(t, k.config, direct) }
}

func openGateway(k kiosk) *gateway {
	k.t.Helper()
	station, err := tls.LoadX509KeyPair(k.path(k.station+"/station.crt"), k.path(k.station+"/station.key"))
	if err != nil {
		k.t.Fatal(err)
	}
	mine, err := tls.LoadX509KeyPair(k.path("server.pem"), k.path("server.key"))
	if err != nil {
		k.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(read(k.t, k.path(k.station+"/root.crt"))))
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "https", Host: k.serving.api})
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{station}}}
	proxy.Transport = transport
	g := &gateway{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.pass(proxy, w, r) }))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{mine}}
	server.StartTLS()
	k.t.Cleanup(func() { server.Close(); transport.CloseIdleConnections() })
	g.url = server.URL
	return g
}

func (g *gateway) cuts(c cut) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cut = &c
}

// takes returns the cut that is for a request, for once.
func (g *gateway) takes(r *http.Request) *cut {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.cut
	if c == nil || r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, c.path) {
		return nil
	}
	g.cut = nil
	return c
}

// pass lets a request to the CA through, unless something happens to whoever asks.
func (g *gateway) pass(proxy http.Handler, w http.ResponseWriter, r *http.Request) {
	c := g.takes(r)
	if c == nil {
		proxy.ServeHTTP(w, r)
		return
	}
	if c.after {
		proxy.ServeHTTP(httptest.NewRecorder(), r)
	}
	c.do()
	if c.waits {
		_, _ = io.Copy(io.Discard, r.Body) // only then it is looked whether they are still there
		<-r.Context().Done()
	}
	panic(http.ErrAbortHandler)
}

// cutWhileAsking begins an update on the screen and kills the app twice: before the
// CA has heard its first request, and before the CA's answer has come back.
func (s *heldSite) cutWhileAsking(k kiosk, user, serial string, before map[engine.Place]string) {
	s.t.Helper()
	g, restore := k.behind(s.t)
	defer restore()
	for i, begin := range []func(*tmuxScreen){beginUpdate, continueUpdate} {
		term := k.screen()
		died := make(chan struct{})
		g.cuts(cut{path: "/requests", after: i > 0, do: func() { _ = syscall.Kill(term.pid, syscall.SIGKILL); close(died) }})
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

// dies runs kiosk update and kills it while it asks the CA something.
func (k kiosk) dies(user, path string, after bool, more ...string) {
	k.t.Helper()
	g, restore := k.behind(k.t)
	defer restore()
	args := append([]string{"update", "--config", k.config, "--user", user, "--yes", "--pin-file", k.path("pin")}, more...)
	cmd, said := exec.Command(kioskProgram(k.t), args...), &lockedBuffer{}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	died := make(chan struct{})
	g.cuts(cut{path: path, after: after, do: func() { _ = cmd.Process.Kill(); close(died) }})
	err := cmd.Wait()
	k.t.Logf("$ kiosk update --user %s --yes %s\n%s(%v)", user, strings.Join(more, " "), said, err)
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
		k.t.Fatal("it was not killed")
	}
	<-died
}

// beginUpdate goes from the profile through the walk until the update runs.
func beginUpdate(term *tmuxScreen) {
	term.chooses("Update card")
	term.sees("Which certificates?")
	term.press("Enter")
	term.enters("48291375")
	term.shows("This is what will happen")
	term.press("Left")
	term.press("Enter")
}

// continueUpdate goes on from the profile with what was begun.
func continueUpdate(term *tmuxScreen) {
	term.chooses(words.English.Actions["continue"])
	term.enters("48291375")
}
