package ldap

import (
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"cardkiosk/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open makes a directory that is closed with the test.
func open(t *testing.T, cfg Config) *Directory {
	t.Helper()
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// all reads every page of a search.
func all(t *testing.T, d *Directory, text string) (users []engine.User, pages int) {
	t.Helper()
	h := d.Search(text)
	defer h.Close()
	for {
		page, err := h.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return users, pages
		}
		if err != nil {
			t.Fatalf("search %q: %v", text, err)
		}
		users, pages = append(users, page...), pages+1
	}
}

// found are the logon names a search finds.
func found(t *testing.T, d *Directory, text string) []string {
	t.Helper()
	users, _ := all(t, d, text)
	logons := []string{}
	for _, u := range users {
		logons = append(logons, u.Logon)
	}
	slices.Sort(logons)
	return logons
}

// oneError runs one search that must fail, and returns why.
func oneError(t *testing.T, d *Directory) error {
	t.Helper()
	h := d.Search("bert")
	defer h.Close()
	users, err := h.Next(t.Context())
	if err == nil {
		t.Fatalf("found %d users, wanted an error", len(users))
	}
	return err
}

// wantError fails unless err is of this kind and says this.
func wantError(t *testing.T, err error, kind engine.Kind, words string) {
	t.Helper()
	if !engine.Is(err, kind) || !strings.Contains(err.Error(), words) {
		t.Fatalf("got %v (kind %d), wanted kind %d and %q", err, engine.KindOf(err), kind, words)
	}
	if strings.Contains(err.Error(), password) {
		t.Fatalf("the password is in %q", err)
	}
}

// Every user of a large directory comes exactly once, page by page, each page
// sorted by name.
func TestPages(t *testing.T) {
	d := open(t, newSlapd(t).config())
	users, pages := all(t, d, "user")
	if want := (crowd + 199) / 200; pages != want {
		t.Errorf("%d pages, wanted %d", pages, want)
	}
	ids := map[engine.UserID]int{}
	for _, u := range users {
		ids[u.ID]++
	}
	if len(users) != crowd || len(ids) != crowd {
		t.Errorf("%d users with %d ids, wanted %d", len(users), len(ids), crowd)
	}
	h := d.Search("bert")
	defer h.Close()
	page, err := h.Next(t.Context())
	if err != nil || !slices.IsSortedFunc(page, func(a, b engine.User) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("the first page is not sorted, or: %v", err)
	}
}

// A search finds whoever has a name, a word of a name, a logon name or a mail
// address that starts with each word typed, whatever its case.
func TestSearchWords(t *testing.T) {
	d := open(t, newSlapd(t).config())
	cases := map[string][]string{
		"middle0042":                    {"user0042"},
		"MIDDLE004":                     {"user0040", "user0041", "user0042", "user0043", "user0044", "user0045", "user0046", "user0047", "user0048", "user0049"},
		"person bert middle12 user1234": {"user1234"},
		"user0100":                      {"user0100"},
		"mail0007":                      {},
		"mail0008@corp":                 {"user0008"},
		"iddle0042":                     {},
		"corp.example":                  {},
		"bert nobody":                   {},
		" \t ":                          {},
		"":                              {},
	}
	for _, text := range slices.Sorted(maps.Keys(cases)) {
		if got := found(t, d, text); !slices.Equal(got, cases[text]) {
			t.Errorf("%q finds %q, wanted %q", text, got, cases[text])
		}
	}
}

// Characters that mean something in filters are letters like any other, and
// names come back byte for byte.
func TestSearchOddNames(t *testing.T) {
	d := open(t, newSlapd(t).config())
	cases := map[string][]string{
		"*": {"user0000"}, "(": {"user0000"}, `\`: {"user0000"}, `(paren) \back`: {"user0000"},
		"**": {}, "*)(uid=*": {}, ")(|(uid=*": {}, `\2a`: {}, "王": {"user0002"}, "zoë þ": {"user0003"}, `"quote`: {"user0001"}, "o'n": {"user0001"},
		"red": {"user0004"}, "nul \x00 byte": {"user0005"}, "\x00": {}, "\u200d\x1b": {}, "\xff\xfe": {},
	}
	for _, text := range slices.Sorted(maps.Keys(cases)) {
		if got := found(t, d, text); !slices.Equal(got, cases[text]) {
			t.Errorf("%q finds %q, wanted %q", text, got, cases[text])
		}
	}
	for i, name := range odd {
		if u, err := d.User(t.Context(), engine.UserID(uuid(i))); err != nil || u.Name != name {
			t.Errorf("user %d is %q, wanted %q (%v)", i, u.Name, name, err)
		}
	}
}

// A user is read by id, with the attributes that were asked for and no others;
// an id nobody has is an unknown user, whatever it looks like.
func TestUser(t *testing.T) {
	d := open(t, newSlapd(t).config())
	u, err := d.User(t.Context(), engine.UserID(uuid(7)))
	if err != nil {
		t.Fatal(err)
	}
	if u.Logon != "user0007" || u.Mail != "" || u.DN != "uid=user0007,dc=corp,dc=example" || u.Disabled {
		t.Errorf("got %+v", u)
	}
	if !slices.Equal(u.Attributes["employeeNumber"], []string{"7"}) || len(u.Attributes["description"]) != 0 || len(u.Attributes) != 2 {
		t.Errorf("attributes are %q", u.Attributes)
	}
	for _, id := range []engine.UserID{engine.UserID(uuid(9999)), "", "*", "no uuid", ")(uid=*"} {
		if _, err := d.User(t.Context(), id); !engine.Is(err, engine.UserUnknown) {
			t.Errorf("id %q: %v", id, err)
		}
	}
}

// LDAPS and StartTLS both work, to 127.0.0.1 and to another name when the
// certificate's is configured.
func TestTLS(t *testing.T) {
	s := newSlapd(t)
	for name, change := range map[string]func(*Config){
		"LDAPS":       func(*Config) {},
		"StartTLS":    func(c *Config) { c.Servers, c.StartTLS = []string{"ldap://" + s.plain}, true },
		"server name": func(c *Config) { c.Servers, c.ServerName = []string{"ldaps://localhost:" + port(s.tls)}, "127.0.0.1" },
	} {
		cfg := s.config()
		change(&cfg)
		if got := found(t, open(t, cfg), "user0042"); len(got) != 1 {
			t.Errorf("%s: found %q", name, got)
		}
	}
}

func port(addr string) string { return addr[strings.LastIndex(addr, ":")+1:] }

// A server that will not have us, or that we will not have, is told from one
// that is away, in words that say what to change.
func TestRefusals(t *testing.T) {
	s := newSlapd(t, "security simple_bind=128", "require authc")
	other := t.TempDir()
	makeCA(t, other)
	for name, c := range map[string]struct {
		change func(*Config)
		words  string
	}{
		"wrong root": {func(c *Config) { c.CAFile = other + "/ca.pem" }, "certificate is not trusted"},
		"wrong name": {func(c *Config) { c.ServerName = "dc1.corp.example" }, "certificate is not trusted"},
		"StartTLS, root": {func(c *Config) {
			c.CAFile, c.StartTLS, c.Servers = other+"/ca.pem", true, []string{"ldap://" + s.plain}
		}, "certificate is not trusted"},
		"wrong password": {func(c *Config) { c.PasswordFile = s.file("wrong", "wrong") }, "the bind name or its password is not accepted"},
		"no password":    {func(c *Config) { c.PasswordFile = s.file("empty", "\n") }, "no password to sign in with"},
		"plaintext":      {func(c *Config) { c.Servers, c.AllowPlaintext = []string{"ldap://" + s.plain}, true }, "wants TLS"},
		"anonymous":      {func(c *Config) { c.BindDN, c.PasswordFile = "", "" }, "the"},
		"wrong base":     {func(c *Config) { c.BaseDN = "dc=elsewhere" }, "base DN"},
		"no ids":         {func(c *Config) { c.Attributes.ID = "objectGUID" }, "no user's id is shown"},
	} {
		cfg := s.config()
		c.change(&cfg)
		t.Run(name, func(t *testing.T) { wantError(t, oneError(t, open(t, cfg)), engine.DirectoryRefused, c.words) })
	}
}

// A directory that cuts the list short is not taken for one that has no more
// users: what it gave is shown, and then why there is no more.
func TestSizeLimit(t *testing.T) {
	s := newSlapd(t, "sizelimit size.soft=500 size.hard=500 size.prtotal=500")
	h := open(t, s.config()).Search("user")
	defer h.Close()
	given := 0
	for {
		users, err := h.Next(t.Context())
		given += len(users)
		if err != nil {
			wantError(t, err, engine.DirectoryRefused, "more users match than it will list")
			break
		}
	}
	if given < 400 || given > 500 {
		t.Errorf("%d users were given", given)
	}
}
