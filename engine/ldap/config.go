package ldap

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

// Config says where the directory is and what its attributes are called.
// Fields left empty get the defaults named beside them.
type Config struct {
	Servers    []string // "ldaps://dc1.corp.example" or "ldap://…", in the order they are tried
	StartTLS   bool     // with ldap://: TLS before anything else is said
	CAFile     string   // PEM, the roots to trust; "" means the system's
	ServerName string   // the name in the servers' certificates, where it is not the one in the URL

	// AllowPlaintext permits ldap:// without StartTLS, and only on this
	// machine: anybody on the way could read the password and change a name
	// that is about to go into a certificate.
	AllowPlaintext bool

	BindDN       string // "" asks anonymously; Active Directory also takes "svc@corp.example"
	PasswordFile string // read at each bind; its last line end is not part of the password

	// ActiveDirectory says that the servers are Active Directory's: nested groups
	// are asked for by its chain rule, changes by update sequence number, and
	// certificates are not called ";binary".
	ActiveDirectory bool

	BaseDN     string
	Filter     string // which entries are users: (objectClass=inetOrgPerson)
	Attributes Attributes

	// SearchAttributes are those a search looks at: Name, Logon and Mail. In
	// those that are also listed in Name, every word counts, in others the
	// start. "anr" stands for Active Directory's ambiguous name resolution.
	SearchAttributes []string

	PageSize       int           // users per page: 200. Active Directory gives 1,000 at most
	ConnectTimeout time.Duration // for TCP, TLS and bind together, per server: 3 s
	Timeout        time.Duration // for one question: 10 s
	RetryAfter     time.Duration // how long a server that failed is tried last: 1 min

	Now func() time.Time // the clock: time.Now
	Log *slog.Logger     // told when a server is passed over; nil for silence
}

// Attributes names the directory's attributes.
type Attributes struct {
	ID       string   // never changes and is never used again: entryUUID; objectGUID becomes 32 hex digits
	Name     []string // the first that has a value: displayName, cn
	Logon    string   // uid
	Mail     string   // mail
	UPN      string   // "" where there is none
	SID      string   // binary or text; "" where there is none
	Manager  string   // the DN of the user's manager; "" where there is none
	Disabled Mark
	Extra    []string // what recipes ask for; to be found in User.Attributes under these names
}

// Mark tells disabled accounts from others. An account is disabled when
// Attribute holds a number with one of the bits Bits (userAccountControl, 2),
// or the value Value (nsAccountLock, TRUE), or, when neither is set, anything
// (pwdAccountLockedTime).
type Mark struct {
	Attribute string // "" when accounts are never disabled
	Bits      int64
	Value     string
}

func (c Config) withDefaults() Config {
	fill(&c.Filter, "(objectClass=inetOrgPerson)")
	fill(&c.Attributes.ID, "entryUUID")
	fill(&c.Attributes.Logon, "uid")
	fill(&c.Attributes.Mail, "mail")
	fill(&c.PageSize, 200)
	fill(&c.ConnectTimeout, 3*time.Second)
	fill(&c.Timeout, 10*time.Second)
	fill(&c.RetryAfter, time.Minute)
	if len(c.Attributes.Name) == 0 {
		c.Attributes.Name = []string{"displayName", "cn"}
	}
	if len(c.SearchAttributes) == 0 {
		c.SearchAttributes = slices.Concat(c.Attributes.Name, []string{c.Attributes.Logon, c.Attributes.Mail})
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// check refuses what could not work or would not be safe. The error is of Kind
// BadInput and names the setting in Subject.
func (c Config) check() error {
	if len(c.Servers) == 0 {
		return refuse("servers", "no server is named")
	}
	if (c.BindDN == "") != (c.PasswordFile == "") {
		return refuse("password_file", "bind name and password file go together")
	}
	if c.PasswordFile != "" {
		if _, err := os.Stat(c.PasswordFile); err != nil {
			return refuse("password_file", err.Error())
		}
	}
	if c.PageSize < 0 || c.ConnectTimeout < 0 || c.Timeout < 0 || c.RetryAfter < 0 {
		return refuse("page_size", "neither a page nor a time is less than nothing")
	}
	if c.BaseDN == "" {
		return refuse("base_dn", "the entry to search below is missing")
	}
	if _, err := goldap.ParseDN(c.BaseDN); err != nil {
		return refuse("base_dn", err.Error())
	}
	if _, err := goldap.CompileFilter(c.Filter); err != nil {
		return refuse("filter", err.Error())
	}
	return c.checkNames()
}

// checkNames refuses attributes that are none (RFC 4512, 1.4: a descriptor or
// an OID), because they become part of a filter.
func (c Config) checkNames() error {
	descriptor := regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.;-]*$`)
	a := c.Attributes
	names := slices.Concat([]string{a.ID, a.Logon, a.Mail, a.UPN, a.SID, a.Manager, a.Disabled.Attribute}, a.Name, a.Extra, c.SearchAttributes)
	for _, name := range names {
		if name != "" && !descriptor.MatchString(name) {
			return refuse("attributes", fmt.Sprintf("%q is no attribute", name))
		}
	}
	return nil
}

func refuse(setting, why string) error {
	return &engine.Error{Op: "set up directory", Kind: engine.BadInput, Subject: setting, Err: errors.New(why)}
}

// server is one directory server.
type server struct {
	name string // the URL, for people
	addr string // host and port
	host string
	tls  bool // from the first byte
}

// servers reads the URLs. What is wrong with one is said without repeating it:
// it may hold a password.
func (c Config) servers() ([]server, error) {
	var all []server
	for i, text := range c.Servers {
		wrong := func(what string) error { return refuse("servers", fmt.Sprintf("server %d: %s", i+1, what)) }
		u, err := url.Parse(text)
		switch {
		case err != nil:
			return nil, wrong("this is not a URL")
		case u.User != nil:
			return nil, wrong("a URL must not hold a name or a password: use bind_dn and password_file")
		case u.Scheme != "ldap" && u.Scheme != "ldaps", u.Hostname() == "":
			return nil, wrong("it must be ldap://host or ldaps://host")
		case u.Path != "" && u.Path != "/", u.RawQuery != "", u.Fragment != "":
			return nil, wrong("nothing may follow the host: the base DN has its own setting")
		case u.Scheme == "ldap" && !c.StartTLS && (!c.AllowPlaintext || !isLoopback(u.Hostname())):
			return nil, wrong("ldap:// needs StartTLS; without TLS only this machine may be asked, and only where that is allowed")
		}
		all = append(all, newServer(u))
	}
	return all, nil
}

func newServer(u *url.URL) server {
	s := server{name: u.Scheme + "://" + u.Host, host: u.Hostname(), tls: u.Scheme == "ldaps"}
	port := u.Port()
	switch {
	case port != "":
	case s.tls:
		port = goldap.DefaultLdapsPort
	default:
		port = goldap.DefaultLdapPort
	}
	s.addr = net.JoinHostPort(s.host, port)
	return s
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// roots returns the certificates to trust; nil means the system's.
func (c Config) roots() (*x509.CertPool, error) {
	if c.CAFile == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, refuse("ca_file", err.Error())
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, refuse("ca_file", c.CAFile+": no certificate in PEM is in it")
	}
	return pool, nil
}
