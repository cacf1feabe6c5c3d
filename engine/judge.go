package engine

import (
	"context"
	"slices"
	"time"
)

// situation gathers what is known of a card. The policy is that of its user.
func (d *Desk) situation(ctx context.Context, user User, record Record, contents *Contents) (Situation, error) {
	return d.formers().situation(ctx, user, record, contents)
}

func (f formers) situation(ctx context.Context, user User, record Record, contents *Contents) (Situation, error) {
	d := f.desk
	policy, err := d.PolicyOf(user)
	if Is(err, NoPolicy) {
		return Situation{Nobodys: true, Record: record, User: user, Contents: contents, Now: d.Now()}, nil
	}
	if err != nil {
		return Situation{}, err
	}
	before, err := f.before(ctx, record)
	if err != nil {
		return Situation{}, err
	}
	return Situation{Policy: policy, Before: before, Record: record, User: user, Contents: contents, Now: d.Now()}, nil
}

// before returns the policy under which a card was last written; nil when its
// text was not kept.
func (d *Desk) before(ctx context.Context, r Record) (*Policy, error) {
	if r.Under == "" {
		return nil, nil
	}
	text, ok, err := d.Texts.PolicyText(ctx, r.Under)
	if err != nil || !ok {
		return nil, err
	}
	p, err := ParsePolicy(text)
	if err != nil {
		return nil, &Error{Op: "read policy", Kind: StoreTrouble, Subject: r.Policy, Err: err}
	}
	return &p, nil
}

// formers remembers former policies while many cards are judged: most were
// written under the same few.
type formers struct {
	desk  *Desk
	known map[string]*Policy // by hash
}

func (d *Desk) formers() formers { return formers{d, map[string]*Policy{}} }

// before is as Desk.before.
func (f formers) before(ctx context.Context, r Record) (*Policy, error) {
	if p, known := f.known[r.Under]; known {
		return p, nil
	}
	p, err := f.desk.before(ctx, r)
	if err == nil {
		f.known[r.Under] = p
	}
	return p, err
}

// patience is how long a CA is waited for when a profile is opened: what it
// said last is known.
const patience = 2 * time.Second

// askRevoked asks the CAs of a card's certificates which of them are revoked,
// and notes what has changed. A CA that does not answer soon changes nothing, and
// is named in silent.
func (d *Desk) askRevoked(ctx context.Context, r Record) (_ Record, silent []string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	type answer struct {
		list []Revocation
		told bool
	}
	answers := map[string]answer{}
	news := r.newsOf(func(ca, serial string) (*Revocation, bool) {
		a, asked := answers[ca]
		if !asked {
			a.list, a.told = d.revokedBy(ctx, ca)
			answers[ca] = a
			if !a.told {
				silent = append(silent, ca)
			}
		}
		return revocationOf(a.list, serial), a.told
	})
	if len(news) == 0 {
		return r, silent
	}
	r.Managed = slices.Clone(r.Managed)
	for i, m := range r.Managed {
		if is, told := news[m.Fingerprint]; told {
			r.Managed[i].Revoked = is
		}
	}
	if err := d.Ledger.Revoked(ctx, r.Card.ID, r.Version, news); err != nil {
		d.Log.Warn("revocation was not noted", "card", r.Card.ID, "err", err)
	}
	return r, silent
}

// revokedBy asks one CA. That it does not tell is only logged: what it said last
// is known.
func (d *Desk) revokedBy(ctx context.Context, name string) (list []Revocation, told bool) {
	ca, err := d.ca(name)
	if err == nil {
		list, err = ca.Revoked(ctx)
	}
	if err != nil {
		d.Log.Warn("CA does not tell what is revoked", "ca", name, "err", err)
	}
	return list, err == nil
}

func revocationOf(list []Revocation, serial string) *Revocation {
	for _, r := range list {
		if r.Serial == serial {
			return &r
		}
	}
	return nil
}

func (r *Revocation) equal(other *Revocation) bool {
	if r == nil || other == nil {
		return r == other
	}
	return r.Reason == other.Reason && r.At.Equal(other.At)
}
