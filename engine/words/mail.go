package words

import (
	"fmt"

	"cardkiosk/engine"
)

// Mail are the words about letters on their way: of kiosk mail.
type Mail struct {
	Subject string // subject
	Taken   string // server, address, Message-ID
	Refused string // server, address
	Later   string // server, address
	Away    string // server

	RefusedHint, LaterHint, AwayHint string

	Letter, GaveUp  string // event, address
	About           string // serial, name, date and time
	Written         string // date and time
	Untried, Behind string
	Newer           string
	Next            string // tries, date and time
	After           string // tries, date and time
	Nothing         Plural // days
	Tries           Plural
}

// TestedMail says what became of a letter that tried the mail server. Its lines
// are empty when err is no trouble of the mail server's.
func (t *Text) TestedMail(l engine.Letter, to, server string, err error) []string {
	w := t.Mail
	say := func(what, hint string) []string {
		return []string{what, "    " + engine.Clean(err.Error()), hint}
	}
	switch {
	case err == nil:
		return []string{fmt.Sprintf(w.Taken, server, to, l.ID)}
	case engine.Is(err, engine.MailRefused):
		return say(fmt.Sprintf(w.Refused, server, to), w.RefusedHint)
	case engine.Is(err, engine.MailLater):
		return say(fmt.Sprintf(w.Later, server, to), w.LaterHint)
	case engine.Is(err, engine.MailAway):
		return say(fmt.Sprintf(w.Away, server), w.AwayHint)
	}
	return nil
}

// UnsentLines say of a letter that was not sent what it is about, how often it
// was tried, and why in vain.
func (t *Text) UnsentLines(u engine.Unsent) []string {
	w := t.Mail
	head, event := w.Letter, engine.Clean(string(u.Notice.Event))
	if u.GaveUp {
		head = w.GaveUp
	}
	if u.Newer {
		event = w.Newer
	}
	lines := []string{fmt.Sprintf(head, event, engine.Clean(u.To)), "    " + t.unsentAbout(u), "    " + t.unsentFate(u)}
	if u.Words != "" {
		lines = append(lines, "    "+engine.Clean(u.Words))
	}
	return lines
}

func (t *Text) unsentAbout(u engine.Unsent) string {
	card, name := t.Serial(u.Notice.Card), engine.Clean(u.Notice.User.Name)
	if card == "" || name == "" {
		return fmt.Sprintf(t.Mail.Written, t.When(u.Created))
	}
	return fmt.Sprintf(t.Mail.About, card, name, t.When(u.Created))
}

func (t *Text) unsentFate(u engine.Unsent) string {
	w := t.Mail
	tries := w.Tries.Of(u.Tries)
	switch {
	case u.GaveUp:
		return fmt.Sprintf(w.After, tries, t.When(u.Next))
	case u.Behind:
		return w.Behind
	case u.Tries == 0:
		return w.Untried
	}
	return fmt.Sprintf(w.Next, tries, t.When(u.Next))
}

// UnsentSummary counts letters that were not sent.
func (t *Text) UnsentSummary(all []engine.Unsent, days int) string {
	givenUp := 0
	for _, u := range all {
		if u.GaveUp {
			givenUp++
		}
	}
	if len(all) == 0 {
		return t.Mail.Nothing.Of(days)
	}
	return fmt.Sprintf("%s, %s.", t.Count.Letters.Of(len(all)-givenUp), t.Count.GivenUp.Of(givenUp))
}
