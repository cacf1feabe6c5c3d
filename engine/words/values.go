package words

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"cardkiosk/engine"
)

// DateOf writes a day: "1 Dec 2026".
func (t *Text) DateOf(at time.Time) string {
	at = at.Local()
	return fmt.Sprintf(t.Values.Date, at.Day(), t.Months[at.Month()-1], at.Year())
}

// When writes a day and its time.
func (t *Text) When(at time.Time) string {
	at = at.Local()
	return fmt.Sprintf(t.Values.When, t.DateOf(at), at.Hour(), at.Minute())
}

// Clock writes a time of today without its day.
func (t *Text) Clock(at, now time.Time) string {
	day := func(at time.Time) string { return at.Local().Format(time.DateOnly) }
	if day(at) != day(now) {
		return t.When(at)
	}
	at = at.Local()
	return fmt.Sprintf(t.Values.Clock, at.Hour(), at.Minute())
}

// Span says until when a certificate is valid, since when it is not any more,
// or from when on it will be.
func (t *Text) Span(life engine.Life, from, to time.Time) string {
	switch life {
	case engine.Valid, engine.Expiring:
		return fmt.Sprintf(t.Tracked.Until, t.DateOf(to))
	case engine.Expired:
		return fmt.Sprintf(t.Tracked.Ended, t.DateOf(to))
	case engine.NotYet:
		return fmt.Sprintf(t.Tracked.From, t.DateOf(from))
	}
	return ""
}

// until says how far a moment is from now, in days of the calendar: "in 9
// days", "today".
func (t *Text) until(at, now time.Time) string {
	day := func(x time.Time) time.Time {
		y, m, d := x.Local().Date()
		return time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
	}
	days := int(day(at).Sub(day(now)).Hours() / 24)
	switch {
	case days > 0:
		return t.Values.InDays.Of(days)
	case days < 0:
		return t.Values.DaysAgo.Of(-days)
	}
	return t.Values.Today
}

// Seconds writes how long something took.
func (t *Text) Seconds(d time.Duration) string {
	if d >= time.Minute {
		return fmt.Sprintf(t.Values.Minutes, int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf(t.Values.Seconds, t.decimal(d.Seconds()))
}

// Size writes a number of bytes.
func (t *Text) Size(n int) string {
	if n < 1024 {
		return t.Values.Bytes.Of(n)
	}
	return fmt.Sprintf(t.Values.KB, t.decimal(float64(n)/1024))
}

// decimal writes a number with one decimal.
func (t *Text) decimal(x float64) string {
	return strings.Replace(strconv.FormatFloat(x, 'f', 1, 64), ".", t.Values.Decimal, 1)
}

// list names several as one would in a sentence: "a, b and c".
func (t *Text) list(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return fmt.Sprintf(t.Values.And, strings.Join(names[:last], ", "), names[last])
}

// Serial writes a card's number as it is printed: eight digits in two groups,
// or, for cards without one, the beginning of their id.
func (t *Text) Serial(c engine.Identity) string {
	n, err := strconv.ParseUint(c.Serial, 10, 64)
	if err != nil {
		id := strings.TrimPrefix(c.Label(), "guid-")
		return engine.Clean(id[:min(len(id), 13)])
	}
	digits := fmt.Sprintf("%08d", n)
	return digits[:len(digits)-4] + " " + digits[len(digits)-4:]
}

// Place writes a place as people know it: "9A".
func (t *Text) Place(p engine.Place) string { return strings.ToUpper(string(p)) }

// Tries says how many tries a PIN has left.
func (t *Text) Tries(left int) string {
	if left < 0 {
		return t.PIN.Unknown
	}
	return t.Count.Tries.Of(left)
}

// CardOf names a card with its owner and reader.
func (t *Text) CardOf(owner string, c engine.Identity, reader string) string {
	return fmt.Sprintf(t.PIN.Card, owner, t.Serial(c), engine.Clean(reader))
}

// Held names the card in hand.
func (t *Text) Held(c engine.Identity, reader string) string {
	return fmt.Sprintf(t.Frame.Held, t.Serial(c), engine.Clean(reader))
}

// Who names the person at the kiosk, and the kiosk.
func (t *Text) Who(a engine.Actor) string {
	if a.Mode == engine.Agent {
		return fmt.Sprintf(t.Tasks.AgentAt, engine.Clean(a.Station))
	}
	return engine.Clean(a.Station) + "   " + fmt.Sprintf(t.Frame.Operator, engine.Clean(a.Who))
}

// TooSmall says how large the terminal is and must be.
func (t *Text) TooSmall(w, h, leastW, leastH int) string {
	return fmt.Sprintf(t.Frame.TooSmall, w, h, leastW, leastH)
}

// ConnectTitle asks for one card.
func (t *Text) ConnectTitle(id engine.CardID) string {
	return fmt.Sprintf(t.Connect.TitleCard, t.SerialOf(id))
}

// SerialOf is Serial where only the id is known.
func (t *Text) SerialOf(id engine.CardID) string {
	return t.Serial(engine.Identity{ID: id, Serial: strings.TrimPrefix(string(id), "yubikey-")})
}

// ProgressTitle says which card is being written; back, that its update is taken
// back, and cancels, that it is cancelled.
func (t *Text) ProgressTitle(c engine.Identity, back, cancels bool) string {
	switch {
	case cancels:
		return fmt.Sprintf(t.Progress.TitleCancel, t.Serial(c))
	case back:
		return fmt.Sprintf(t.Progress.TitleBack, t.Serial(c))
	}
	return fmt.Sprintf(t.Progress.Title, t.Serial(c))
}

// EmptyingTitle is ProgressTitle of a card that is taken from its user.
func (t *Text) EmptyingTitle(c engine.Identity) string {
	return fmt.Sprintf(t.Life.Emptying, t.Serial(c))
}

// InReader says what is in a reader: nothing, trouble, or which card and whose.
func (t *Text) InReader(v engine.ReaderView, between string) string {
	switch {
	case !v.Reader.Card:
		return t.Connect.Empty
	case v.Reader.Mute:
		return t.Connect.Mute
	case v.Err != nil:
		return t.TitleOf(v.Err)
	case v.Card == nil:
		return t.Connect.Unread
	}
	owner := t.Connect.Nobody
	if v.Owner.Name != "" {
		owner = v.Owner.Name
	}
	return strings.TrimSpace(t.Serial(*v.Card)+"  "+v.Card.Model) + " " + between + " " + owner
}
