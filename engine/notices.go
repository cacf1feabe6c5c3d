package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Notices remembers of what lasts who was told when, so that it is told again
// when its time has come, and not before.
type Notices interface {
	// LastTold returns when each subject of a topic was told last; those that never
	// were are left out.
	LastTold(ctx context.Context, t Topic) (map[string]time.Time, error)
	// Announce notes that subjects are told now, in one transaction with the letter
	// that tells them, or the audit row that says why nobody is told. ok is false,
	// and nothing has happened, when one of them was told since it was looked at:
	// somebody was faster.
	Announce(ctx context.Context, a Announcement) (ok bool, err error)
}

// Topic is what is told to whom: an event of a card. A common certificate is on
// no one card.
type Topic struct {
	Event NoticeEvent
	Card  CardID
	To    string // as the rule says it
}

// Announcement tells the subjects of a topic that are due.
type Announcement struct {
	Topic    Topic
	At       time.Time
	Subjects map[string]time.Time // when each was told before, as LastTold said; zero for never
	Letter   *Letter              // nil when there is no address
	Audit    *AuditRow
}

// news is one thing that lasts, and is told.
type news struct {
	key  string // the same as long as it is the same thing
	tell func(*Notice)
}

// due reports whether it is time to tell what was told last at a time,
// zero for never.
func (r Rule) due(last, now time.Time) bool {
	return last.IsZero() || r.ResendDays > 0 && !now.Before(last.AddDate(0, 0, r.ResendDays))
}

// withoutAddress is to whom it counts as told that a user has no address: the user
// is still to be told, once there is one.
const withoutAddress = ToUser + " without address"

// announce tells a recipient of a rule of the news whose time has come, in one
// letter. It reports whether one was written.
func (d *Desk) announce(ctx context.Context, r Rule, to string, n Notice, all []news) (told bool, err error) {
	topic := Topic{n.Event, n.Card.ID, to}
	address := to
	if to == ToUser {
		address = n.User.Mail
	}
	if address == "" {
		topic.To, r.ResendDays = withoutAddress, 0 // recorded once
	}
	last, err := d.Notices.LastTold(ctx, topic)
	if err != nil {
		return false, err
	}
	a := Announcement{Topic: topic, At: n.At, Subjects: map[string]time.Time{}}
	for _, s := range all {
		if before := last[s.key]; r.due(before, n.At) {
			a.Subjects[s.key] = before
			s.tell(&n)
		}
	}
	if len(a.Subjects) == 0 {
		return false, nil
	}
	if address == "" {
		row := n.unheard(d.nobody(), to, nil, n.At)
		a.Audit = &row
	} else {
		a.Letter = &Letter{ID: n.letterID(address), To: address, Created: n.At, Notice: n}
	}
	ok, err := d.Notices.Announce(ctx, a)
	return ok && address != "", err
}

// letterID is derived from what is told, when, and to whom: two rules that name
// one address tell it once.
func (n Notice) letterID(to string) string {
	text, _ := json.Marshal(n) // strings and times only
	sum := sha256.Sum256(fmt.Appendf(nil, "notice %s to %s", text, strings.ToLower(to)))
	return hex.EncodeToString(sum[:16])
}

// newsKey names a thing that lasts. What users are called by their directory does not
// stand in it as text.
func newsKey(parts ...string) string {
	text, _ := json.Marshal(parts)
	return Fingerprint(text)
}
