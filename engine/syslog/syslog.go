// Package syslog brings rows of the audit, and checkpoints, to a syslog server
// (RFC 5424): over the machine's own socket, UDP (RFC 5426), TCP (RFC 6587) or
// TLS (RFC 5425).
//
// Beware: only TCP and TLS can tell that something has arrived. Each batch has a
// connection of its own, which is shut for writing at its end: it counts as
// arrived when the server has read that far and closes too. Syslog itself has no
// answer, so what the server does with it then is not known.
package syslog

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"

	"cardkiosk/engine"
)

// Config says where the syslog server is.
type Config struct {
	Address    string // "unix:///dev/log", "udp://log.corp.example:514", "tcp://…:601" or "tls://…:6514"
	CAFile     string // for tls: PEM; "": the system's roots
	ServerName string // for tls: the name in the server's certificate; "": the host of Address
	Facility   string // see Facilities; "": authpriv
	Timeout    time.Duration
	Host       string // this machine's name; "": what the system says
	Now        func() time.Time
}

// Facilities are what messages may be filed under (RFC 5424, 6.2.1).
var Facilities = map[string]int{
	"auth": 4, "authpriv": 10, "audit": 13,
	"local0": 16, "local1": 17, "local2": 18, "local3": 19, "local4": 20, "local5": 21, "local6": 22, "local7": 23,
}

const defaultTimeout = 20 * time.Second

// Server is a syslog server. It may be used by several goroutines.
type Server struct {
	name     string // the address as it was written
	way      way
	place    string // host:port, or a path
	tls      *tls.Config
	facility int
	timeout  time.Duration
	host     string
}

// way is how messages get there.
type way string

const (
	overUnix way = "unix"
	overUDP  way = "udp"
	overTCP  way = "tcp"
	overTLS  way = "tls"
)

// Open checks the configuration; nothing is sent yet. Kind BadInput, with the
// setting as Subject, when it cannot be used.
func Open(c Config) (*Server, error) {
	s := &Server{name: c.Address, timeout: cmp.Or(c.Timeout, defaultTimeout), host: hostName(c.Host)}
	u, err := s.address(c.Address)
	if err != nil {
		return nil, unusable("address", err)
	}
	facility, known := Facilities[cmp.Or(c.Facility, "authpriv")]
	if !known {
		return nil, unusable("facility", fmt.Errorf("there is no facility %q", c.Facility))
	}
	s.facility = facility
	if s.way != overTLS {
		return s, nil
	}
	roots, err := readRoots(c.CAFile)
	if err != nil {
		return nil, unusable("ca_file", err)
	}
	s.tls = &tls.Config{RootCAs: roots, ServerName: cmp.Or(c.ServerName, u.Hostname()), MinVersion: tls.VersionTLS12, Time: c.Now}
	return s, nil
}

func unusable(setting string, err error) error {
	return &engine.Error{Op: "set up syslog", Kind: engine.BadInput, Subject: setting, Err: err}
}

// address reads where the server is. What is wrong is said without repeating it.
func (s *Server) address(text string) (*url.URL, error) {
	const example = "tls://log.corp.example:6514"
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("it is not of the form " + example)
	}
	s.way = way(u.Scheme)
	switch s.way {
	case overUnix:
		if u.Host != "" || u.Path == "" {
			return nil, errors.New("it is not of the form unix:///dev/log")
		}
		s.place = u.Path
		return u, nil
	case overUDP, overTCP, overTLS:
		if u.Hostname() == "" || u.Port() == "" || u.Path != "" && u.Path != "/" {
			return nil, errors.New("it is not of the form " + example)
		}
		s.place = u.Host
		return u, nil
	}
	return nil, errors.New("it has to begin with unix://, udp://, tcp:// or tls://")
}

// readRoots returns the certificates to trust; nil means the system's.
func readRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: no certificate in PEM is in it", file)
	}
	return pool, nil
}

// Destination is the address.
func (s *Server) Destination() string { return s.name }

// CarryRows brings rows.
func (s *Server) CarryRows(ctx context.Context, rows []engine.ChainedRow) error {
	all := make([][]byte, len(rows))
	for i, r := range rows {
		all[i] = s.row(r)
	}
	return s.carry(ctx, all)
}

// CarryCheckpoints brings checkpoints.
func (s *Server) CarryCheckpoints(ctx context.Context, checkpoints []engine.Checkpoint) error {
	all := make([][]byte, len(checkpoints))
	for i, c := range checkpoints {
		all[i] = s.checkpoint(c)
	}
	return s.carry(ctx, all)
}

func (s *Server) carry(ctx context.Context, messages [][]byte) error {
	bounded, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err := s.bring(bounded, messages)
	if err == nil {
		return nil
	}
	kind := engine.LogAway
	if errors.Is(ctx.Err(), context.Canceled) {
		kind = engine.Stopped
	}
	return &engine.Error{Op: "send to syslog", Kind: kind, Subject: s.name, Err: err}
}

// hostName is a name as HOSTNAME takes it (RFC 5424, 6.2.4): printable ASCII,
// 255 characters at most.
func hostName(name string) string {
	if name == "" {
		name, _ = os.Hostname() // "" when the system does not say
	}
	return header(name, 255)
}

// dial opens a connection that ends when ctx does.
func (s *Server) dial(ctx context.Context) (conn net.Conn, release func(), err error) {
	var d net.Dialer
	switch s.way {
	case overUnix:
		conn, err = d.DialContext(ctx, "unixgram", s.place)
		if err != nil {
			conn, err = d.DialContext(ctx, "unix", s.place)
		}
	case overUDP:
		conn, err = d.DialContext(ctx, "udp", s.place)
	case overTCP:
		conn, err = d.DialContext(ctx, "tcp", s.place)
	case overTLS:
		conn, err = (&tls.Dialer{Config: s.tls}).DialContext(ctx, "tcp", s.place)
	}
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // ends what waits for it
	return conn, func() {
		stop()
		_ = conn.Close() // what counts has been read by then
	}, nil
}
