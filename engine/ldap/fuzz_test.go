package ldap

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

// No bytes from a server make the reading of an answer panic.
func FuzzAnswer(f *testing.F) {
	for _, answer := range garbage() {
		f.Add(answer)
	}
	f.Add(soundEntry("Ada\x1b[31m\xff").Bytes())
	cfg := Config{Servers: []string{"ldaps://x"}, BaseDN: "dc=x", Attributes: Attributes{SID: "objectSid", Disabled: Mark{Attribute: "userAccountControl", Bits: 2}}}
	f.Fuzz(func(t *testing.T, answer []byte) {
		d := open(t, cfg)
		ours, theirs := net.Pipe()
		go answerWith(theirs, answer)
		c := &conn{Conn: goldap.NewConn(ours, false), line: &line{Conn: ours}}
		c.Start()
		defer c.drop()
		question := d.request("(cn=x)")
		question.Controls = []goldap.Control{goldap.NewControlPaging(10)}
		result, err := c.ask(t.Context(), question)
		if result != nil {
			d.users(result.Entries)
		}
		if err == nil {
			cookie(result)
		}
		if why := d.trouble(t.Context(), "fuzz", 0, errors.Join(err, io.EOF)).Error(); why != engine.Clean(why) {
			t.Errorf("%q is not fit for a terminal", why)
		}
	})
}

// Nor the answer to a bind.
func FuzzBindAnswer(f *testing.F) {
	for _, answer := range garbage() {
		f.Add(answer)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		go answerWith(theirs, answer)
		said, err := converse(ours, []byte{0x30, 0})
		if err != nil {
			return
		}
		d := open(t, Config{Servers: []string{"ldaps://x"}, BaseDN: "dc=x", ActiveDirectory: len(answer)%2 == 0})
		for _, err := range []error{result(said, tagBindResponse), d.verdict(said)} {
			if err == nil && !strings.Contains(string(answer), "\x61") {
				t.Errorf("%x was taken for a success", answer)
			}
		}
	})
}
