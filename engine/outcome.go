package engine

import (
	"context"
	"slices"
	"time"
)

// record writes facts, letters, audit and the note that they were written in
// one transaction. Only here does a card become issued.
func (r *runner) record(ctx context.Context, n int) error {
	now := r.desk.Now()
	before, _, err := r.desk.Ledger.Card(context.WithoutCancel(ctx), r.run.Plan.Card.ID)
	if err != nil {
		return err
	}
	done := Note{Step: n, Kind: Done, At: now}
	notes, end, err := r.following(done)
	if err != nil {
		return err
	}
	notice := r.run.notice(now)
	letters := r.run.letters(notice)
	o := Outcome{
		Record: r.run.outcome(before, now), Letters: letters, Notes: notes, End: end,
		Audit: AuditRow{
			At: now, Actor: r.run.Actor, Act: string(UpdateCard), Card: r.run.Plan.Card.ID,
			User: r.run.Plan.User.ID, Run: r.run.ID, Result: "done", Detail: r.run.auditDetail(letters),
		},
	}
	lease := r.desk.lease(r.run.Actor, r.run.Fence)
	if err := r.desk.Journal.Record(context.WithoutCancel(ctx), r.run.ID, lease, o); err != nil {
		return err
	}
	r.run.Notes = append(r.run.Notes, notes...)
	r.run.End = end
	r.settled(done)
	return nil
}

// auditDetail says what an auditor would ask about: a card that could not
// prove itself, and a holder nobody could write to.
func (r Run) auditDetail(letters []Letter) string {
	detail := ""
	if !slices.ContainsFunc(r.Plan.Steps, func(s Step) bool { return s.Verb == ProveCard }) {
		detail = "the card was not proven by a known key"
	}
	if len(letters) == 0 {
		if detail != "" {
			detail += "; "
		}
		detail += "no mail: the user has no address"
	}
	return detail
}

// outcome is the record after the run, from the record before it.
func (r Run) outcome(before Record, now time.Time) Record {
	after := before
	after.Card, after.User = r.Plan.Card, r.Plan.User
	after.State, after.Policy, after.Written = StateIssued, r.Plan.Policy, now
	after.Managed = slices.Clone(before.Managed)
	after.Former = slices.Clone(before.Former)
	after.Tracked = r.Plan.Tracks
	for i, s := range r.Plan.Steps {
		note, done := r.note(i, Done)
		if s.Verb == AskCA && r.has(i, Refused) { // when its old key was gone already
			after.forget(s.Template)
		}
		if !done {
			continue
		}
		switch s.Verb {
		case WriteCHUID:
			after.Card.GUID = note.Data.GUID
		case SetPUK:
			after.PUK = note.Data.Sealed
		case WriteCertificate:
			if s.Certificate != nil {
				after.keepFormer(s)
			} else {
				after.manage(r.managed(s))
			}
		case RemoveCertificate:
			after.forget(s.Template)
		case ProveCard, MakeKey, AskCA, SetPIN, BlockPUK, SetAdminKey, WriteCapabilities, MoveKey,
			Check, WriteHistory, RemoveKey, WriteRecord, GiveBack:
		}
	}
	return after
}

// managed describes the certificate a step wrote.
func (r Run) managed(s Step) Managed {
	m := Managed{Template: s.Template, Place: s.Place}
	for i, asked := range r.Plan.Steps {
		if asked.Verb == AskCA && asked.Template == s.Template {
			m.CA, m.Request = asked.Ask.CA, requestID(r.ID, i)
		}
	}
	c, err := ParseCertificate(r.granted(s.Template))
	if err != nil {
		return m // cannot be: it was parsed when it was issued
	}
	m.Subject, m.Issuer, m.Serial = c.Subject, c.Issuer, c.Serial
	m.NotBefore, m.NotAfter = c.NotBefore, c.NotAfter
	m.Fingerprint, m.Public = c.Fingerprint, c.Public
	return m
}

// manage puts a certificate where the one it replaces stood, or last.
func (r *Record) manage(m Managed) {
	at := slices.IndexFunc(r.Managed, func(old Managed) bool { return old.Template == m.Template })
	if at < 0 {
		r.Managed = append(r.Managed, m)
		return
	}
	r.Managed[at] = m
}

func (r *Record) forget(template string) {
	r.Managed = slices.DeleteFunc(r.Managed, func(m Managed) bool { return m.Template == template })
}

// keepFormer notes that the template's old certificate now lies at another
// place.
func (r *Record) keepFormer(s Step) {
	for _, m := range r.Managed {
		if m.Template == s.Template && m.Fingerprint == Fingerprint(s.Certificate) {
			m.Place = s.Place
			r.Former = append(r.Former, m)
		}
	}
}

// notice is what the run did, for the result screen and the letter.
func (r Run) notice(at time.Time) Notice {
	n := Notice{
		Event: UpdateDone, User: r.Plan.User, Card: r.Plan.Card, Run: r.ID, Actor: r.Actor, At: at,
		First: r.Plan.First, Kept: r.Plan.Stays, Refused: r.refusals(),
	}
	for _, l := range r.Plan.Goes {
		if r.spared(l.Title) {
			n.Kept = append(n.Kept[:len(n.Kept):len(n.Kept)], Stay{l.Place, l.Title, GroupManaged})
		} else {
			n.Removed = append(n.Removed, l)
		}
	}
	for i, s := range r.Plan.Steps {
		if s.Verb == WriteCertificate && s.Certificate == nil && r.has(i, Done) {
			n.Written = append(n.Written, r.managed(s))
		}
	}
	return n
}

// letters are whom the run is told to: its user, where there is an address.
func (r Run) letters(n Notice) []Letter {
	to := r.Plan.User.Mail
	if to == "" {
		return nil
	}
	return []Letter{{ID: letterID(r.ID, n.Event, to), To: to, Created: n.At, Notice: n}}
}
