package engine

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// counter is a mail server that answers each letter the same.
type counter struct {
	answer error
	sent   []Letter
}

func (c *counter) Send(_ context.Context, l Letter) error {
	c.sent = append(c.sent, l)
	return c.answer
}

// unsent is an outbox list that remembers what it was asked.
type unsent struct {
	letters []Unsent
	since   time.Time
}

func (u *unsent) ListLetters(_ context.Context, since time.Time) ([]Unsent, error) {
	u.since = since
	return u.letters, nil
}

// A test letter is sent once, now, and audited with its address and what the
// server said. No outbox is asked, and nobody without the privilege sends one.
func TestTestMail(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	post, audit := &counter{}, &diary{}
	d := &Desk{
		Roles: everything,
		Post:  post, Audit: audit, Random: bytes.NewReader(bytes.Repeat([]byte{7}, 32)),
		Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
	}
	l, err := d.TestMail(t.Context(), reporter, "zoe@example.org")
	if err != nil || len(post.sent) != 1 || post.sent[0].ID != l.ID {
		t.Fatalf("sent %+v, %v", post.sent, err)
	}
	if l.ID != strings.Repeat("07", 16) || l.To != "zoe@example.org" || !l.Created.Equal(now) || l.Notice.Event != MailTest || l.Notice.Actor != reporter {
		t.Errorf("the letter is %+v", l)
	}
	if row := audit.row; row.Act != string(TryMail) || row.Detail != "zoe@example.org" || row.Result != "done" || row.Actor != reporter {
		t.Errorf("audited as %+v", row)
	}
	post.answer = &Error{Op: "name recipient", Kind: MailRefused, Err: errors.New("550 no such person")}
	if _, err := d.TestMail(t.Context(), reporter, "nobody@example.org"); !Is(err, MailRefused) || len(post.sent) != 2 {
		t.Errorf("%d letters, %v", len(post.sent), err)
	}
	if row := audit.row; row.Result != "failed" || !strings.Contains(row.Detail, "nobody@example.org") || !strings.Contains(row.Detail, "550") {
		t.Errorf("audited as %+v", row)
	}
	self := Actor{Who: "ada", Mode: SelfService}
	if _, err := d.TestMail(t.Context(), self, "zoe@example.org"); !Is(err, Forbidden) || len(post.sent) != 2 {
		t.Errorf("a holder: %d letters, %v", len(post.sent), err)
	}
	if row := audit.row; row.Result != "refused" || row.Actor != self {
		t.Errorf("audited as %+v", row)
	}
}

// The outbox is shown to those who may see it, and that is audited.
func TestOutboxLetters(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	list, audit := &unsent{letters: []Unsent{{}, {GaveUp: true}}}, &diary{}
	d := &Desk{Roles: everything, Unsent: list, Audit: audit, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}
	all, err := d.OutboxLetters(t.Context(), reporter, 30)
	if err != nil || len(all) != 2 || !list.since.Equal(now.AddDate(0, 0, -30)) {
		t.Errorf("%d letters since %v, %v", len(all), list.since, err)
	}
	if row := audit.row; row.Act != string(SeeOutbox) || row.Detail != "2 letters" || row.Result != "done" {
		t.Errorf("audited as %+v", row)
	}
	if all, err := d.OutboxLetters(t.Context(), Actor{Who: "ada", Mode: SelfService}, 30); !Is(err, Forbidden) || all != nil {
		t.Errorf("a holder sees %v, %v", all, err)
	}
	if audit.row.Result != "refused" {
		t.Errorf("audited as %+v", audit.row)
	}
}

// The letter that only tries the mail server is no event that a policy can name.
func TestMailTestIsNoEvent(t *testing.T) {
	for _, e := range NoticeEvents() {
		if e == MailTest {
			t.Error("it is one")
		}
	}
}
