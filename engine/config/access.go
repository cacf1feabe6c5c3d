package config

import (
	"fmt"
	"net/url"
	"time"
)

// Access is the access system that cards are registered with.
type Access struct {
	URL        string        `toml:"url"`         // https:// with its path, or http:// to this machine; "": there is none
	SecretFile string        `toml:"secret_file"` // signs what it is told
	CAFile     string        `toml:"ca_file"`     // PEM; "": the system's roots
	ServerName string        `toml:"server_name"` // in the server's certificate; "": the host of url
	Timeout    time.Duration `toml:"timeout"`
}

func (a *Access) check(c *checker, at *path) {
	if !c.given(at) {
		return
	}
	const example = "https://doors.corp.example/cards"
	if c.need(at.key("url"), a.URL, fmt.Sprintf("name where it listens: url = %q", example)) {
		c.webAddress(at.key("url"), a.URL, example)
	}
	if c.need(at.key("secret_file"), a.SecretFile, "name the file with the secret that the access system knows too") {
		c.secretNamed(at.key("secret_file"), &a.SecretFile)
	}
	c.certificatesNamed(at.key("ca_file"), &a.CAFile)
	c.hostNamed(at.key("server_name"), a.ServerName, "doors.corp.example")
	fallback(c, at.key("timeout"), &a.Timeout, 30*time.Second)
	c.timeout(at.key("timeout"), a.Timeout)
	try(c, at, "secret_file", c.trials.Access, *a, "write a secret of 32 bytes or more into it, the same that the access system has")
}

// webAddress is address for URLs that go on after the host; http only reaches
// this machine. Of what it is not, it repeats nothing either.
func (c *checker) webAddress(at *path, text, example string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || !isPort(u.Port(), true),
		u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		c.wrong(at, "is not the address of a server (https)", fmt.Sprintf("write it like this: %q", example))
	case u.User != nil:
		c.wrong(at, "holds a user name or a password", "take it out of the address; secrets stand in files of their own")
	case u.RawQuery != "" || u.Fragment != "":
		c.wrong(at, "goes on after the path", fmt.Sprintf("leave only this much: %q", example))
	}
}

// Snapshot says how the copy of the directory is kept that reports are made
// from: the users who have a card.
type Snapshot struct {
	Refresh time.Duration `toml:"refresh"` // between looks at what has changed
	Full    time.Duration `toml:"full"`    // between full passes, which also find deletions
	Stale   time.Duration `toml:"stale"`   // from this age on, reports say how old it is
}

func (s *Snapshot) check(c *checker, at *path) {
	refresh, full, stale := at.key("refresh"), at.key("full"), at.key("stale")
	fallback(c, refresh, &s.Refresh, time.Minute)
	fallback(c, full, &s.Full, 24*time.Hour)
	fallback(c, stale, &s.Stale, max(time.Hour, 2*s.Refresh))
	const least = 5 * time.Second
	switch {
	case c.unclear(refresh):
	case s.Refresh < least:
		c.wrong(refresh, "is "+short(s.Refresh), "use "+short(least)+" or more: the directory is asked each time")
	case s.Full < s.Refresh:
		c.wrong(full, fmt.Sprintf("is %s, less than refresh (%s)", short(s.Full), short(s.Refresh)), `use a time above refresh: full = "24h"`)
	case s.Stale <= s.Refresh:
		c.wrong(stale, fmt.Sprintf("is %s, but only every %s it is looked at what has changed: it would always be stale", short(s.Stale), short(s.Refresh)),
			`use twice as much as refresh, or more: stale = "1h"`)
	}
}
