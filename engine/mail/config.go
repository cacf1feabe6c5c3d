package mail

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"os"
	"slices"
	"strings"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// Config says how letters are sent.
type Config struct {
	Server       string        // host:port
	TLS          TLS           // "" is StartTLS
	CAFile       string        // PEM; "": the system's roots
	ServerName   string        // the name in the server's certificate; "": the host of Server
	User         string        // "": nobody signs in
	PasswordFile string        // its last line end is not part of the password
	From         string        // RFC 5322 address, with a name perhaps
	ReplyTo      string        // the same; "": answers go to From
	HelloName    string        // this machine's full name; "": its address takes the place
	Language     string        // of the letters, as words has it; "" is "en"
	Timeout      time.Duration // for one letter, from dialling to the last answer; 0: 30 s
}

// TLS says how the connection is protected.
type TLS string

// The ways.
const (
	StartTLS    TLS = "starttls" // RFC 3207; a server that does not offer it gets no letter
	ImplicitTLS TLS = "implicit" // RFC 8314: from the first byte, port 465
	NoTLS       TLS = "none"     // for servers on this machine
)

// Open checks the configuration and returns a Post. It does not yet speak to
// the server. Errors are of Kind BadInput.
func Open(c Config, letters *words.Letters) (*Post, error) {
	c.fill()
	p := &Post{config: c, letters: letters}
	if err := p.set(); err != nil {
		return nil, &engine.Error{Op: "configure mail", Kind: engine.BadInput, Subject: c.Server, Err: err}
	}
	return p, nil
}

func (c *Config) fill() {
	if c.TLS == "" {
		c.TLS = StartTLS
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Language == "" {
		c.Language = "en"
	}
}

func (p *Post) set() error {
	host, _, err := net.SplitHostPort(p.config.Server)
	if err != nil {
		return fmt.Errorf("read server's address: %w", err)
	}
	if err := p.config.check(host); err != nil {
		return err
	}
	if p.from, err = sender(p.config.From); err != nil {
		return fmt.Errorf("read sender's address: %w", err)
	}
	if p.config.ReplyTo != "" {
		if p.replyTo, err = sender(p.config.ReplyTo); err != nil {
			return fmt.Errorf("read address for answers: %w", err)
		}
	}
	p.tls = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if p.config.ServerName != "" {
		p.tls.ServerName = p.config.ServerName
	}
	if p.config.CAFile == "" {
		return nil
	}
	p.tls.RootCAs, err = roots(p.config.CAFile)
	return err
}

func (c Config) check(host string) error {
	switch {
	case !slices.Contains([]TLS{StartTLS, ImplicitTLS, NoTLS}, c.TLS):
		return fmt.Errorf("TLS is %q", c.TLS)
	case c.TLS == NoTLS && !thisMachine(host):
		return errors.New("without TLS only a server on this machine is reached")
	case c.TLS == NoTLS && c.User != "":
		return errors.New("a password is not sent without TLS")
	case (c.User == "") != (c.PasswordFile == ""):
		return errors.New("user and password file go together")
	case strings.ContainsRune(c.User, 0):
		return errors.New("the user's name has a zero byte")
	case c.HelloName != "" && strings.ContainsFunc(c.HelloName, notInDomain):
		return fmt.Errorf("%q is not the name of a machine", c.HelloName)
	case c.Timeout < 0:
		return fmt.Errorf("time-out is %v", c.Timeout)
	}
	return nil
}

// sender reads an address of the configuration, with a name perhaps.
func sender(s string) (*mail.Address, error) {
	a, err := mail.ParseAddress(s)
	if err != nil {
		return nil, err
	}
	if engine.Clean(a.Name) != a.Name {
		return nil, errors.New("its name has control characters")
	}
	_, err = bareAddress(a.Address)
	return a, err
}

// thisMachine reports whether a host is this one. What "localhost" is, is left
// to RFC 6761, 6.3.
func thisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func notInDomain(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("-.[]:", r)
}

func roots(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read CA file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read CA file %s: no certificate in it", file)
	}
	return pool, nil
}
