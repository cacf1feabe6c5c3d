package main

import (
	"errors"
	"io"
	"mime"
	"net/mail"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	message "github.com/emersion/go-message/mail"
)

// postbox is what exim has delivered.
type postbox struct {
	pipe *os.File
	rest string
	kept []delivery // letters that nobody has asked for yet
	came int        // all letters so far
}

// delivery is a letter as it arrived.
type delivery struct{ id, to, subject, text string }

// collect reads the letters out of exim's pipe that are there, or come before a
// time.
func (p *postbox) collect(t *testing.T, until time.Time) {
	t.Helper()
	const end = "--end of letter--\n"
	if err := p.pipe.SetReadDeadline(until); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1<<16)
	n, err := p.pipe.Read(b)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("wait for a letter: %v", err)
	}
	p.rest += string(b[:n])
	for strings.Contains(p.rest, end) {
		var letter string
		letter, p.rest, _ = strings.Cut(p.rest, end)
		p.kept = append(p.kept, readLetter(t, letter))
		p.came++
	}
}

func readLetter(t *testing.T, letter string) delivery {
	t.Helper()
	r, err := message.CreateReader(strings.NewReader(letter))
	if err != nil {
		t.Fatalf("%v in %s", err, letter)
	}
	to, err := mail.ParseAddress(r.Header.Get("To"))
	if err != nil {
		t.Fatalf("%v in %s", err, letter)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(r.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	part, err := r.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(part.Body)
	if err != nil {
		t.Fatal(err)
	}
	return delivery{strings.Trim(r.Header.Get("Message-Id"), "<>"), to.Address, subject, strings.ReplaceAll(string(text), "\r\n", "\n")}
}

// arrives waits for a letter to an address whose subject and text have these
// words; every other is kept for whoever asks for it.
func (s *heldSite) arrives(to string, has ...string) {
	s.t.Helper()
	s.awaits(func() {}, time.Second, to, has...)
}

// hears runs the worker until it has sent such a letter: CAs are asked again only
// when it is time.
func (s *heldSite) hears(to string, has ...string) {
	s.t.Helper()
	s.awaits(s.sends, 100*time.Millisecond, to, has...)
}

func (s *heldSite) awaits(meanwhile func(), patience time.Duration, to string, has ...string) {
	s.t.Helper()
	fits := func(d delivery) bool {
		return d.to == to && !slices.ContainsFunc(has, func(h string) bool { return !strings.Contains(d.subject+"\n"+d.text, h) })
	}
	for limit := time.Now().Add(time.Minute); ; {
		if at := slices.IndexFunc(s.letters.kept, fits); at >= 0 {
			d := s.letters.kept[at]
			s.letters.kept = slices.Delete(s.letters.kept, at, at+1)
			s.t.Logf("a letter to %s: %s\n%s", d.to, d.subject, d.text)
			return
		}
		if time.Now().After(limit) {
			s.t.Fatalf("no letter to %s says %q; there are %q", to, has, s.letters.kept)
		}
		meanwhile()
		s.letters.collect(s.t, time.Now().Add(patience))
	}
}

// toldBoth waits for letters about these to a user and to the card desk, and expects
// that there are no others.
func (s *heldSite) toldBoth(mail string, about ...string) {
	s.t.Helper()
	for _, to := range []string{mail, cardDesk} {
		for _, subject := range about {
			s.arrives(to, subject)
		}
	}
	s.sends()
	s.noOthers()
}

// What letters are about, by their subjects.
const (
	aboutReady     = "is ready"
	aboutPending   = ": the update waits for the CA"
	aboutApproved  = ": approved, the update can go on"
	aboutRejected  = ": the CA has rejected a request"
	aboutCancelled = ": the update was cancelled"
	aboutDone      = "was updated"
)

// cardDesk is told what users are told.
const cardDesk = "desk@corp.example"

// noOthers expects that no letter is left that nobody asked for.
func (s *heldSite) noOthers() {
	s.t.Helper()
	for _, d := range s.letters.kept {
		s.t.Errorf("nobody expected the letter to %s: %s\n%s", d.to, d.subject, d.text)
	}
	s.letters.kept = nil
}

// sentAll waits until no letter waits any more.
func (s *heldSite) sentAll() {
	s.t.Helper()
	for limit := time.Now().Add(time.Minute); done(s.t, "mail", "outbox", "--config", s.path("config.toml")) != ""; {
		if time.Now().After(limit) {
			s.t.Fatal("letters still wait")
		}
	}
}

var offered = regexp.MustCompile(`offered <([^>]+)> for (\S+)`)

// nothingTwice expects of exim's log that no letter was offered twice, whatever was
// killed and started again.
func (s *heldSite) nothingTwice() {
	s.t.Helper()
	s.sends()
	times := map[string]int{}
	for _, m := range offered.FindAllStringSubmatch(read(s.t, s.path("spool/mainlog")), -1) {
		times[m[1]+" to "+m[2]]++
	}
	for letter, n := range times {
		if n != 1 {
			s.t.Errorf("letter %s was offered %d times", letter, n)
		}
	}
	for limit := time.Now().Add(time.Minute); s.letters.came < len(times) && time.Now().Before(limit); {
		s.letters.collect(s.t, limit)
	}
	s.noOthers()
	if s.letters.came != len(times) || len(times) == 0 {
		s.t.Errorf("exim was offered %d letters, and delivered %d", len(times), s.letters.came)
	}
	s.t.Logf("%d letters, each offered once", len(times))
}
