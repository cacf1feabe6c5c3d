package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/mail"
	"cardkiosk/engine/words"
)

// ledgerOfTries notes what became of each try to send a letter.
type ledgerOfTries struct {
	engine.Post
	now   func() time.Time
	tries []try
}

type try struct {
	at     time.Time
	letter engine.Letter
	err    error
}

func (p *ledgerOfTries) Send(ctx context.Context, l engine.Letter) error {
	err := p.Post.Send(ctx, l)
	p.tries = append(p.tries, try{p.now(), l, err})
	return err
}

// of are the tries of one letter.
func (p *ledgerOfTries) of(id string) (all []try) {
	for _, t := range p.tries {
		if t.letter.ID == id {
			all = append(all, t)
		}
	}
	return all
}

// A mailbox that says 451 is tried again, each time after a longer wait and with
// the same Message-ID, until it says 250; the card's later letter waits its turn.
// One that says 550 is given up at once, and the administrator sees that, with the
// server's words.
func TestRealMailServerThatTakesItsTime(t *testing.T) {
	dir := t.TempDir()
	serverCertificate(t, dir)
	write(t, filepath.Join(dir, "mail-password"), "open sesame 7")
	addr, box := startExim(t, dir, "open sesame 7")
	letters, err := words.OpenLetters("")
	if err != nil {
		t.Fatal(err)
	}
	post, err := mail.Open(mail.Config{
		Server: addr, TLS: mail.StartTLS, CAFile: filepath.Join(dir, "root.pem"), User: "kiosk", PasswordFile: filepath.Join(dir, "mail-password"),
		From: "Card kiosk <kiosk@corp.example>", Timeout: 30 * time.Second,
	}, letters)
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{now: time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)}
	start := c.Now()
	kept := storeAt(t, filepath.Join(dir, "kiosk.db"))
	var log bytes.Buffer
	tries := &ledgerOfTries{Post: post, now: c.Now}
	desk := &engine.Desk{Outbox: kept, Errands: kept, Post: tries, Now: c.Now, Log: slog.New(slog.NewTextHandler(&log, nil))}

	happen(t, kept, c.Now(), 1, "slow@corp.example")
	happen(t, kept, c.Now().Add(time.Second), 2, "slow@corp.example")
	c.turn(2 * time.Second)
	write(t, filepath.Join(dir, "slow"), "")
	for range 5 { // for a quarter of an hour the mailbox is busy
		r := deliver(t, desk)
		if h := health(t, desk); h.Letters != 2 || h.GivenUp != 0 {
			t.Errorf("while the mailbox is busy: %+v", h)
		}
		c.turn(r.Next.Sub(c.Now()))
	}
	if err := os.Remove(filepath.Join(dir, "slow")); err != nil {
		t.Fatal(err)
	}
	deliver(t, desk)
	came := delivered(t, box)
	for strings.Count(came, "--end of letter--\n") < 2 { // a pipe may give both at once
		came += delivered(t, box)
	}
	happen(t, kept, c.Now(), 3, "never@corp.example")
	deliver(t, desk)
	h := health(t, desk)

	t.Log(table(tries.tries, start))
	t.Logf("the administrator sees: %d letters wait, %d given up; and in the log:\n%s", h.Letters, h.GivenUp, log.String())
	if h.Letters != 0 || h.GivenUp != 1 || !regexp.MustCompile(`level=ERROR msg="letter was given up" letter=letter-3-0 .*550.*no such person here`).MatchString(log.String()) {
		t.Errorf("health is %+v, and the log says\n%s", h, log.String())
	}
	if n := strings.Count(log.String(), "this mailbox is busy"); n != 5 {
		t.Errorf("the log has the server's words %d times, want 5", n)
	}
	checkTries(t, tries, start)
	checkOffers(t, filepath.Join(dir, "spool", "mainlog"))
	for _, id := range []string{"<letter-1-0@corp.example>", "<letter-2-0@corp.example>"} {
		if strings.Count(came, id) != 1 {
			t.Errorf("letter %s did not come once:\n%s", id, came)
		}
	}
}

func health(t *testing.T, d *engine.Desk) engine.Health {
	t.Helper()
	h, err := d.Health(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// checkTries compares when letters were tried with when they had to be.
func checkTries(t *testing.T, p *ledgerOfTries, start time.Time) {
	t.Helper()
	var got []string
	for _, x := range p.of("letter-1-0") {
		got = append(got, fmt.Sprint(x.at.Sub(start)-2*time.Second, " ", x.err == nil))
	}
	const want = "0s false, 1m0s false, 3m0s false, 7m0s false, 15m0s false, 31m0s true"
	if strings.Join(got, ", ") != want {
		t.Errorf("the letter was tried %v, want %s", got, want)
	}
	if later := p.of("letter-2-0"); len(later) != 1 || later[0].err != nil || later[0].at.Sub(start) < 31*time.Minute {
		t.Errorf("the later letter did not wait its turn: %+v", later)
	}
	if never := p.of("letter-3-0"); len(never) != 1 || !engine.Is(never[0].err, engine.MailRefused) {
		t.Errorf("the refused letter: %+v", never)
	}
}

// checkOffers reads in the server's own log what it was offered: the same
// Message-ID at each try.
func checkOffers(t *testing.T, file string) {
	t.Helper()
	offered := regexp.MustCompile(`offered (\S+) for (\S+)`)
	ids := map[string]int{}
	for _, m := range offered.FindAllStringSubmatch(read(t, file), -1) {
		ids[m[1]]++
	}
	if len(ids) != 2 || ids["<letter-1-0@corp.example>"] != 6 || ids["<letter-2-0@corp.example>"] != 1 {
		t.Errorf("the server was offered %v", ids)
	}
}

// table shows the tries as an administrator might.
func table(tries []try, start time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-8s %-12s %-20s %-4s %-34s %s\n", "when", "Message-ID", "to", "try", "the server's answer", "next try")
	for i, x := range tries {
		answer, next := "250", "-"
		if x.err != nil {
			answer, next = said.FindStringSubmatch(x.err.Error())[1], "never: given up"
			for _, later := range tries[i+1:] {
				if later.letter.ID == x.letter.ID {
					next = "after " + later.at.Sub(x.at).String()
					break
				}
			}
		}
		fmt.Fprintf(&b, "%-8s %-12s %-20s %-4d %-34s %s\n", x.at.Sub(start), x.letter.ID, x.letter.To, x.letter.Tries+1, answer, next)
	}
	return b.String()
}

// said finds what a server says: its code and its words.
var said = regexp.MustCompile(`SMTP error (.*)`)
