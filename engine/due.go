package engine

import (
	"context"
	"time"
)

// DueFilter says which cards a report is about. The zero filter is every card
// that is due now.
type DueFilter struct {
	Policy string            // of the user, now; "" for any
	Within int               // days: also those that will be due by then
	Reason func(Reason) bool // nil for any
	User   func(User) bool   // nil for anybody
}

// DueCard is one line of the report.
type DueCard struct {
	Card    Identity
	User    User // as the snapshot has them, or, without it, as recorded
	State   State
	Policy  string    // the user's, now
	Reasons []Reason  // why it is due, OptionalAvailable left out
	Since   time.Time // since when it is due, where a reason tells
	Next    time.Time // when the first of its certificates ends
	Seen    time.Time // when its contents were read last; zero when only written
	Trouble error     // why nobody can say whether it is due
}

// DueSummary is what a report came to.
type DueSummary struct {
	Cards, Due int
	Snapshot   SnapshotState // how old is what is known of users
}

// Due reports all cards that are due, those first whose certificates end first.
// It asks neither cards nor the directory: contents are as last seen, users as
// in the snapshot. It holds one card at a time.
func (d *Desk) Due(ctx context.Context, actor Actor, f DueFilter, each func(DueCard) error) (DueSummary, error) {
	if err := may(actor, SeeDue); err != nil {
		return DueSummary{}, err
	}
	var sum DueSummary
	var err error
	if sum.Snapshot, err = d.People.Snapshot(ctx); err != nil {
		return sum, err
	}
	r := dueReport{desk: d, filter: f, now: d.Now(), befores: map[string]*Policy{}}
	err = d.Ledger.EachDue(ctx, func(facts DueFacts) error {
		sum.Cards++
		line, due, err := r.line(ctx, facts)
		if err != nil || !due {
			return err
		}
		sum.Due++
		return each(line)
	})
	return sum, err
}

type dueReport struct {
	desk    *Desk
	filter  DueFilter
	now     time.Time
	befores map[string]*Policy // by hash
}

// line judges one card. A card that will be due only later has its reasons as
// they will be.
func (r *dueReport) line(ctx context.Context, f DueFacts) (DueCard, bool, error) {
	user := f.Person.User
	if !f.Known {
		user = f.Record.User.user()
	}
	line := DueCard{
		Card: f.Record.Card, User: user.shown(), State: f.Record.State, Next: f.Record.nextEnd(), Seen: f.Record.Seen.At,
	}
	if r.filter.User != nil && !r.filter.User(user) {
		return line, false, nil
	}
	policy, err := r.desk.PolicyOf(user)
	if err != nil {
		line.Trouble = err
		return line, r.filter.Policy == "" && r.filter.Reason == nil, nil
	}
	if line.Policy = policy.Name; r.filter.Policy != "" && r.filter.Policy != policy.Name {
		return line, false, nil
	}
	s := Situation{Policy: policy, Record: f.Record, Now: r.now}
	if f.Known && !f.Person.Gone {
		s.User = user
	}
	if s.Before, err = r.before(ctx, f.Record); err != nil {
		return line, false, err
	}
	line.Reasons = r.wanted(Reasons(s))
	if len(line.Reasons) == 0 && r.filter.Within > 0 {
		s.Now = r.now.AddDate(0, 0, r.filter.Within)
		line.Reasons = r.wanted(Reasons(s))
	}
	line.Since = s.since(line.Reasons)
	return line, len(line.Reasons) > 0, nil
}

// wanted leaves out what does not make a card due, and cards without a reason
// that the filter asks for.
func (r *dueReport) wanted(all []Reason) []Reason {
	var reasons []Reason
	asked := r.filter.Reason == nil
	for _, reason := range all {
		if _, optional := reason.(OptionalAvailable); optional {
			continue
		}
		reasons = append(reasons, reason)
		asked = asked || r.filter.Reason(reason)
	}
	if !asked {
		return nil
	}
	return reasons
}

func (r *dueReport) before(ctx context.Context, record Record) (*Policy, error) {
	if p, known := r.befores[record.Under]; known {
		return p, nil
	}
	p, err := r.desk.before(ctx, record)
	r.befores[record.Under] = p
	return p, err
}

// since is the earliest time from which one of the reasons holds, as far as
// they tell.
func (s Situation) since(reasons []Reason) time.Time {
	var first time.Time
	earlier := func(t time.Time) {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	for _, r := range reasons {
		switch r := r.(type) {
		case Expires:
			earlier(s.opened(r))
		case Revoked:
			earlier(r.Revocation.At)
		case WrittenOutside:
			earlier(s.Record.Seen.At)
		case OtherPolicy, TemplateMissing, TemplateRemoved, AttributeChanged, CommonReplaced, OptionalAvailable, AccessSwitched:
		}
	}
	return first
}

// opened is when the window of a certificate opened.
func (s Situation) opened(r Expires) time.Time {
	t, ok := s.Policy.Template(r.Template)
	m, on := s.holds(t)
	if !ok || !on {
		return r.NotAfter
	}
	return t.Renew.Opens(m.NotBefore, m.NotAfter)
}

// nextEnd is when the first certificate ends that is watched: ours and those
// that are followed, not former ones.
func (r Record) nextEnd() time.Time {
	var first time.Time
	earlier := func(t time.Time) {
		if first.IsZero() || t.Before(first) {
			first = t
		}
	}
	for _, m := range r.Managed {
		earlier(m.NotAfter)
	}
	for _, t := range r.Tracked {
		if !t.Ignored && t.Gone.IsZero() {
			earlier(t.NotAfter)
		}
	}
	return first
}
