package main

import (
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
}

// delivery is a letter as it arrived.
type delivery struct{ id, to, subject, text string }

func openPostbox(t *testing.T, pipe *os.File) *postbox {
	t.Helper()
	return &postbox{pipe: pipe}
}

// next reads the next letter out of exim's pipe.
func (p *postbox) next(t *testing.T) delivery {
	t.Helper()
	const end = "--end of letter--\n"
	if err := p.pipe.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for b := make([]byte, 1<<16); !strings.Contains(p.rest, end); {
		n, err := p.pipe.Read(b)
		if err != nil && err != io.EOF {
			t.Fatalf("wait for a letter: %v; there are %q", err, p.kept)
		}
		p.rest += string(b[:n])
	}
	var letter string
	letter, p.rest, _ = strings.Cut(p.rest, end)
	return readLetter(t, letter)
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
func (s *heldSite) arrives(to string, has ...string) delivery {
	s.t.Helper()
	fits := func(d delivery) bool {
		return d.to == to && !slices.ContainsFunc(has, func(h string) bool { return !strings.Contains(d.subject+"\n"+d.text, h) })
	}
	at := slices.IndexFunc(s.letters.kept, fits)
	for at < 0 {
		s.letters.kept = append(s.letters.kept, s.letters.next(s.t))
		at = slices.IndexFunc(s.letters.kept[len(s.letters.kept)-1:], fits)
		if at == 0 {
			at = len(s.letters.kept) - 1
		}
	}
	d := s.letters.kept[at]
	s.letters.kept = slices.Delete(s.letters.kept, at, at+1)
	s.t.Logf("a letter to %s: %s\n%s", d.to, d.subject, d.text)
	return d
}

// expected letters are all read: none is left that nobody asked for.
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
	for limit := time.Now().Add(time.Minute); done(s.t, "mail", "outbox", "--config", s.path("service.toml")) != ""; {
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
	done(s.t, "worker", "--once", "--config", s.path("service.toml"))
	s.noOthers()
	times := map[string]int{}
	for _, m := range offered.FindAllStringSubmatch(read(s.t, s.path("spool/mainlog")), -1) {
		times[m[1]+" to "+m[2]]++
	}
	for letter, n := range times {
		if n != 1 {
			s.t.Errorf("letter %s was offered %d times", letter, n)
		}
	}
	if len(times) == 0 {
		s.t.Error("exim's log has no letters")
	}
	s.t.Logf("%d letters, each offered once", len(times))
}
