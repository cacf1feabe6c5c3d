package engine

import (
	"context"
	"time"
)

// Profile is a user with their cards, as the store knows them.
type Profile struct {
	User   User
	Unread error // why the directory did not tell of the user: they are as recorded, and only what was begun can be gone on with
	Policy string
	Tasks  TaskOptions // of that policy
	Cards  []CardView
}

// CardView is a card as it is shown: from the record, or, when Seen, from the
// card itself.
type CardView struct {
	Record     Record
	Seen       bool // read from the card just now
	Reasons    []Reason
	Entries    []Entry
	Unfinished *RunSummary // an update that was begun and not ended, and does not lie down to wait
	Pending    *Pending    // an update that waits for a CA, or waited
	Silent     []string    // CAs that did not say what is revoked: of their certificates what they said last is shown
	Task       *Task       // what was left for an agent and is not completed
}

// Entry is one certificate of a card.
type Entry struct {
	Group      StayGroup
	Place      Place
	Title      string // template, or subject
	Issuer     string
	NotBefore  time.Time
	NotAfter   time.Time
	Life       Life
	Former     bool   // an encryption key kept so that old mail opens
	Unreadable string // why it cannot be read
	Missing    bool   // recorded, and not on the card any more
	Revoked    *Revocation
}

// RunSummary is one line of a card's history.
type RunSummary struct {
	ID        RunID
	Started   time.Time
	By        Actor
	End       RunEnd    // "" while it is open
	Committed bool      // it can only be finished, not taken back
	Turned    bool      // it is being taken back, or cancelled
	Waited    bool      // it has waited for a CA, and can be cancelled
	Rests     bool      // it lies down to wait: nothing was begun since
	Event     CardEvent // CardUnassigned when it empties the card; "" for an update
}

// Profile reads a user from the directory and their cards from the store. When
// the directory does not tell, and an update of one of the cards has not ended,
// the user is as the store has them: nobody's card stays halfway for want of a
// directory.
func (d *Desk) Profile(ctx context.Context, actor Actor, id UserID) (Profile, error) {
	if err := d.may(ctx, actor, ViewCard, aboutUser(id)); err != nil {
		return Profile{}, err
	}
	records, err := d.Ledger.CardsOf(ctx, id)
	if err != nil {
		return Profile{}, err
	}
	user, unread := d.user(ctx, id)
	if unread != nil {
		if user, err = d.recordedUser(ctx, records, unread); err != nil {
			return Profile{}, err
		}
	}
	policy, err := d.PolicyOf(user)
	if err != nil && !Is(err, NoPolicy) {
		return Profile{}, err
	}
	if unread == nil && len(records) > 0 {
		d.remember(ctx, user)
	}
	p := Profile{User: user.shown(), Unread: unread, Policy: policy.Name, Tasks: policy.Tasks}
	for _, r := range records {
		d.askHeldOf(ctx, r)
		r, silent := d.askRevoked(ctx, r)
		now, err := d.situation(ctx, user, r, nil)
		if err != nil {
			return Profile{}, err
		}
		v, err := d.view(ctx, now)
		if err != nil {
			return Profile{}, err
		}
		v.Silent = silent
		p.Cards = append(p.Cards, v)
	}
	d.witness(ctx, AuditRow{Actor: actor, Act: string(ViewCard), User: id}, nil)
	return p, nil
}

// recordedUser is the user of a card with an open run, as the store has them;
// without such a card it is the directory's error.
func (d *Desk) recordedUser(ctx context.Context, records []Record, unread error) (User, error) {
	if !Is(unread, DirectoryAway) && !Is(unread, DirectoryRefused) && !Is(unread, UserUnknown) {
		return User{}, unread
	}
	for _, r := range records {
		_, open, err := d.openRun(ctx, r.Card.ID)
		switch {
		case err != nil:
			return User{}, err
		case open:
			return r.User.user(), nil
		}
	}
	return User{}, unread
}

func (d *Desk) view(ctx context.Context, s Situation) (CardView, error) {
	v := CardView{Record: s.Record, Seen: s.Contents != nil, Reasons: Reasons(s), Entries: Entries(s)}
	var err error
	if v.Task, err = d.taskOf(ctx, s.Record.Card.ID); err != nil {
		return v, err
	}
	open, ok, err := d.openRun(ctx, s.Record.Card.ID)
	if err != nil || !ok {
		return v, err
	}
	if summary := open.summary(); !summary.Rests {
		v.Unfinished = &summary
	}
	v.Pending, err = d.pendingOf(ctx, open)
	return v, err
}

// Entries lists a card's certificates in their groups: what the record says,
// corrected by the card where it is at hand.
func Entries(s Situation) []Entry {
	var entries []Entry
	r := s.Record.renamed(renames(s.Before, s.Policy, s.Record))
	policy, contents, now := s.Policy, s.Contents, s.Now
	for _, m := range r.Managed {
		e := managedEntry(policy, m, now)
		e.Missing = !r.present(m, contents)
		if contents != nil {
			it, _ := contents.At(m.Place)
			e.Missing, e.Unreadable = !m.lies(it), it.Unreadable
		}
		entries = append(entries, e)
	}
	for _, m := range r.Former {
		e := managedEntry(Policy{}, m, now)
		e.Former = true
		entries = append(entries, e)
	}
	if contents != nil {
		entries = append(entries, thirdPartyEntries(r, *contents, now)...)
	}
	for _, t := range r.Tracked {
		gone := !t.Gone.IsZero()
		if !t.Ignored && (gone || contents == nil) { // the others were found on the card
			entries = append(entries, Entry{
				Group: GroupTracked, Place: t.Place, Title: t.Subject,
				Issuer: t.Issuer, NotBefore: t.NotBefore, NotAfter: t.NotAfter,
				Life: lifeAt(t.NotBefore, t.NotAfter, now), Missing: gone,
			})
		}
	}
	return entries
}

func managedEntry(policy Policy, m Managed, now time.Time) Entry {
	e := Entry{
		Group: groupOf(m), Place: m.Place, Title: m.Template, Revoked: m.Revoked,
		Issuer: m.Issuer, NotBefore: m.NotBefore, NotAfter: m.NotAfter,
		Life: lifeAt(m.NotBefore, m.NotAfter, now),
	}
	if t, ok := policy.Template(m.Template); ok {
		e.Life = t.life(m, now)
	}
	return e
}

func thirdPartyEntries(r Record, contents Contents, now time.Time) []Entry {
	var tracked, others []Entry
	for _, f := range FindThirdParty(r, contents) {
		e := Entry{
			Group: GroupThirdParty, Place: f.Place, Title: f.Certificate.Subject, Unreadable: f.Unreadable,
			Issuer: f.Certificate.Issuer, NotBefore: f.Certificate.NotBefore, NotAfter: f.Certificate.NotAfter,
		}
		if f.Unreadable == "" {
			e.Life = f.Certificate.Life(now)
		}
		if f.Tracked {
			e.Group = GroupTracked
			tracked = append(tracked, e)
		} else {
			others = append(others, e)
		}
	}
	return append(tracked, others...)
}

func (d *Desk) openRun(ctx context.Context, card CardID) (Run, bool, error) {
	runs, err := d.Journal.Runs(ctx, card)
	if err != nil || len(runs) == 0 || runs[0].End != "" {
		return Run{}, false, err
	}
	return runs[0], true, nil
}

func (r Run) summary() RunSummary {
	return RunSummary{
		ID: r.ID, Started: r.Started, By: r.Actor, End: r.End,
		Committed: r.Committed(), Turned: r.goesBack(), Waited: r.cancellable(), Rests: r.rests(), Event: r.Plan.Event,
	}
}
