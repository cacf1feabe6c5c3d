package engine

import (
	"context"
	"slices"
	"strconv"
	"time"
)

// TellSummary is what one look for news came to.
type TellSummary struct{ Cards, Letters int }

// Tell looks for what has come to last since people were told, or lasts still when
// their time has come again: certificates about to end, and users who have another
// policy or other attributes than their card. It looks where the due report looks,
// and asks neither cards nor the directory. Any number of kiosks may do it at once.
func (d *Desk) Tell(ctx context.Context) (TellSummary, error) {
	t := teller{dueReport: dueReport{desk: d, now: d.Now(), formers: d.formers()}}
	t.linked = slices.ContainsFunc(d.Policies, func(p Policy) bool { return len(p.Links) > 0 })
	if err := t.commons(ctx); err != nil {
		return t.sum, err
	}
	err := d.Ledger.EachDue(ctx, func(f DueFacts) error {
		t.sum.Cards++
		return t.card(ctx, f)
	})
	return t.sum, err
}

type teller struct {
	dueReport
	sum TellSummary
}

// card tells of one card, as the rules of the policy say that its user has now.
// That nobody can say which it is shows in the due report.
func (t *teller) card(ctx context.Context, f DueFacts) error {
	if !f.Record.updatable() {
		return nil
	}
	user, unknown := f.holder()
	policy, err := t.policy(user, unknown, f.Record)
	if err != nil || !policy.tellsOf(LastingEvents()...) {
		return nil //nolint:nilerr // said above
	}
	s := Situation{Policy: policy, Record: f.Record, Now: t.now}
	if !unknown && !f.Person.Gone {
		s.User = user
	}
	if s.Before, err = t.formers.before(ctx, f.Record); err != nil {
		return err
	}
	s.Record = s.Record.renamed(renames(s.Before, s.Policy, s.Record))
	if f.Person.Gone {
		user.Mail = "" // it may be somebody else's by now
	}
	n := Notice{Card: f.Record.Card, User: user.shown().Ref(), Actor: noPerson(), At: t.now}
	for _, r := range policy.Rules {
		if err := t.rule(ctx, r, n, s.news(r)); err != nil {
			return err
		}
	}
	return nil
}

// holder is the card's user: as the snapshot has them, or, when they are unknown
// there, as recorded.
func (f DueFacts) holder() (user User, unknown bool) {
	if !f.Known || f.Person.User.DN == "" {
		return f.Record.User.user(), true
	}
	return f.Person.User, false
}

// tellsOf reports whether a rule tells of one of these events.
func (p Policy) tellsOf(events ...NoticeEvent) bool {
	return slices.ContainsFunc(p.Rules, func(r Rule) bool { return slices.Contains(events, r.Event) })
}

// LastingEvents are those that go on until somebody does something: they can be
// told again.
func LastingEvents() []NoticeEvent {
	return []NoticeEvent{ContentExpiring, TrackedExpiring, CommonExpiring, PolicyChanged, AttributesNew}
}

// rule tells everybody whom a rule names.
func (t *teller) rule(ctx context.Context, r Rule, n Notice, all []news) error {
	if len(all) == 0 {
		return nil
	}
	n.Event = r.Event
	for _, to := range r.To {
		told, err := t.desk.announce(ctx, r, to, n, all)
		if err != nil {
			return err
		}
		if told {
			t.sum.Letters++
		}
	}
	return nil
}

// news are what a rule tells of a card.
func (s Situation) news(r Rule) []news {
	switch r.Event {
	case ContentExpiring:
		return s.expiring()
	case TrackedExpiring:
		return s.trackedExpiring(r.Days)
	case PolicyChanged:
		return s.otherPolicy()
	case AttributesNew:
		return s.otherAttributes()
	case CommonExpiring: // of no one card
	case UpdateDone, UpdatePending, UpdateApproved, UpdateRejected, UpdateCancelled, UpdateFailed, TaskCompleted,
		ApprovalOverdue, ApprovalLapsed, NoticeUnassigned, NoticeDisabled, NoticeEnabled, NoticeRevoked, NoticeCleaned, MailTest, AuditCheckpoint:
		// told when they happen
	}
	return nil
}

// expiring are the managed certificates that are due because they end.
func (s Situation) expiring() []news {
	var all []news
	for _, reason := range Reasons(s) {
		e, ok := reason.(Expires)
		if !ok {
			continue
		}
		i := slices.IndexFunc(s.Record.Managed, func(m Managed) bool { return m.Template == e.Template && m.Place == e.Place })
		if i >= 0 {
			all = append(all, ends(s.Record.Managed[i].Fingerprint, e.Template, e.Place, e.NotAfter, s.Now))
		}
	}
	return all
}

// trackedExpiring are the certificates from elsewhere that are followed, from so
// many days before their end to as many after it: nobody here can renew them, and
// whoever did nothing by then does not want to.
func (s Situation) trackedExpiring(days int) []news {
	var all []news
	for _, t := range s.Record.Tracked {
		from, to := t.NotAfter.AddDate(0, 0, -days), t.NotAfter.AddDate(0, 0, days)
		if !t.Ignored && t.Gone.IsZero() && !s.Now.Before(from) && s.Now.Before(to) {
			all = append(all, ends(t.Fingerprint, Clean(t.Subject), t.Place, t.NotAfter, s.Now))
		}
	}
	return all
}

// ends is that a certificate ends. A new one is news.
func ends(fingerprint, title string, place Place, notAfter, now time.Time) news {
	expiry := NoticeExpiry{Title: title, Place: place, NotAfter: notAfter, Expired: !now.Before(notAfter)}
	return news{fingerprint, func(n *Notice) { n.Expiring = append(n.Expiring, expiry) }}
}

// otherPolicy is that the user has another policy than the card. When it was
// written since, it is news again.
func (s Situation) otherPolicy() []news {
	was, is := s.Record.Policy, s.Policy.Name
	if was == "" || was == is {
		return nil
	}
	written := strconv.FormatInt(s.Record.Written.UnixMicro(), 10)
	return []news{{newsKey(was, is, written), func(n *Notice) { n.Was, n.Policy = was, is }}}
}

// otherAttributes are the user's attributes that are not as the certificates have
// them.
func (s Situation) otherAttributes() []news {
	var all []news
	for _, reason := range Reasons(s) {
		a, ok := reason.(AttributeChanged)
		if !ok {
			continue
		}
		certificate := ""
		for _, m := range s.Record.Managed {
			if m.Template == a.Template {
				certificate = m.Fingerprint
			}
		}
		change := NoticeChange(a)
		all = append(all, news{newsKey(certificate, a.Attribute, a.Is), func(n *Notice) { n.Changes = append(n.Changes, change) }})
	}
	return all
}

// commons tells of the common certificates in the policies that end soon: once,
// however many cards and policies have them. Of those that have ended nobody is
// told: the time to do something was before.
func (t *teller) commons(ctx context.Context) error {
	for _, p := range t.desk.Policies {
		for _, r := range p.Rules {
			if r.Event != CommonExpiring {
				continue
			}
			if err := t.rule(ctx, r, Notice{Actor: noPerson(), At: t.now}, p.commonsExpiring(r.Days, t.now)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p Policy) commonsExpiring(days int, now time.Time) []news {
	var all []news
	for _, template := range p.Templates {
		if !template.Common() {
			continue
		}
		c, err := ParseCertificate(template.PFX.Certificate)
		if err != nil || !now.Before(c.NotAfter) || now.Before(c.NotAfter.AddDate(0, 0, -days)) {
			continue
		}
		all = append(all, ends(c.Fingerprint, template.Name, "", c.NotAfter, now))
	}
	return all
}
