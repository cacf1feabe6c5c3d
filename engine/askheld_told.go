package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// told adds the letters about a request to what becomes of it, and the audit row.
func (d *Desk) told(ctx context.Context, q Request, event NoticeEvent, until time.Time) (Settled, error) {
	n, err := d.requestNotice(ctx, q, event, until)
	if err != nil {
		return Settled{}, err
	}
	to := toldOf(q.Tell, event)
	if event == ApprovalOverdue {
		to = append(to[:len(to):len(to)], d.Deadlines.EscalateTo...)
	}
	s := Settled{Request: q}
	s.Letters = lettersTo(to, n, func(to string) string { return requestLetterID(q, event, to) })
	row := AuditRow{
		At: n.At, Actor: d.nobody(), Act: string(event), Card: q.Card.ID, User: q.User.ID, Run: q.Run, Result: "done",
		Detail: q.detail(),
	}
	s.Audit = append(s.Audit, row)
	return s, nil
}

// detail names a request in the audit, with its CA's words.
func (q Request) detail() string {
	detail := fmt.Sprintf("%s, request %s", q.Template, q.ID)
	if q.Words != "" {
		detail += ": " + q.Words
	}
	return detail
}

// decided tells of what a CA has decided, unless the update was given up meanwhile
// and only its cancelling was cut off: then what it was to be is nobody's news, and a
// request that was withdrawn here was not rejected.
func (d *Desk) decided(ctx context.Context, q Request, event NoticeEvent, until time.Time) (Settled, error) {
	run, open, err := d.openRun(ctx, q.Card.ID)
	if err != nil {
		return Settled{}, err
	}
	if open && run.ID == q.Run && run.goesBack() {
		return Settled{Request: q}, nil
	}
	return d.told(ctx, q, event, until)
}

// requestNotice is what is told of a request, with the others of its update.
func (d *Desk) requestNotice(ctx context.Context, q Request, event NoticeEvent, until time.Time) (Notice, error) {
	all, err := d.Requests.RequestsOf(ctx, q.Card.ID)
	if err != nil {
		return Notice{}, err
	}
	n := Notice{Event: event, User: q.User, Card: q.Card, Run: q.Run, Actor: q.Actor, At: d.Now(), Until: until, Works: q.Works}
	for _, other := range all {
		if other.Run != q.Run {
			continue
		}
		line := other.line()
		if other.ID == q.ID {
			line = q.line()
			line.News = true
		}
		n.Requests = append(n.Requests, line)
	}
	return n, nil
}

func (q Request) line() NoticeRequest {
	return NoticeRequest{Template: q.Template, CA: q.CA, State: q.State, Words: q.Words, Asked: q.Asked}
}

// requestLetterID is derived from request, event and recipient, so that telling
// twice is telling once.
func requestLetterID(q Request, event NoticeEvent, to string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "letter of request %s %s %s", q.ID, event, to))
	return hex.EncodeToString(sum[:16])
}
