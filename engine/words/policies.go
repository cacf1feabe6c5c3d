package words

import (
	"fmt"

	"cardkiosk/engine"
)

// PolicyLines say which policy is a user's and why, and why the others are not.
func (t *Text) PolicyLines(e engine.Explanation) []string {
	w := t.Policies
	lines := []string{fmt.Sprintf(w.None, e.User.Name, e.User.Logon)}
	others := e.Candidates
	if e.Assigned {
		won := others[0]
		others = others[1:]
		lines = []string{
			fmt.Sprintf(w.Has, e.User.Name, e.User.Logon, engine.Clean(won.Policy.Name)),
			"  " + fmt.Sprintf(w.Because, t.link(won.Link), won.Policy.Priority),
			"  " + fmt.Sprintf(w.Hash, e.Hash),
		}
	}
	if len(others) > 0 {
		lines = append(lines, w.Others)
	}
	for _, o := range others {
		lines = append(lines, "  "+t.loser(o))
	}
	return lines
}

func (t *Text) loser(c engine.Candidate) string {
	name, why := engine.Clean(c.Policy.Name), t.Losers[c.Lost]
	if c.Lost == engine.LostNoLink {
		return fmt.Sprintf(t.Policies.Other, name, why, c.Policy.Priority)
	}
	return fmt.Sprintf(t.Policies.OtherLink, name, why, c.Policy.Priority, t.link(c.Link))
}

func (t *Text) link(l engine.Link) string {
	switch {
	case l.Group != "":
		return fmt.Sprintf(t.Policies.Group, engine.Clean(l.Group))
	case l.Container != "":
		return fmt.Sprintf(t.Policies.Container, engine.Clean(l.Container))
	}
	return t.Policies.Everybody
}

// PolicyName says which policy is the user's.
func (t *Text) PolicyName(name string) string {
	if name == "" {
		return t.Profile.NoPolicy
	}
	return fmt.Sprintf(t.Profile.Policy, name)
}
