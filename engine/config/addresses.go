package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// address reads a URL that is a scheme, a host, perhaps a port, and no more.
// ok is false when it is none, which is reported. The text itself is never
// repeated: somebody may have written a password into it.
func (c *checker) address(at *path, text string, schemes []string, example string) (u *url.URL, ok bool) {
	u, err := url.Parse(text)
	switch {
	case err != nil || !slices.Contains(schemes, u.Scheme) || u.Hostname() == "" || !isPort(u.Port(), true):
		c.wrong(at, fmt.Sprintf("is not the address of a server (%s)", orList(schemes)),
			fmt.Sprintf("write it like this: %q", example))
	case u.User != nil:
		c.wrong(at, "holds a user name or a password", "take it out of the address; passwords stand in files of their own")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		c.wrong(at, "goes on after host and port", fmt.Sprintf("leave only this much: %q", example))
	default:
		return u, true
	}
	return nil, false
}

// hostPort reads "mail.corp.example:587". Of what it is not, it repeats
// nothing, as address.
func (c *checker) hostPort(at *path, text, example string) (host string, ok bool) {
	host, port, err := net.SplitHostPort(text)
	if err != nil || host == "" || !isHost(host) || !isPort(port, false) {
		c.wrong(at, "is not a host and a port", fmt.Sprintf("write it like this: %q", example))
		return "", false
	}
	return host, true
}

// hostNamed reports what is not the name of a machine; "" is left out.
func (c *checker) hostNamed(at *path, name, example string) {
	if name != "" && (!isHost(name) || strings.Contains(name, ":") || strings.ContainsAny(name, "_ ")) {
		c.wrong(at, quote(name)+" is not the name of a machine", fmt.Sprintf("write it like this: %q", example))
	}
}

func isPort(s string, mayBeEmpty bool) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return s == "" && mayBeEmpty || err == nil && n > 0
}

// isHost reports whether a text could name a machine.
func isHost(s string) bool {
	u, err := url.Parse("//" + net.JoinHostPort(s, "1"))
	return err == nil && u.Hostname() == s && u.User == nil
}

// loopback reports whether a host is this machine, so that nothing sent to it
// goes over a wire.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
