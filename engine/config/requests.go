package config

import "time"

// Requests says how long a request that a CA holds may wait for people.
type Requests struct {
	Escalate   time.Duration `toml:"escalate"`    // before the end of the old certificate: it is said that nobody decides
	EscalateTo []string      `toml:"escalate_to"` // beside those whom the policy's rules name: addresses, or engine.ToGroup and a DN
	Collect    time.Duration `toml:"collect"`     // until an approved certificate that nobody collects is given up, and revoked
}

const day = 24 * time.Hour

func (r *Requests) check(c *checker, at *path) {
	fallback(c, at.key("escalate"), &r.Escalate, 7*day)
	fallback(c, at.key("collect"), &r.Collect, 30*day)
	c.waits(at.key("escalate"), r.Escalate)
	c.waits(at.key("collect"), r.Collect)
	for i, to := range r.EscalateTo {
		r.EscalateTo[i] = recipient(c, at.key("escalate_to").item(i), to, `"pki@corp.example", or "group:CN=…,DC=…"`)
	}
}

// waits reports a time in which no person can do anything, or that nobody lives
// to see.
func (c *checker) waits(at *path, t time.Duration) {
	const least, most = time.Hour, 3650 * day
	if t < least || t > most {
		c.wrong(at, "is "+short(t), "use a time from "+short(least)+" to "+short(most)+`: "168h" is a week`)
	}
}
