package access

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cardkiosk/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const testSecret = "a secret of the two, 32 bytes long"

func secretFile(t *testing.T, secret string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "access.secret")
	must(t, os.WriteFile(name, []byte(secret), 0o600))
	return name
}

// arrived is a request with its body.
type arrived struct {
	*http.Request
	body []byte
}

// receiving starts a server over TLS that answers as the test likes, and
// returns how it is reached.
func receiving(t *testing.T, answer http.HandlerFunc) Config {
	t.Helper()
	s := httptest.NewUnstartedServer(answer)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return Config{URL: s.URL + "/cards", SecretFile: secretFile(t, testSecret+"\n"), CAFile: caFile(t, s.Certificate())}
}

func caFile(t *testing.T, cert *x509.Certificate) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}), 0o600))
	return name
}

func open(t *testing.T, c Config) *System {
	t.Helper()
	s, err := Open(c)
	must(t, err)
	t.Cleanup(s.Close)
	return s
}

// opened is a system that answers with a status, and what arrives there.
func opened(t *testing.T, status int, secret string) (*System, <-chan arrived) {
	t.Helper()
	all := make(chan arrived, 8)
	c := receiving(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		all <- arrived{r, body}
		w.WriteHeader(status)
	})
	c.SecretFile = secretFile(t, secret)
	return open(t, c), all
}

func says(status int, contentType, text string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

var note = engine.AccessNote{Key: "r1/11", Event: engine.AccessRemove, Card: engine.Identity{ID: "yubikey-1"}, User: engine.UserRef{ID: "u1"}}

// What the access system answers becomes what can be done about it, in its own
// words, made fit for a terminal.
func TestAnswers(t *testing.T) {
	const problem, plain = "application/problem+json; charset=utf-8", "text/plain"
	done := engine.Kind(-1)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		kind   engine.Kind
		says   string
	}{
		"done":                        {says(200, plain, "thank you"), done, ""},
		"done, without content":       {says(204, plain, ""), done, ""},
		"to be done":                  {says(202, plain, ""), done, ""},
		"done, at endless length":     {endless(200), done, ""},
		"done before":                 {says(409, problem, `{"detail":"seen"}`, "Idempotency-Key", "r1/11"), done, ""},
		"another came before":         {says(409, problem, `{"detail":"another card has it"}`, "Idempotency-Key", "r1/12"), engine.AccessRefused, "another card has it"},
		"a conflict about no key":     {says(409, problem, `{}`), engine.AccessRefused, "status 409 Conflict"},
		"too slow":                    {says(408, plain, ""), engine.AccessAway, "status 408"},
		"too early":                   {says(425, plain, ""), engine.AccessAway, "status 425"},
		"too many":                    {says(429, plain, ""), engine.AccessAway, "status 429"},
		"broken":                      {says(500, plain, "stack trace"), engine.AccessAway, "status 500"},
		"in maintenance":              {says(503, "text/html", "<h1>back soon</h1>"), engine.AccessAway, "status 503"},
		"cut off":                     {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, engine.AccessAway, "EOF"},
		"refused with a problem":      {says(403, problem, `{"title":"Forbidden","detail":"card unknown"}`), engine.AccessRefused, "refused: card unknown"},
		"refused with a title":        {says(400, "application/json", `{"title":"No such person"}`), engine.AccessRefused, "No such person"},
		"refused in plain words":      {says(400, "text/plain; charset=utf-8", "\n no such person \r\nline 2"), engine.AccessRefused, "refused: no such person"},
		"refused with a page":         {says(404, "text/html", "<h1>404</h1>"), engine.AccessRefused, "status 404 Not Found"},
		"refused without words":       {says(401, plain, ""), engine.AccessRefused, "status 401 Unauthorized"},
		"refused with rubbish":        {says(422, problem, `{"detail":`), engine.AccessRefused, "status 422"},
		"refused, and escapes":        {says(400, plain, "no\x1b[2J\u202e"), engine.AccessRefused, "no\ufffd[2J\ufffd"},
		"refused at length":           {says(400, plain, strings.Repeat("ö", 300)), engine.AccessRefused, "refused: " + strings.Repeat("ö", maxWords) + "…"},
		"refused at endless length":   {endless(400), engine.AccessRefused, "xxx…"},
		"with an endless head":        {says(204, plain, "", "X-Rubbish", strings.Repeat("x", maxAnswer+1)), engine.AccessAway, ""},
		"in a status nobody knows":    {says(499, plain, ""), engine.AccessRefused, "status 499"},
		"refused for its TLS version": {says(426, plain, ""), engine.AccessRefused, "426"},
	} {
		t.Run(name, func(t *testing.T) {
			err := open(t, receiving(t, c.answer)).Tell(t.Context(), note)
			if c.kind == done {
				if err != nil {
					t.Error(err)
				}
				return
			}
			said := strings.Replace(err.Error(), opTell+" (", "refused: ", 1)
			if !engine.Is(err, c.kind) || !strings.Contains(said, c.says) || strings.Contains(said, "\x1b") {
				t.Errorf("kind %d, not %d: %v", engine.KindOf(err), c.kind, err)
			}
			if strings.Contains(err.Error(), testSecret) {
				t.Errorf("the secret is in %v", err)
			}
		})
	}
}

// endless answers until nobody listens any more.
func endless(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(status)
		for {
			if _, err := io.WriteString(w, strings.Repeat("x", 1<<16)); err != nil {
				return
			}
		}
	}
}

// An event goes where the configuration says, and nowhere else.
func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := receiving(t, func(http.ResponseWriter, *http.Request) { t.Error("the event went elsewhere") })
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := open(t, receiving(t, http.RedirectHandler(elsewhere.URL, status).ServeHTTP))
		if err := s.Tell(t.Context(), note); !engine.Is(err, engine.AccessRefused) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// An access system that is slow, not there, or somebody else is away, and says
// why where that helps; giving up is not its fault.
func TestUnreached(t *testing.T) {
	slow := receiving(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client is gone
		<-r.Context().Done()
		panic(http.ErrAbortHandler) // an answer could still reach a client that is hanging up
	})
	slow.Timeout = 50 * time.Millisecond
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	ours := receiving(t, says(204, "", ""))
	stranger, other, late := ours, ours, ours
	stranger.CAFile = caFile(t, foreign(t))
	other.ServerName = "access.corp.example"
	late.Now = func() time.Time { return time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC) }
	named := ours
	named.ServerName = "example.com" // is in httptest's certificate
	for name, c := range map[string]struct {
		config Config
		says   string
	}{
		"slow":                {slow, "deadline exceeded"},
		"down":                {Config{URL: down.URL, SecretFile: ours.SecretFile}, "refused"},
		"not trusted":         {stranger, "its certificate is not trusted"},
		"under another name":  {other, "its certificate is not trusted"},
		"with an expired one": {late, "its certificate is not trusted"},
	} {
		err := open(t, c.config).Tell(t.Context(), note)
		if !engine.Is(err, engine.AccessAway) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := open(t, named).Tell(t.Context(), note); err != nil {
		t.Errorf("under the name in its certificate: %v", err)
	}
}

// foreign is a certificate that has nothing to do with any server here.
func foreign(t *testing.T) *x509.Certificate {
	t.Helper()
	certFile, _ := certificateFor(t, "foreign")
	text, err := os.ReadFile(certFile)
	must(t, err)
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	must(t, err)
	return cert
}

// An event that is given up ends at once, and says so.
func TestGivenUp(t *testing.T) {
	ctx, giveUp := context.WithCancel(t.Context())
	s := open(t, receiving(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		giveUp()
		<-r.Context().Done()
		panic(http.ErrAbortHandler) // an answer could still reach a client that is hanging up
	}))
	if err := s.Tell(ctx, note); !engine.Is(err, engine.Stopped) {
		t.Errorf("given up: %v", err)
	}
}

// A new secret is used as soon as it is in its file; while there is none, events
// wait.
func TestSecretChanges(t *testing.T) {
	s, all := opened(t, 204, testSecret)
	tell := func(want string) {
		t.Helper()
		must(t, s.Tell(t.Context(), note))
		a := <-all
		if got := a.Header.Get("Kiosk-Signature"); got != signature([]byte(want), a.Header.Get("Kiosk-Timestamp"), a.body) {
			t.Errorf("the signature %s is not by %q", got, want)
		}
	}
	tell(testSecret)
	next := strings.Repeat("\x00\n", 16) + "x" // any bytes will do
	must(t, os.WriteFile(s.secret, []byte(next+"\r\n"), 0o600))
	tell(next)
	must(t, os.Remove(s.secret))
	if err := s.Tell(t.Context(), note); !engine.Is(err, engine.AccessAway) || !strings.Contains(err.Error(), "no secret to sign with") {
		t.Errorf("without a secret: %v", err)
	}
}

// A note that no header could carry is not sent.
func TestUnfitKeys(t *testing.T) {
	s, all := opened(t, 204, testSecret)
	for _, key := range []string{"", "a b", "a\nHost: evil", "ö", strings.Repeat("x", 129)} {
		n := note
		n.Key = key
		var ours *engine.Error
		if err := s.Tell(t.Context(), n); err == nil || errors.As(err, &ours) {
			t.Errorf("%q: %v", key, err)
		}
	}
	if len(all) != 0 {
		t.Errorf("%d were sent", len(all))
	}
}

// What cannot be used is named, without repeating what may be a secret.
func TestOpenRefuses(t *testing.T) {
	good := receiving(t, says(204, "", ""))
	for name, c := range map[string]struct {
		change        func(*Config)
		setting, says string
	}{
		"no URL":              {func(c *Config) { c.URL = "" }, "url", "of the form"},
		"no host":             {func(c *Config) { c.URL = "https:///cards" }, "url", "of the form"},
		"a strange scheme":    {func(c *Config) { c.URL = "ftp://access.corp.example" }, "url", "https://"},
		"plain http":          {func(c *Config) { c.URL = "http://access.corp.example/cards" }, "url", "https://"},
		"plain http, by name": {func(c *Config) { c.URL = "http://localhost.corp.example/cards" }, "url", "https://"},
		"a password":          {func(c *Config) { c.URL = "https://kiosk:hunter2@access.corp.example/" }, "url", "a file of its own"},
		"a token":             {func(c *Config) { c.URL = "https://access.corp.example/?token=hunter2" }, "url", "a file of its own"},
		"no secret":           {func(c *Config) { c.SecretFile = "" }, "secret_file", "read secret"},
		"31 bytes":            {func(c *Config) { c.SecretFile = secretFile(t, strings.Repeat("x", 31)+"\r\n") }, "secret_file", "has 31 bytes"},
		"no CA":               {func(c *Config) { c.CAFile = "/nowhere.pem" }, "ca_file", "/nowhere.pem"},
		"no certificate":      {func(c *Config) { c.CAFile = c.SecretFile }, "ca_file", "no certificate"},
		"a negative time":     {func(c *Config) { c.Timeout = -1 }, "timeout", "less than nothing"},
	} {
		config := good
		c.change(&config)
		_, err := Open(config)
		var e *engine.Error
		if !errors.As(err, &e) || e.Kind != engine.BadInput || e.Subject != c.setting || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, url := range []string{"http://127.0.0.1:8444/cards", "http://[::1]/", "http://localhost:1", "https://access.corp.example"} {
		config := good
		config.URL = url
		if _, err := Open(config); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}
