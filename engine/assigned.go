package engine

import (
	"cmp"
	"errors"
	"slices"
)

// Candidate is a policy as it stands in the choice for one user.
type Candidate struct {
	Policy Policy
	Link   Link // by which it came into the choice; zero when it is everybody's, or none led to the user
	Lost   LostWhy
}

// LostWhy says why a policy is not the user's.
type LostWhy string

// The reasons, in the order in which they are looked at. Won is the winner's.
const (
	Won           LostWhy = ""
	LostNoLink    LostWhy = "no link"   // none of its links leads to the user
	LostPriority  LostWhy = "priority"  // the winner's is higher
	LostGroup     LostWhy = "group"     // the winner is linked to a group
	LostContainer LostWhy = "container" // the winner is linked to a container, this one is everybody's
	LostShallow   LostWhy = "shallow"   // the winner's container is deeper
	LostLater     LostWhy = "stands later"
)

// Assigned chooses the policy of a user. A policy is in the choice when one of
// its links leads to the user (a container in which their entry lies, however
// deep, or a group they are in), or when it has no links: then it is
// everybody's. Of those the highest priority wins; between equals a group wins
// over a container, a deeper container over a shallower one, any link over
// none; and at last the one that stands first.
//
// The candidates are all policies, the winner first, then the others in the
// order in which they would have won. ok is false when none is in the choice.
func Assigned(policies []Policy, u User) (winner Policy, candidates []Candidate, ok bool) {
	return claim(policies).assigned(u)
}

// ByLinks is Assigned for many users: links are read once. The error is of
// Kind NoPolicy.
func ByLinks(policies []Policy) func(User) (Policy, error) {
	c := claim(policies)
	named := c.groups()
	containers := c.has(toContainer)
	return func(u User) (Policy, error) {
		best := -1
		var entry DN
		if containers {
			entry = u.entry()
		}
		groups := u.groupsAmong(named)
		var winning reach
		for i := range c {
			r, ok := c[i].reaches(entry, groups)
			if ok && (best < 0 || r.compare(winning) < 0) {
				best, winning = i, r
			}
		}
		if best < 0 {
			return Policy{}, noPolicy(u)
		}
		return c[best].policy, nil
	}
}

func noPolicy(u User) error {
	return &Error{
		Op: "choose policy", Kind: NoPolicy, Subject: Clean(u.Name),
		Err: errors.New("no policy is linked to this user, and none is everybody's"),
	}
}

// claims are policies with their links read, in the order they stand.
type claims []claimant

type claimant struct {
	policy Policy
	reach  []reach // one for each link, or the one of a policy that is everybody's
}

// reach is a link as it competes with others.
type reach struct {
	link     Link
	dn       DN // of the link
	kind     linkKind
	priority int
	stands   int // where its policy stands
}

// linkKind is ordered: the higher wins.
type linkKind int

const (
	everybody linkKind = iota
	toContainer
	toGroup
)

// claim reads the links. One that cannot be read leads to nobody; a
// configuration with such a link is refused.
func claim(policies []Policy) claims {
	var all claims
	for i, p := range policies {
		c := claimant{policy: p}
		if len(p.Links) == 0 {
			c.reach = []reach{{priority: p.Priority, stands: i}}
		}
		for _, l := range p.Links {
			kind, text := toContainer, l.Container
			if l.Group != "" {
				kind, text = toGroup, l.Group
			}
			if dn, err := ParseDN(text); err == nil {
				c.reach = append(c.reach, reach{l, dn, kind, p.Priority, i})
			}
		}
		slices.SortStableFunc(c.reach, reach.compare)
		all = append(all, c)
	}
	return all
}

// compare puts the one that wins first.
func (r reach) compare(o reach) int {
	return cmp.Or(
		cmp.Compare(o.priority, r.priority),
		cmp.Compare(o.kind, r.kind),
		cmp.Compare(o.depth(), r.depth()),
		cmp.Compare(r.stands, o.stands),
	)
}

// depth counts for containers only.
func (r reach) depth() int {
	if r.kind == toContainer {
		return len(r.dn)
	}
	return 0
}

// lostTo says which rule decided between two, of which the other won.
func (r reach) lostTo(winner reach) LostWhy {
	switch {
	case r.priority != winner.priority:
		return LostPriority
	case r.kind == winner.kind && r.depth() == winner.depth():
		return LostLater
	case r.kind == winner.kind:
		return LostShallow
	case winner.kind == toGroup:
		return LostGroup
	}
	return LostContainer
}

// reaches returns the best of the claimant's links that lead to a user.
func (c claimant) reaches(entry DN, groups []DN) (reach, bool) {
	for _, r := range c.reach {
		leads := true
		switch r.kind {
		case everybody:
		case toContainer:
			leads = entry.Below(r.dn)
		case toGroup:
			leads = slices.ContainsFunc(groups, r.dn.Equal)
		}
		if leads {
			return r, true
		}
	}
	return reach{}, false
}

// entry is where the user is in the directory; nowhere when that cannot be
// read.
func (u User) entry() DN {
	d, _ := ParseDN(u.DN) // nil on error
	return d
}

// groups are the names of those that links have, as they are written there.
func (c claims) groups() map[string]DN {
	all := map[string]DN{}
	for _, one := range c {
		for _, r := range one.reach {
			if r.kind == toGroup {
				all[r.link.Group] = r.dn
			}
		}
	}
	return all
}

// has reports whether there is a link of this kind.
func (c claims) has(kind linkKind) bool {
	return slices.ContainsFunc(c, func(one claimant) bool {
		return slices.ContainsFunc(one.reach, func(r reach) bool { return r.kind == kind })
	})
}

// groupsAmong is inGroups where the groups that links have are known: a user's
// are written alike, and most of the time nothing has to be read.
func (u User) groupsAmong(named map[string]DN) []DN {
	if len(named) == 0 {
		return nil
	}
	all := make([]DN, 0, len(u.Groups))
	for _, g := range u.Groups {
		d, ok := named[g]
		if !ok {
			d, _ = ParseDN(g)
		}
		if d != nil {
			all = append(all, d)
		}
	}
	return all
}

func (u User) inGroups() []DN {
	var all []DN
	for _, g := range u.Groups {
		if d, err := ParseDN(g); err == nil {
			all = append(all, d)
		}
	}
	return all
}

func (c claims) assigned(u User) (winner Policy, candidates []Candidate, ok bool) {
	entry, groups := u.entry(), u.inGroups()
	var in []reach
	var out []Candidate
	for _, one := range c {
		if r, ok := one.reaches(entry, groups); ok {
			in = append(in, r)
		} else {
			out = append(out, Candidate{Policy: one.policy, Lost: LostNoLink})
		}
	}
	slices.SortFunc(in, reach.compare)
	for i, r := range in {
		one := Candidate{Policy: c[r.stands].policy, Link: r.link}
		if i > 0 {
			one.Lost = r.lostTo(in[0])
		}
		candidates = append(candidates, one)
	}
	candidates = append(candidates, out...)
	if len(in) == 0 {
		return Policy{}, candidates, false
	}
	return candidates[0].Policy, candidates, true
}

// Shadowed reports whether a policy can never win, because wherever one of its
// links leads another policy is in the choice and wins; by are those, as they
// stand among the policies.
func Shadowed(policies []Policy, i int) (by []int, ok bool) {
	c := claim(policies)
	for _, r := range c[i].reach {
		covers := slices.IndexFunc(c, func(o claimant) bool {
			return slices.ContainsFunc(o.reach, func(o reach) bool { return o.stands != i && o.covers(r) && o.compare(r) < 0 })
		})
		if covers < 0 {
			return nil, false
		}
		by = append(by, covers)
	}
	slices.Sort(by)
	return slices.Compact(by), len(by) > 0
}

// covers reports whether r leads to everybody to whom o leads.
func (r reach) covers(o reach) bool {
	switch r.kind {
	case everybody:
		return true
	case toContainer:
		return o.kind == toContainer && (o.dn.Equal(r.dn) || o.dn.Below(r.dn))
	case toGroup:
		return o.kind == toGroup && o.dn.Equal(r.dn)
	}
	return false
}
