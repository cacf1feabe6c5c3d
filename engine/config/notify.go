package config

import (
	"net/mail"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

// notify is a [[policy.notify]] as it is written.
type notify struct {
	Event      engine.NoticeEvent `toml:"event"`
	To         []string           `toml:"to"`
	Days       int                `toml:"days"`
	ResendDays int                `toml:"resend_days"`
}

// mostResend is as long as nobody remembers a letter, in days.
const mostResend = 365

// noticeDays is how long before its end it is told of a certificate that has no
// window of its own.
const noticeDays = 30

// windowless are the events about certificates that no template renews.
var windowless = []engine.NoticeEvent{engine.TrackedExpiring, engine.CommonExpiring}

// rules say who is told of what. Where nothing is said of it, the card's holder
// is told of an update.
func (p *policy) rules(c *checker, at *path, d Directory) []engine.Rule {
	if !c.given(at) {
		return []engine.Rule{{Event: engine.UpdateDone, To: []string{engine.ToUser}}}
	}
	var all []engine.Rule
	for i := range p.Notify {
		all = append(all, p.Notify[i].rule(c, at.item(i), d))
	}
	return all
}

func (n *notify) rule(c *checker, at *path, d Directory) engine.Rule {
	oneOf(c, at.key("event"), n.Event, engine.NoticeEvents()...)
	if len(n.To) == 0 {
		c.need(at.key("to"), "", `say who is told: to = ["user"], or a mail address`)
	}
	rule := engine.Rule{Event: n.Event, ResendDays: n.ResendDays}
	for i, to := range n.To {
		rule.To = append(rule.To, n.recipient(c, at.key("to").item(i), to, d))
	}
	n.checkResend(c, at.key("resend_days"))
	rule.Days = n.days(c, at.key("days"))
	return rule
}

// checkResend warns of a period for what happens once.
func (n *notify) checkResend(c *checker, at *path) {
	switch {
	case n.ResendDays < 0 || n.ResendDays > mostResend:
		c.countsFromNone(at, n.ResendDays, mostResend)
	case n.ResendDays > 0 && n.known() && !slices.Contains(engine.LastingEvents(), n.Event):
		c.warn(at, "has no effect: "+quote(string(n.Event))+" happens once, and is told once", "remove it")
	}
}

// days is from how many days before its end a certificate is told of; 0 where
// that is not for the rule to say.
func (n *notify) days(c *checker, at *path) int {
	if !slices.Contains(windowless, n.Event) {
		if c.given(at) && n.known() {
			remedy := "remove it"
			if n.Event == engine.ContentExpiring {
				remedy = "remove it: renew_days and renew_percent of each template say when it is due"
			}
			c.warn(at, "has no effect on "+quote(string(n.Event)), remedy)
		}
		return 0
	}
	fallback(c, at, &n.Days, noticeDays)
	c.counts(at, n.Days, mostDays)
	return n.Days
}

func (n *notify) known() bool { return slices.Contains(engine.NoticeEvents(), n.Event) }

// recipient is who is told, as engine.Rule wants it.
func (n *notify) recipient(c *checker, at *path, text string, d Directory) string {
	personal := text == engine.ToUser || text == engine.ToManager
	switch {
	case personal && n.Event == engine.CommonExpiring:
		c.wrong(at, quote(text)+" can do nothing about it: many cards share the certificate", `name administrators: "group:CN=…,DC=…", or "pki@corp.example"`)
	case text == engine.ToManager && d.Attributes.Manager == "" && !c.main.unclear(attribute(c, "manager")):
		c.wrong(at, `is "manager", but directory.attributes.manager is empty`, "name the attribute there, or remove it")
	case !personal:
		return recipient(c, at, text, `"user", "manager", "group:CN=…,DC=…", or "helpdesk@corp.example"`)
	}
	return text
}

// recipient is a group of the directory, or the address without the name that
// may stand before it. what are the forms possible here.
func recipient(c *checker, at *path, text, forms string) string {
	if group, ok := strings.CutPrefix(text, engine.ToGroup); ok {
		const example = "group:CN=Card desk,OU=Groups,DC=corp,DC=example"
		if dn, err := ldap.ParseDN(group); err != nil || len(dn.RDNs) == 0 {
			c.wrong(at, quote(group)+" is not a distinguished name", "write it like this: "+quote(example))
		}
		return text
	}
	a, err := mail.ParseAddress(text)
	if err != nil {
		c.wrong(at, quote(text)+" is not somebody who can be told", "write it like this: "+forms)
		return text
	}
	return a.Address
}
