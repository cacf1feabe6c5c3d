package ldap

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"cardkiosk/engine"
)

// When the first server is away the next is asked, and the first again after a
// while.
func TestNextServer(t *testing.T) {
	first, second := newSlapd(t), newSlapd(t)
	clock := &clock{now: time.Unix(0, 0)}
	cfg := first.config()
	cfg.Servers, cfg.Now, cfg.Attributes.Name = []string{"ldaps://" + first.tls, "ldaps://" + second.tls}, clock.time, []string{"cn"}
	pool := t.TempDir() + "/roots.pem"
	joinFiles(t, pool, first.caFile, second.caFile)
	cfg.CAFile = pool
	d := open(t, cfg)

	ask := func(want int) {
		t.Helper()
		if got := found(t, d, "user0042"); len(got) != 1 || d.idle[0].server != want {
			t.Fatalf("found %q on server %d, wanted server %d", got, d.idle[0].server, want)
		}
	}
	ask(0)
	first.kill()
	ask(1)
	first.start()
	ask(1)
	clock.advance(2 * time.Minute)
	ask(0)
}

// A server whose certificate is not trusted is passed over like one that is
// away; one that refuses the password is not, because the next would count the
// same wrong password.
func TestPassedOver(t *testing.T) {
	untrusted, trusted := newSlapd(t), newSlapd(t)
	cfg := trusted.config()
	cfg.Servers = []string{"ldaps://" + untrusted.tls, "ldaps://" + trusted.tls}
	if got := found(t, open(t, cfg), "user0042"); len(got) != 1 {
		t.Errorf("found %q", got)
	}
	cfg.Servers = []string{"ldaps://" + trusted.tls, "ldaps://" + untrusted.tls}
	cfg.PasswordFile = trusted.file("wrong", "wrong")
	wantError(t, oneError(t, open(t, cfg)), engine.DirectoryRefused, trusted.tls)
}

// clock is a clock that the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// When no server answers, all of them are named.
func TestAllAway(t *testing.T) {
	s := newSlapd(t)
	cfg := s.config()
	cfg.Servers = append(cfg.Servers, "ldaps://"+freePort(t))
	s.kill()
	err := oneError(t, open(t, cfg))
	for _, name := range cfg.Servers {
		wantError(t, err, engine.DirectoryAway, name)
	}
}

// A server that is killed between two pages ends the search in words; when it
// is back, the same Directory finds users again without anybody noticing.
func TestKilledBetweenPages(t *testing.T) {
	s := newSlapd(t)
	d := open(t, s.config())
	h := d.Search("user")
	defer h.Close()
	if _, err := h.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.kill()
	_, err := h.Next(t.Context())
	wantError(t, err, engine.DirectoryAway, s.tls)
	if _, again := h.Next(t.Context()); !errors.Is(again, err) {
		t.Errorf("the search went on with %v", again)
	}
	s.start()
	if got := found(t, d, "user0042"); len(got) != 1 {
		t.Errorf("found %q", got)
	}
}

// A connection that the server closed while nobody used it is replaced, and
// nobody notices.
func TestServerRestarted(t *testing.T) {
	s := newSlapd(t)
	d := open(t, s.config())
	for range 3 {
		if _, err := d.User(t.Context(), engine.UserID(uuid(1))); err != nil {
			t.Fatal(err)
		}
		s.kill()
		s.start()
	}
}

// Searches run side by side, each on its own connection; one that is given up
// leaves its connection to the next.
func TestManySearches(t *testing.T) {
	cfg := newSlapd(t).config()
	cfg.PageSize = 20
	d := open(t, cfg)
	var searches sync.WaitGroup
	for range 8 {
		searches.Go(func() {
			if users, pages := all(t, d, "user12"); len(users) != 100 || pages != 5 {
				t.Errorf("found %d users on %d pages", len(users), pages)
			}
		})
	}
	searches.Wait()
	for range 20 {
		h := d.Search("user").(*hits)
		if _, err := h.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		held := h.conn
		h.Close()
		if _, err := h.Next(t.Context()); !engine.Is(err, engine.Stopped) {
			t.Errorf("a search that was given up says %v", err)
		}
		d.work.Wait() // the server has been told
		if !slices.Contains(d.idle, held) || len(d.idle) > maxKept {
			t.Fatalf("%d connections are kept, not with the one that was held", len(d.idle))
		}
	}
}

// A connection nobody has used for a while is not trusted: a firewall may have
// forgotten it.
func TestIdleConnection(t *testing.T) {
	clock := &clock{now: time.Unix(0, 0)}
	cfg := newSlapd(t).config()
	cfg.Now = clock.time
	d := open(t, cfg)
	ask := func() *conn {
		t.Helper()
		if _, err := d.User(t.Context(), engine.UserID(uuid(1))); err != nil {
			t.Fatal(err)
		}
		return d.idle[0]
	}
	first := ask()
	if second := ask(); second != first {
		t.Error("a fresh connection was not used again")
	}
	clock.advance(maxIdle)
	if third := ask(); third == first {
		t.Error("a stale connection was used again")
	}
}

// After Close nothing is asked any more.
func TestClosed(t *testing.T) {
	d := open(t, newSlapd(t).config())
	h := d.Search("user")
	if _, err := h.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.Close()
	if _, err := h.Next(t.Context()); !engine.Is(err, engine.Stopped) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	h.Close()
}
