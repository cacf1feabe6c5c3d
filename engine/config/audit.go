package config

import (
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// Audit says how the audit's checkpoints and rows leave the station.
type Audit struct {
	Rows   int           `toml:"checkpoint_rows"`  // a checkpoint after so many …
	Every  time.Duration `toml:"checkpoint_every"` // … and after this time, when there was any
	File   string        `toml:"checkpoint_file"`  // checkpoints are appended to it; "": to none
	Mail   []string      `toml:"checkpoint_mail"`  // addresses that get them
	Syslog Syslog        `toml:"syslog"`
}

// Syslog is the server that gets every row, and the checkpoints.
type Syslog struct {
	Address    string        `toml:"address"`     // unix:///dev/log, udp://, tcp:// or tls:// with host and port; "": there is none
	CAFile     string        `toml:"ca_file"`     // PEM; "": the system's roots
	ServerName string        `toml:"server_name"` // in the server's certificate; "": the host of address
	Facility   string        `toml:"facility"`
	Timeout    time.Duration `toml:"timeout"`
}

func (a *Audit) check(c *checker, at *path) {
	const mostRows = 1_000_000
	fallback(c, at.key("checkpoint_rows"), &a.Rows, 1000)
	c.counts(at.key("checkpoint_rows"), a.Rows, mostRows)
	fallback(c, at.key("checkpoint_every"), &a.Every, time.Hour)
	const least, most = time.Minute, 30 * day
	if every := at.key("checkpoint_every"); a.Every < least || a.Every > most {
		c.wrong(every, "is "+short(a.Every), "use a time from "+short(least)+" to "+short(most)+`: checkpoint_every = "1h"`)
	}
	if c.given(at.key("checkpoint_file")) && c.need(at.key("checkpoint_file"), a.File, "name a file on another machine's share, or leave the key out") {
		c.placeAfar(at.key("checkpoint_file"), &a.File)
	}
	for i, to := range a.Mail {
		checkMailAddress(c, at.key("checkpoint_mail").item(i), to, `checkpoint_mail = ["auditor@corp.example"]`)
	}
	a.Syslog.check(c, at.key("syslog"))
}

// placeAfar is placeNamed for a file on another machine: one that is away is no
// reason not to start.
func (c *checker) placeAfar(at *path, name *string) {
	*name = c.resolve(*name)
	folder := filepath.Dir(*name)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		c.warn(at, "there is no folder "+quote(folder)+" now", "mount the share, or make the folder: checkpoints wait until it is there")
		return
	}
	c.ownFile(at, *name)
}

func (s *Syslog) check(c *checker, at *path) {
	if !c.given(at) {
		return
	}
	const example = "tls://log.corp.example:6514"
	tls := false
	if c.need(at.key("address"), s.Address, `name where it listens: address = "`+example+`"`) {
		tls = c.logAddress(at.key("address"), s.Address, example)
	}
	c.certificatesNamed(at.key("ca_file"), &s.CAFile)
	c.hostNamed(at.key("server_name"), s.ServerName, "log.corp.example")
	for _, key := range []string{"ca_file", "server_name"} {
		if c.given(at.key(key)) && !tls && !c.unclear(at.key("address")) {
			c.wrong(at.key(key), "is for a certificate, but without tls:// there is none", "remove it, or change address")
		}
	}
	fallback(c, at.key("facility"), &s.Facility, "authpriv")
	oneOf(c, at.key("facility"), s.Facility, "auth", "authpriv", "audit",
		"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7")
	fallback(c, at.key("timeout"), &s.Timeout, 20*time.Second)
	c.timeout(at.key("timeout"), s.Timeout)
	try(c, at, "address", c.trials.Syslog, *s, "correct it as the sample configuration shows")
}

// logAddress is address for a syslog server, which may also be a socket of this
// machine. Rows name people: sent to another one in the clear, that is said.
func (c *checker) logAddress(at *path, text, example string) (tls bool) {
	u, err := url.Parse(text)
	if err == nil && u.Scheme == "unix" {
		if u.Host != "" || u.Path == "" || u.RawQuery != "" || u.Fragment != "" {
			c.wrong(at, "is not a socket of this machine", `write it like this: "unix:///dev/log"`)
		}
		return false
	}
	u, ok := c.address(at, text, []string{"unix", "udp", "tcp", "tls"}, example)
	switch {
	case !ok:
		c.spoilt[at.id] = true
	case u.Port() == "":
		c.wrong(at, "names no port", "write it like this: \""+example+"\"")
	case u.Scheme != "tls" && !loopback(u.Hostname()):
		c.warn(at, "sends who did what over the network for everybody to read, and from anybody", "use tls:// where the server can")
	}
	return ok && u.Scheme == "tls"
}
