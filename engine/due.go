package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// DueFilter says which cards a report is about. The zero filter is every card
// that is due now.
type DueFilter struct {
	Policy string                    // of the user, now; "" for any
	Within int                       // days: also those that will be due by then
	Reason func(Reason) bool         // one of a card's reasons has to be so; nil for any
	Whose  func(Identity, User) bool // nil for every card

	only []string // policies for which the actor may see it; nil for all
}

// of reports whether cards of users with a policy are asked for.
func (f DueFilter) of(policy string) bool {
	return (f.Policy == "" || f.Policy == policy) && (f.only == nil || slices.Contains(f.only, policy))
}

// DueCard is one line of the report.
type DueCard struct {
	Card    Identity
	User    User // as the snapshot has them, or, when Unknown, as recorded
	Unknown bool // the snapshot does not have the user
	Gone    bool // the directory had the user no more when it was asked last
	State   State
	Policy  string    // the user's, now
	Reasons []Reason  // why it is due, OptionalAvailable left out
	Since   time.Time // from when on one of the reasons is known to hold, later than now when none does yet; zero when none tells
	Next    time.Time // when the first of its certificates ends
	Written time.Time // the last update; zero before the first
	Seen    time.Time // when its contents were read last; zero when only written
	Trouble error     // why nobody can say whether it is due
}

// DueSummary is what a report came to.
type DueSummary struct {
	Cards, Due int           // how many were looked at, and how many of them reported
	Unknown    int           // of those looked at: the snapshot does not have the user
	Snapshot   SnapshotState // how old is what is known of users
}

// Due reports all cards that are due, those first whose certificates end first.
// It asks neither cards nor the directory: contents are as last seen, users as
// in the snapshot. It holds a few cards at a time. An error of each ends it, and
// is its own.
func (d *Desk) Due(ctx context.Context, actor Actor, f DueFilter, each func(DueCard) error) (DueSummary, error) {
	if err := d.may(ctx, actor, SeeDue, matter{}); err != nil {
		return DueSummary{}, err
	}
	var sum DueSummary
	f.only = d.localTo(ctx, actor, SeeDue)
	err := d.judgeAll(ctx, f, &sum, func(line DueCard, due bool) error {
		if !due {
			return nil
		}
		return each(line)
	})
	d.witness(ctx, AuditRow{Actor: actor, Act: string(SeeDue), Detail: fmt.Sprintf("%d of %d cards", sum.Due, sum.Cards)}, err)
	return sum, err
}

// judgeAll judges every card that has a user, and counts; at is told of those that
// are not due too.
func (d *Desk) judgeAll(ctx context.Context, f DueFilter, sum *DueSummary, at func(line DueCard, due bool) error) error {
	var err error
	if sum.Snapshot, err = d.People.Snapshot(ctx); err != nil {
		return err
	}
	r := dueReport{desk: d, filter: f, now: d.Now(), formers: d.formers()}
	r.linked = slices.ContainsFunc(d.Policies, func(p Policy) bool { return len(p.Links) > 0 })
	return d.Ledger.EachDue(ctx, func(facts DueFacts) error {
		line, due, err := r.line(ctx, facts)
		if err != nil {
			return err
		}
		sum.Cards++
		if line.Unknown {
			sum.Unknown++
		}
		if due {
			sum.Due++
		}
		return at(line, due)
	})
}

type dueReport struct {
	desk    *Desk
	filter  DueFilter
	now     time.Time
	linked  bool // which policy is whose depends on what the directory tells
	formers formers
}

// line judges one card. A card that will be due only later has its reasons as
// they will be.
func (r *dueReport) line(ctx context.Context, f DueFacts) (DueCard, bool, error) {
	user := f.Person.User
	unknown := !f.Known || user.DN == "" // gone before it was ever read
	if unknown {
		user = f.Record.User.user()
	}
	line := DueCard{
		Card: f.Record.Card, User: user, Unknown: unknown, Gone: f.Person.Gone, State: f.Record.State,
		Next: f.Record.nextEnd(), Written: f.Record.Written, Seen: f.Record.Seen.At,
	}
	if f.Record.State == StatePending && (r.filter.Whose == nil || r.filter.Whose(line.Card, user)) {
		return r.waiting(ctx, line, f.Record)
	}
	if !f.Record.updatable() || r.filter.Whose != nil && !r.filter.Whose(line.Card, user) {
		return line, false, nil
	}
	policy, err := r.policy(user, unknown, f.Record)
	if err != nil {
		line.User, line.Trouble = user.shown(), err
		return line, r.filter.Policy == "" && r.filter.Reason == nil && r.filter.only == nil, nil
	}
	if line.Policy = policy.Name; !r.filter.of(policy.Name) {
		return line, false, nil
	}
	s := Situation{Policy: policy, Record: f.Record, Now: r.now}
	if !unknown && !f.Person.Gone {
		s.User = user
	}
	if s.Before, err = r.formers.before(ctx, f.Record); err != nil {
		return line, false, err
	}
	s.Record = s.Record.renamed(renames(s.Before, s.Policy, s.Record))
	if line.Reasons = r.reasons(s); len(line.Reasons) == 0 {
		return line, false, nil
	}
	line.User, line.Since = user.shown(), s.since(line.Reasons)
	return line, true, nil
}

// waiting judges a card whose update waits for a CA: it is due when there is
// something to be done about it.
func (r *dueReport) waiting(ctx context.Context, line DueCard, record Record) (DueCard, bool, error) {
	requests, err := r.desk.Requests.RequestsOf(ctx, record.Card.ID)
	if err != nil {
		return line, false, err
	}
	p := Pending{Requests: requests}
	line.User, line.Policy = line.User.shown(), record.Policy
	if !p.Ready() && !p.Rejected() || !r.filter.of(record.Policy) {
		return line, false, nil
	}
	is := UpdateDecided{Approved: p.Count(RequestApproved), Refused: p.Count(RequestRejected) + p.Count(RequestWithdrawn)}
	for _, q := range requests {
		if !q.Decided.IsZero() && (is.At.IsZero() || q.Decided.Before(is.At)) {
			is.At = q.Decided
		}
	}
	line.Reasons, line.Since = r.wanted([]Reason{is}), is.At
	return line, len(line.Reasons) > 0, nil
}

// updatable reports whether the card is one that updates are for.
func (r Record) updatable() bool { return r.State == StateAssigned || r.State == StateIssued }

// policy is the user's. Of one who is not in the snapshot nobody knows where in
// the directory they are, and in which groups: where that matters, it is the
// policy that their card was written under.
func (r *dueReport) policy(user User, unknown bool, record Record) (Policy, error) {
	if !unknown || !r.linked {
		return r.desk.PolicyOf(user)
	}
	i := slices.IndexFunc(r.desk.Policies, func(p Policy) bool { return p.Name == record.Policy })
	if i < 0 {
		return Policy{}, &Error{
			Op: "choose policy", Kind: NoPolicy, Subject: Clean(user.Name),
			Err: errors.New("the snapshot of the directory does not have this user"),
		}
	}
	return r.desk.Policies[i], nil
}

// reasons are why a card is due, now or else within the days asked for.
func (r *dueReport) reasons(s Situation) []Reason {
	found := r.wanted(Reasons(s))
	if len(found) > 0 || r.filter.Within <= 0 {
		return found
	}
	s.Now = r.now.AddDate(0, 0, r.filter.Within)
	found = r.wanted(Reasons(s))
	for i, reason := range found { // what will have ended by then has not ended now
		if e, ok := reason.(Expires); ok && e.NotAfter.After(r.now) {
			e.Life = Expiring
			found[i] = e
		}
	}
	return found
}

// wanted leaves out what does not make a card due, and cards without a reason
// that the filter asks for.
func (r *dueReport) wanted(all []Reason) []Reason {
	reasons := slices.DeleteFunc(all, func(reason Reason) bool {
		_, optional := reason.(OptionalAvailable)
		return optional
	})
	if r.filter.Reason != nil && !slices.ContainsFunc(reasons, r.filter.Reason) {
		return nil
	}
	return reasons
}

// since is the earliest time from which one of the reasons is known to hold, as
// far as they tell.
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
		case UpdateDecided:
			earlier(r.At)
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
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
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
