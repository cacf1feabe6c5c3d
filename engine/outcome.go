package engine

import (
	"bytes"
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
	after, err := r.run.outcome(before, now, AllWritten)
	if err != nil {
		return err
	}
	requests, err := r.requests(ctx, now)
	if err != nil {
		return err
	}
	o := Outcome{
		Record: after, Letters: letters, Errands: r.run.errands(after, now), Requests: unneeded(requests, now), Notes: notes, End: end,
		Audit: AuditRow{
			At: now, Actor: r.run.by(), Act: string(r.run.Plan.deed()), Card: r.run.Plan.Card.ID,
			User: r.run.Plan.User.ID, Run: r.run.ID, Result: "done", Detail: r.run.auditDetail(),
		},
	}
	r.tellRefused(&o, now)
	lease := r.desk.lease(r.run.by(), r.run.Fence)
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
func (r Run) auditDetail() string {
	detail := ""
	if !slices.ContainsFunc(r.Plan.Steps, func(s Step) bool { return s.Verb == ProveCard }) {
		detail = "the card was not proven by a known key"
	}
	if r.Plan.User.Mail == "" {
		if detail != "" {
			detail += "; "
		}
		detail += "no mail: the user has no address"
	}
	return detail
}

// outcome is the record after the run, from the record before it and what has
// become of the update. Until something was written it only changes its state.
func (r Run) outcome(before Record, now time.Time, event CardEvent) (Record, error) {
	if r.Plan.Event == CardUnassigned {
		return r.unassigned(before), nil
	}
	state, err := before.State.after(event, r.from())
	if err != nil {
		return Record{}, err
	}
	if event != AllWritten && !r.changedCard() {
		before.State = state
		return before, nil
	}
	after := r.written(before, now)
	after.State = state
	if event != AllWritten { // the rest of the plan has not come about
		after.Tracked, after.Seen = before.Tracked, before.Seen
	}
	return after, nil
}

// from is the state the card had before the update. Plans before format 3 do not
// tell.
func (r Run) from() State {
	switch {
	case r.Plan.From != "":
		return r.Plan.From
	case r.Plan.First:
		return StateAssigned
	}
	return StateIssued
}

// changedCard reports whether the run has written a certificate, or made a key
// over an old one.
func (r Run) changedCard() bool {
	return r.wroteAny() || slices.ContainsFunc(r.Plan.Steps, func(s Step) bool { return r.overwritten(s.Template) })
}

// written is the record of what the run has written and removed so far.
func (r Run) written(before Record, now time.Time) Record {
	after := before.renamed(r.Plan.Renames)
	after.Card, after.User = r.Plan.Card, r.Plan.User
	after.Policy, after.Under, after.Written = r.Plan.Policy, r.Plan.Under, now
	after.Managed = slices.Clone(after.Managed)
	after.Former = slices.Clone(after.Former)
	after.Tracked = r.Plan.Tracks
	gone := func(m Managed) bool { return r.Plan.forgets(m.Fingerprint) }
	after.Managed, after.Former = slices.DeleteFunc(after.Managed, gone), slices.DeleteFunc(after.Former, gone)
	if r.Plan.Access != "" {
		after.Access = r.Plan.Access == AccessRegister
	}
	for _, template := range r.Plan.Retires {
		after.retire(template)
	}
	for i, s := range r.Plan.Steps {
		note, done := r.note(i, Done)
		if s.Verb == MakeKey && i >= r.Plan.Decided && r.overwritten(s.Template) && !r.wrote(s.Template) { // its old key is gone
			after.forgetAt(s.Place)
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
				if !r.replaces(s.Template) || r.wrote(s.Template) {
					after.keepFormer(s)
				}
			} else {
				after.manage(r.managed(s))
			}
		case RemoveCertificate:
			after.forgetAt(s.Place)
		case ProveCard, MakeKey, ImportKey, AskCA, AskApproval, SetPIN, BlockPUK, SetAdminKey, WriteCapabilities, MoveKey,
			Check, WriteHistory, RemoveKey, WriteRecord, GiveBack:
		}
	}
	after.Seen = r.seen(after, now)
	return after
}

// replaces reports whether the plan writes a new certificate for a template. Only
// with it the old one becomes a former one.
func (r Run) replaces(template string) bool {
	return slices.ContainsFunc(r.Plan.Steps, func(s Step) bool {
		return s.Verb == WriteCertificate && s.Certificate == nil && s.Template == template
	})
}

// seen is what the plan found on the card and left alone: what nobody has
// decided about, and what of the record cannot be read.
func (r Run) seen(after Record, now time.Time) Sighting {
	seen := Sighting{At: now, Outside: r.Plan.Outside}
	for _, m := range slices.Concat(after.Managed, after.Former) {
		if slices.Contains(r.Plan.Missing, Missing{m.Place, m.Fingerprint, true}) {
			seen.Missing = append(seen.Missing, m.Fingerprint)
		}
	}
	return seen
}

// managed describes the certificate a step wrote.
func (r Run) managed(s Step) Managed {
	m := Managed{Template: s.Template, Place: s.Place}
	for i, how := range r.Plan.Steps {
		if how.Template != s.Template {
			continue
		}
		switch note, _ := r.note(i, Done); how.Verb {
		case AskCA:
			m.CA, m.Request, m.Attributes = how.Ask.CA, requestID(r.ID, i), how.Ask.Attributes
		case MakeKey:
			m.KeyMade = note.At
		case ImportKey:
			m.Common = true
		case ProveCard, AskApproval, SetPIN, SetPUK, BlockPUK, SetAdminKey, WriteCHUID, WriteCapabilities, MoveKey,
			WriteCertificate, Check, WriteHistory, RemoveCertificate, RemoveKey, WriteRecord, GiveBack:
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

// manage puts a certificate where the one it replaces stood, or last. A key that
// was there before is as old as it was.
func (r *Record) manage(m Managed) {
	for _, old := range r.Managed {
		if m.KeyMade.IsZero() && !m.Common && bytes.Equal(old.Public, m.Public) {
			m.KeyMade = old.KeyMade
		}
	}
	at := slices.IndexFunc(r.Managed, func(old Managed) bool { return old.Template == m.Template || old.Place == m.Place })
	if at < 0 {
		r.Managed = append(r.Managed, m)
		return
	}
	r.Managed[at] = m
	r.Managed = slices.DeleteFunc(r.Managed, func(old Managed) bool {
		return old.Fingerprint != m.Fingerprint && (old.Template == m.Template || old.Place == m.Place)
	})
}

func (r *Record) forgetAt(place Place) {
	r.Managed = slices.DeleteFunc(r.Managed, func(m Managed) bool { return m.Place == place })
}

// retire makes a template's certificate a former one, where it lies.
func (r *Record) retire(template string) {
	for _, m := range r.Managed {
		if m.Template == template {
			r.Former = append(r.Former, m)
			r.Managed = slices.DeleteFunc(r.Managed, func(m Managed) bool { return m.Template == template })
			return
		}
	}
}

// keepFormer notes that an old certificate now lies at another place.
func (r *Record) keepFormer(s Step) {
	for _, m := range slices.Concat(r.Managed, r.Former) {
		if m.Fingerprint == Fingerprint(s.Certificate) {
			m.Place = s.Place
			r.Former = slices.DeleteFunc(r.Former, func(f Managed) bool { return f.Fingerprint == m.Fingerprint })
			r.Former = append(r.Former, m)
			return
		}
	}
}

// notice is what the run did, for the result screen and the letter.
func (r Run) notice(at time.Time) Notice {
	n := Notice{
		Event: r.Plan.Event.notice(), User: r.Plan.User, Card: r.Plan.Card, Run: r.ID, Actor: r.by(), At: at,
		First: r.Plan.First, Kept: r.Plan.Stays, Refused: r.refusals(), Works: r.worksMeanwhile(),
	}
	for _, l := range r.Plan.Goes {
		if r.sparedAt(l.Place) {
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

// letters are whom the run is told to: as the policy says, and the user only
// where there is an address.
func (r Run) letters(n Notice) []Letter {
	return lettersTo(r.tells(n.Event), n, func(to string) string { return letterID(r.ID, n.Event, to) })
}

// tells lists who is told of an event.
func (r Run) tells(event NoticeEvent) []string {
	switch {
	case r.Plan.Format >= 3:
		return toldOf(r.Plan.Told, event)
	case event != UpdateDone || r.Plan.Format < 2:
		return []string{ToUser}
	}
	return r.Plan.Tell
}

func toldOf(all []Told, event NoticeEvent) []string {
	for _, t := range all {
		if t.Event == event {
			return t.To
		}
	}
	return nil
}

// lettersTo makes a letter for each recipient, once; id names it.
func lettersTo(tell []string, n Notice, id func(to string) string) []Letter {
	var letters []Letter
	for _, to := range tell {
		if to == ToUser {
			to = n.User.Mail
		}
		if to != "" && !slices.ContainsFunc(letters, func(l Letter) bool { return l.To == to }) {
			letters = append(letters, Letter{ID: id(to), To: to, Created: n.At, Notice: n})
		}
	}
	return letters
}
