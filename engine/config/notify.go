package config

import (
	"net/mail"

	"cardkiosk/engine"
)

// notify is a [[policy.notify]] as it is written.
type notify struct {
	Event      engine.NoticeEvent `toml:"event"`
	To         []string           `toml:"to"`
	ResendDays int                `toml:"resend_days"`
}

// mostResend is as long as nobody remembers a letter, in days.
const mostResend = 365

// rules say who is told of what. Where nothing is said of it, the card's holder
// is told of an update.
func (p *policy) rules(c *checker, at *path) []engine.Rule {
	if !c.given(at) {
		return []engine.Rule{{Event: engine.UpdateDone, To: []string{engine.ToUser}}}
	}
	var all []engine.Rule
	for i, n := range p.Notify {
		at := at.item(i)
		oneOf(c, at.key("event"), n.Event, engine.UpdateDone)
		if len(n.To) == 0 {
			c.need(at.key("to"), "", `say who is told: to = ["user"], or a mail address`)
		}
		rule := engine.Rule{Event: n.Event, ResendDays: n.ResendDays}
		for j, to := range n.To {
			rule.To = append(rule.To, recipient(c, at.key("to").item(j), to))
		}
		c.countsFromNone(at.key("resend_days"), n.ResendDays, mostResend)
		all = append(all, rule)
	}
	return all
}

// recipient is "user", or the address without the name that may stand before
// it.
func recipient(c *checker, at *path, text string) string {
	if text == engine.ToUser {
		return text
	}
	a, err := mail.ParseAddress(text)
	if err != nil {
		c.wrong(at, quote(text)+` is neither "user" nor a mail address`, `write it like this: "user", or "helpdesk@corp.example"`)
		return text
	}
	return a.Address
}
