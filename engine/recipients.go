package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Addresses finds the people whom rules name without an address of theirs.
type Addresses interface {
	// ManagersOf returns a user's managers. Kind UserUnknown when there is no such
	// user.
	ManagersOf(ctx context.Context, user UserID) ([]User, error)
	// MembersOf returns the users in a group (DN), directly or through other
	// groups. A group that is not there has none.
	MembersOf(ctx context.Context, group string) ([]User, error)
}

// Expansion is what becomes of a letter to somebody whom only the directory
// knows.
type Expansion struct {
	At      time.Time
	Letters []Letter  // to the addresses that were found
	Why     string    // kept with the letter: whom it went to, or why to nobody
	Audit   *AuditRow // when somebody has no address
}

// symbolic reports whether a recipient stands for people whom only the directory
// knows. They are looked up when the letter leaves, not when the event happens:
// the directory may be away then, and whoever is manager by then is meant.
func symbolic(to string) bool {
	return to == ToManager || strings.HasPrefix(to, ToGroup)
}

// resolve puts letters to people in the place of one to whom only the directory
// knows. It may happen twice: the second time the letter does not wait any more.
// What the directory does not tell is asked again like a letter that was not sent;
// when it is away, known not to answer or just found so, that is returned too.
func (d *Desk) resolve(ctx context.Context, l Letter, known error) (away, err error) {
	people, none, failed := []User(nil), "", known
	if known == nil {
		people, none, failed = d.recipients(ctx, l)
	}
	keep, now := context.WithoutCancel(ctx), d.Now()
	switch {
	case failed == nil:
		return nil, d.Outbox.Expand(keep, l.ID, l.to(d.nobody(), people, none, now))
	case ctx.Err() != nil:
		return nil, d.Outbox.Defer(keep, l.ID, now, "stopped while its recipients were looked up")
	case Is(failed, DirectoryAway):
		away = failed
	}
	return away, d.tryLater(keep, l, failed)
}

// recipients asks the directory. none says why nobody is found.
func (d *Desk) recipients(ctx context.Context, l Letter) (people []User, none string, err error) {
	if d.Addresses == nil {
		return nil, "", &Error{Op: "look up recipients", Kind: Broken, Subject: l.To, Err: errors.New("no directory is configured")}
	}
	if group, ok := strings.CutPrefix(l.To, ToGroup); ok {
		people, err = d.Addresses.MembersOf(ctx, group)
		return people, "nobody is in the group", err
	}
	if l.Notice.User.ID == "" {
		return nil, "nobody's manager", nil
	}
	people, err = d.Addresses.ManagersOf(ctx, l.Notice.User.ID)
	if Is(err, UserUnknown) {
		return nil, "the directory does not have the user any more", nil
	}
	return people, "the directory names no manager", err
}

// mostUnheard is how many people an audit row names.
const mostUnheard = 10

// to makes the letters to people. Who has no address gets none, and that is
// recorded.
func (l Letter) to(actor Actor, people []User, none string, now time.Time) Expansion {
	e := Expansion{At: now}
	var without []string
	for _, u := range people {
		if u.Mail == "" {
			without = append(without, Clean(u.Name))
			continue
		}
		e.Letters = append(e.Letters, Letter{ID: expandedID(l.ID, u.Mail), To: u.Mail, Created: l.Created, Notice: l.Notice})
	}
	switch {
	case len(people) == 0:
		e.Why = "no address: " + none
	case len(e.Letters) == 0:
		e.Why = "no address"
	default:
		e.Why = fmt.Sprintf("told to %d", len(e.Letters))
	}
	if len(without) > 0 || len(e.Letters) == 0 {
		row := l.Notice.unheard(actor, l.To, without, now)
		if len(people) == 0 {
			row.Detail += ": " + none
		}
		e.Audit = &row
	}
	return e
}

// unheard is the audit row of people who are not told for want of an address.
func (n Notice) unheard(actor Actor, to string, people []string, now time.Time) AuditRow {
	detail := fmt.Sprintf("%s, to %s", n.Event, Clean(to))
	if len(people) > 0 {
		detail += ": " + strings.Join(people[:min(len(people), mostUnheard)], ", ")
	}
	if more := len(people) - mostUnheard; more > 0 {
		detail += fmt.Sprintf(" and %d more", more)
	}
	return AuditRow{At: now, Actor: actor, Act: "tell", Card: n.Card.ID, User: n.User.ID, Run: n.Run, Result: "no address", Detail: detail}
}

// noPerson acts where no person does.
func noPerson() Actor { return Actor{Who: "kiosk", Mode: Operator} }

// nobody is noPerson at this kiosk, for the audit: what it does is in the chain
// of its own.
func (d *Desk) nobody() Actor {
	a := noPerson()
	a.Station = d.Station
	return a
}

// expandedID is derived from the letter and the address, so that looking up twice
// is telling once.
func expandedID(letter, to string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "letter of %s to %s", letter, to))
	return hex.EncodeToString(sum[:16])
}
