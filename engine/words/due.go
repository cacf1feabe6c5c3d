package words

import (
	"fmt"
	"strings"
	"time"

	"cardkiosk/engine"
)

// DueLines say of a card that it is due: whose it is, why, one line for each
// reason, and since when.
func (t *Text) DueLines(c engine.DueCard, now time.Time) []string {
	parts := []string{t.Serial(c.Card), t.Holder(c)}
	if c.Policy != "" {
		parts = append(parts, fmt.Sprintf(t.Due.Policy, engine.Clean(c.Policy)))
	}
	lines := []string{strings.Join(parts, "  ")}
	for _, why := range t.DueReasons(c, now) {
		lines = append(lines, "    "+why)
	}
	return append(lines, "    "+strings.Join(t.DueNotes(c, now), ", "))
}

// Holder names the user of a card that is due.
func (t *Text) Holder(c engine.DueCard) string {
	if c.User.Logon == "" {
		return c.User.Name
	}
	return fmt.Sprintf(t.Due.Holder, c.User.Name, c.User.Logon)
}

// DueReasons say why a card is due, or why nobody can tell.
func (t *Text) DueReasons(c engine.DueCard, now time.Time) []string {
	var all []string
	if c.Trouble != nil {
		all = append(all, t.TitleOf(c.Trouble))
	}
	for _, r := range c.Reasons {
		all = append(all, t.Reason(r, now))
	}
	return all
}

// DueNotes say since when a card is due, when its next certificate ends, how old
// is what is known of it, and what is not as usual with its user.
func (t *Text) DueNotes(c engine.DueCard, now time.Time) []string {
	w := t.Due
	var all []string
	switch {
	case c.Since.After(now):
		all = append(all, fmt.Sprintf(w.From, t.DateOf(c.Since)))
	case !c.Since.IsZero():
		all = append(all, fmt.Sprintf(w.Since, t.DateOf(c.Since)))
	}
	if !c.Next.IsZero() {
		all = append(all, fmt.Sprintf(w.Next, t.DateOf(c.Next)))
	}
	switch {
	case !c.Seen.IsZero():
		all = append(all, fmt.Sprintf(w.Seen, t.Ago(c.Seen, now)))
	case !c.Written.IsZero():
		all = append(all, fmt.Sprintf(w.Written, t.DateOf(c.Written)))
	default:
		all = append(all, w.New)
	}
	switch {
	case c.Gone:
		all = append(all, w.Gone)
	case c.Unknown:
		all = append(all, w.Unknown)
	case c.User.Disabled:
		all = append(all, w.Disabled)
	}
	return all
}

// DueSummary says what a report came to, and of what in it one cannot be sure.
// stale is the age from which on what is known of users is too old; zero for
// never.
func (t *Text) DueSummary(s engine.DueSummary, now time.Time, stale time.Duration) []string {
	w := t.Due
	lines := []string{w.Summary.Of(s.Cards, s.Due)}
	if s.Unknown > 0 {
		lines = append(lines, w.Recorded.Of(s.Unknown))
	}
	switch read := s.Snapshot.Refresh; {
	case read.IsZero():
		lines = append(lines, w.NoSnapshot)
	case stale > 0 && now.Sub(read) >= stale:
		lines = append(lines, fmt.Sprintf(w.Stale, t.Ago(read, now)))
	}
	return lines
}

// Ago says how long ago something was: "3 hours ago".
func (t *Text) Ago(at, now time.Time) string {
	const day = 24 * time.Hour
	switch d := now.Sub(at); {
	case d < time.Minute:
		return t.Values.Now
	case d < time.Hour:
		return t.Values.MinutesAgo.Of(int(d / time.Minute))
	case d < 2*day:
		return t.Values.HoursAgo.Of(int(d / time.Hour))
	default:
		return t.Values.DaysAgo.Of(int(d / day))
	}
}
