package mail

import (
	"bufio"
	"crypto/tls"
	"net"
	"strings"
	"sync"
	"testing"
)

// script is a mail server that misbehaves: for each command, or "greeting", or
// "." for the end of a message, what it answers instead of what is proper.
type script map[string]string

// Answers that are none.
const (
	hangUp  = "\x00hang up"
	silence = "\x00silence"
)

var proper = script{
	"greeting": "220 mail.example.test", "EHLO": "250-mail.example.test\r\n250 AUTH PLAIN", "AUTH": "235 welcome",
	"MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", ".": "250 taken", "QUIT": "221 bye",
}

// scripted is a script on the air. Each message it gets to the end goes to
// letters, each MAIL command to senders, and each silence it falls into to
// silent.
type scripted struct {
	addr    string
	senders chan string
	letters chan string
	silent  chan string
	over    chan struct{}
}

// play plays a script, over TLS if there is a certificate, until the test ends.
func (s script) play(t *testing.T, over *tls.Certificate) *scripted {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	played := &scripted{l.Addr().String(), make(chan string, 10), make(chan string, 10), make(chan string, 10), make(chan struct{})}
	if over != nil {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*over}, MinVersion: tls.VersionTLS12})
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				s.converse(conn, played)
			})
		}
	})
	t.Cleanup(func() {
		close(played.over)
		_ = l.Close()
		all.Wait()
	})
	return played
}

// converse speaks with one client to the end.
func (s script) converse(conn net.Conn, played *scripted) {
	in := bufio.NewScanner(conn)
	if !s.answer(conn, "greeting", played) {
		return
	}
	for in.Scan() {
		verb, _, _ := strings.Cut(in.Text(), " ")
		if verb == "MAIL" {
			played.senders <- in.Text()
		}
		if !s.answer(conn, verb, played) || verb == "QUIT" {
			return
		}
		if verb != "DATA" || s["DATA"] != "" {
			continue
		}
		var letter strings.Builder
		for in.Scan() && in.Text() != "." {
			letter.WriteString(in.Text() + "\n")
		}
		played.letters <- letter.String()
		if !s.answer(conn, ".", played) {
			return
		}
	}
}

// answer reports whether the conversation goes on.
func (s script) answer(conn net.Conn, verb string, played *scripted) bool {
	say, ok := s[verb]
	if !ok {
		say, ok = proper[verb]
	}
	switch {
	case !ok:
		say = "500 what?"
	case say == hangUp:
		return false
	case say == silence:
		played.silent <- verb
		<-played.over
		return false
	}
	_, err := conn.Write([]byte(say + "\r\n"))
	return err == nil
}
