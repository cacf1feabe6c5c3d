package words

import (
	"strings"

	"cardkiosk/engine"
)

// Denials are the words for why somebody may not do something.
type Denials struct {
	Why      map[engine.DenialWhy]string
	Policies string // names, after the reason
}

// Denied says why somebody may not do something; "" when err is no denial.
func (t *Text) Denied(err error) string {
	d := engine.DenialOf(err)
	if d == nil {
		return ""
	}
	s := t.Denials.Why[d.Why]
	if len(d.Policies) > 0 {
		s += " " + strings.Replace(t.Denials.Policies, "%s", strings.Join(d.Policies, ", "), 1)
	}
	return s
}
