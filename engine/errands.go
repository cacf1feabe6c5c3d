package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
)

// errands are what is to be done elsewhere because of a run, now that the card
// is written and was read back.
func (r Run) errands(after Record, now time.Time) []Errand {
	var all []Errand
	add := func(what string, due time.Time, e Errand) {
		e.ID, e.Card, e.User, e.Run = errandID(r.ID, what), r.Plan.Card.ID, r.Plan.User.ID, r.ID
		e.Created, e.Due = now, due
		all = append(all, e)
	}
	if p := r.publication(); !p.empty() {
		add("publish"+r.time(), now, Errand{Publication: &p})
	}
	if r.Plan.Access != "" {
		note := AccessNote{Key: errandID(r.ID, "access"+r.time()), Event: r.Plan.Access, At: now, Card: after.Card, User: r.Plan.User}
		if r.Plan.Access == AccessRegister {
			note.Certificates = after.Managed
		}
		add("access", now, Errand{Access: &note})
	}
	for _, o := range r.Plan.Outgoing {
		if o.Revoke && r.gone(o) {
			due := now.AddDate(0, 0, o.GraceDays)
			add("revoke "+o.CA+" "+o.Serial, due, Errand{Revoke: &RevokeErrand{CA: o.CA, Serial: o.Serial, Reason: o.reason()}})
		}
	}
	return all
}

// time tells the errands of one record of a run from those of the next: a run that
// waits for a CA has several.
func (r Run) time() string {
	n := 0
	for _, note := range r.Notes {
		if note.Kind == Rested {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" after %d", n)
}

// errandID is derived from run and deed, so that recording twice is recording
// once.
func errandID(run RunID, what string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "errand %s %s", run, what))
	return hex.EncodeToString(sum[:16])
}

// publication is what changes in the directory: new certificates are added, and
// our own that they replace are taken out.
func (r Run) publication() Publication {
	p := Publication{Bind: slices.Clone(r.Plan.Bound)}
	if r.Plan.Publish {
		p.Add = slices.Clone(r.Plan.Published)
	}
	for i, s := range r.Plan.Steps {
		if s.Verb != AskCA || !r.has(i, Done) || !r.wrote(s.Template) {
			continue
		}
		der := r.granted(s.Template)
		if r.Plan.Publish {
			p.Add = append(p.Add, der)
		}
		if binding, err := IssuerSerialBinding(der); s.Ask.Bind && err == nil {
			p.Bind = append(p.Bind, binding)
		}
	}
	for _, o := range r.Plan.Outgoing {
		if !r.gone(o) {
			continue
		}
		if o.Published {
			p.Prune = append(p.Prune, o.Fingerprint)
		}
		if o.Binding != "" {
			p.Unbind = append(p.Unbind, o.Binding)
		}
	}
	return p
}

func (p Publication) empty() bool { return len(p.Add)+len(p.Prune)+len(p.Bind)+len(p.Unbind) == 0 }

// wrote reports whether a template's new certificate is on the card.
func (r Run) wrote(template string) bool {
	return slices.ContainsFunc(r.steps(WriteCertificate, template), func(i int) bool {
		return r.Plan.Steps[i].Certificate == nil && r.has(i, Done)
	})
}

// gone reports whether a certificate has left its place.
func (r Run) gone(o Outgoing) bool {
	return r.Plan.Event == CardUnassigned || r.Plan.forgets(o.Fingerprint) || r.wrote(o.Template) || slices.Contains(r.Plan.Retires, o.Template) ||
		slices.ContainsFunc(r.steps(RemoveCertificate, o.Template), func(i int) bool { return r.has(i, Done) })
}

func (r Run) steps(v Verb, template string) []int {
	var found []int
	for i, s := range r.Plan.Steps {
		if s.Verb == v && s.Template == template {
			found = append(found, i)
		}
	}
	return found
}

// RunErrands does the errands whose time has come, and returns when the next is
// due; zero when none waits. One that cannot be done waits longer each time.
func (d *Desk) RunErrands(ctx context.Context) (next time.Time, err error) {
	for ctx.Err() == nil {
		now := d.Now()
		e, ok, err := d.Errands.TakeErrand(ctx, now, now.Add(courierHold))
		if err != nil {
			return time.Time{}, err
		}
		if !ok {
			break
		}
		if err := d.errand(ctx, e); err != nil {
			return time.Time{}, err
		}
	}
	next, _, err = d.Errands.NextErrand(ctx)
	return next, err
}

// errand does one errand and notes what came of it. Its error is the store's.
func (d *Desk) errand(ctx context.Context, e Errand) error {
	failed := d.carryOut(ctx, e)
	keep, now := context.WithoutCancel(ctx), d.Now()
	row := AuditRow{Actor: d.nobody(), Act: e.deed(), Card: e.Card, User: e.User, Run: e.Run}
	switch {
	case failed == nil:
		d.witness(keep, row, nil)
		return d.Errands.ErrandDone(keep, e.ID, now)
	case ctx.Err() != nil:
		return d.Errands.DeferErrand(keep, e.ID, now, "stopped on the way")
	}
	due := now.Add(backOff(e.Tries))
	log := d.Log.With("errand", e.ID, "deed", e.deed(), "run", e.Run, "tries", e.Tries+1, "err", failed)
	if e.Tries+1 >= mostTries || e.Revoke.forGood(failed) {
		due = time.Time{}
		log.Error("errand was given up")
		d.witness(keep, row, failed)
	} else {
		log.Warn("errand was not done")
	}
	return d.Errands.DeferErrand(keep, e.ID, due, Clean(failed.Error()))
}

func (e Errand) deed() string {
	switch {
	case e.Publication != nil:
		return "publish certificates"
	case e.Access != nil:
		return "tell access system"
	}
	return e.Revoke.deed()
}

func (d *Desk) carryOut(ctx context.Context, e Errand) error {
	missing := func(what string) error {
		return &Error{Op: e.deed(), Kind: Broken, Err: errors.New("no " + what + " is configured")}
	}
	switch {
	case e.Publication != nil && d.Publisher == nil:
		return missing("directory that takes certificates")
	case e.Publication != nil:
		return d.Publisher.Publish(ctx, e.User, *e.Publication)
	case e.Access != nil && d.AccessSystem == nil:
		return missing("access system")
	case e.Access != nil:
		return d.AccessSystem.Tell(ctx, *e.Access)
	}
	ca, err := d.ca(e.Revoke.CA)
	if err != nil {
		return err
	}
	if e.Revoke.Release {
		return ca.Release(ctx, e.Revoke.Serial)
	}
	return ca.Revoke(ctx, e.Revoke.Serial, e.Revoke.Reason)
}
