package config

import (
	"time"

	"cardkiosk/engine"
)

// Agent is how kiosk agent carries out the tasks that are left for this station.
type Agent struct {
	User       string          `toml:"user"`        // logon name of whose workstation it is; "": of the account that the agent runs as
	Mismatch   engine.Mismatch `toml:"mismatch"`    // a task is bound to another workstation, or to its user's own
	RetryAfter time.Duration   `toml:"retry_after"` // a task whose holder has said "not now" is offered again
}

func (a *Agent) check(c *checker, at *path) {
	fallback(c, at.key("mismatch"), &a.Mismatch, engine.MismatchRefuse)
	oneOf(c, at.key("mismatch"), a.Mismatch, engine.MismatchRefuse, engine.MismatchLog)
	fallback(c, at.key("retry_after"), &a.RetryAfter, 30*time.Minute)
	const least, most = time.Second, 30 * day
	if a.RetryAfter < least || a.RetryAfter > most {
		c.wrong(at.key("retry_after"), "is "+short(a.RetryAfter), "use a time from "+short(least)+" to "+short(most)+`: "30m" is half an hour`)
	}
}

// tasks is a [policy.tasks] as it is written.
type tasks struct {
	Station bool `toml:"bind_station"`
	User    bool `toml:"bind_user"`
	Resume  bool `toml:"resume"`
}
