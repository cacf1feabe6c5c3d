package engine

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
)

// Adoption is what taking over a card that was issued before would put into its
// record.
type Adoption struct {
	User       User
	Managed    []Managed    // ours from now on
	ThirdParty []ThirdParty // everything else on the card
}

// ProposeAdoption looks at a card that is in no record: which of its
// certificates were issued to this user by a CA of one of the policy's
// templates. Nothing is written.
func (d *Desk) ProposeAdoption(ctx context.Context, actor Actor, c *Connected, user User) (Adoption, error) {
	if err := may(actor, AdoptCard); err != nil {
		return Adoption{}, err
	}
	if c.Known() && c.Record.State != StateClean {
		return Adoption{}, &Error{Op: "adopt card", Kind: WrongState, Subject: c.Record.User.Name, Err: errors.New("the card is " + string(c.Record.State))}
	}
	policy, err := d.PolicyOf(user)
	if err != nil {
		return Adoption{}, err
	}
	issuers := map[string][]*x509.Certificate{}
	for _, t := range policy.Templates {
		if _, asked := issuers[t.CA]; !asked && !t.Common() {
			if issuers[t.CA], err = d.everIssued(ctx, t.CA); err != nil {
				return Adoption{}, err
			}
		}
	}
	return adopt(policy, user, c.Contents, issuers), nil
}

// everIssued are the certificates under which a CA issues, or did.
func (d *Desk) everIssued(ctx context.Context, name string) ([]*x509.Certificate, error) {
	ca, err := d.ca(name)
	if err != nil {
		return nil, err
	}
	now, err := ca.Issuers(ctx)
	if err != nil {
		return nil, err
	}
	var issuers []*x509.Certificate
	for _, der := range slices.Concat(now, ca.Former()) {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, &Error{Op: "read issuers", Kind: CAMistaken, Subject: name, Err: err}
		}
		issuers = append(issuers, c)
	}
	return issuers, nil
}

// adopt decides what is ours: each template takes the certificate that fits it
// best, and no certificate is taken twice.
func adopt(policy Policy, user User, contents Contents, issuers map[string][]*x509.Certificate) Adoption {
	a := Adoption{User: user}
	var taken Record
	for _, t := range policy.Templates {
		best, fit := Item{}, 0
		for _, it := range contents.Items {
			if n := t.fits(it, user, issuers[t.CA]); n > fit && !taken.manages(it) {
				best, fit = it, n
			}
		}
		if fit > 0 {
			taken.Managed = append(taken.Managed, t.adopted(best, user))
		}
	}
	a.Managed = taken.Managed
	a.ThirdParty = FindThirdParty(taken, contents)
	return a
}

// fits tells how well a certificate on the card fits a template: 0 for not at
// all, more where it lies where the template's belongs.
func (t Template) fits(it Item, user User, issuers []*x509.Certificate) int {
	if it.Certificate == nil || it.Key != nil && it.Key.Unreadable != "" {
		return 0
	}
	home := 1
	if it.Place == t.Place {
		home = 3
	} else if slices.Contains(t.Others, it.Place) {
		home = 2
	}
	if t.Common() {
		if bytes.Equal(it.Certificate, t.PFX.Certificate) {
			return home
		}
		return 0
	}
	c, err := x509.ParseCertificate(it.Certificate)
	switch {
	case err != nil || !issuedBy(c, issuers) || !belongsTo(c, t, user):
		return 0
	case home == 1 && encrypts(it.Certificate) != t.Encrypts():
		return 0
	case home == 1 && len(t.Others) == 0:
		return 0 // a former key, or one for something else
	}
	return home
}

func issuedBy(c *x509.Certificate, issuers []*x509.Certificate) bool {
	return slices.ContainsFunc(issuers, func(i *x509.Certificate) bool {
		return bytes.Equal(c.RawIssuer, i.RawSubject) && c.CheckSignatureFrom(i) == nil
	})
}

// belongsTo reports whether a certificate is the user's: it has their UPN, or
// the subject that the template would give them, or that of their entry.
func belongsTo(c *x509.Certificate, t Template, u User) bool {
	if upn := upnOf(c); upn != "" && u.UPN != "" {
		return strings.EqualFold(upn, u.UPN)
	}
	if name, err := t.Subject.Make(u); err == nil {
		if der, err := subjectDER(name); err == nil && sameName(der, c.RawSubject) {
			return true
		}
	}
	return sameEntry(c.RawSubject, u.DN)
}

// adopted describes a certificate as if we had made it. What its attributes
// were when it was asked for, only its subject tells: they are noted when it is
// the one they would give today.
func (t Template) adopted(it Item, u User) Managed {
	c, err := ParseCertificate(it.Certificate)
	parsed, again := x509.ParseCertificate(it.Certificate)
	if err != nil || again != nil {
		return Managed{} // cannot be: it was parsed before
	}
	m := Managed{
		Template: t.Name, Place: it.Place, CA: t.CA, Subject: c.Subject, Issuer: c.Issuer, Serial: c.Serial,
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, Fingerprint: c.Fingerprint, Public: c.Public, Common: t.Common(),
	}
	ask, err := askFor(t, u)
	if err != nil || t.Common() {
		return m
	}
	if der, err := subjectDER(ask.Subject); err == nil && sameName(der, parsed.RawSubject) {
		m.Attributes = ask.Attributes
	}
	return m
}

// Adopt writes what was proposed, and shown, to the card's record. Nothing on
// the card changes.
func (d *Desk) Adopt(ctx context.Context, actor Actor, c *Connected, a Adoption) (Record, error) {
	row := AuditRow{Actor: actor, Act: string(AdoptCard), Card: c.Contents.Identity.ID, User: a.User.ID}
	record, err := d.adopt(ctx, actor, c, a, row)
	if err != nil {
		d.witness(ctx, row, err)
	}
	return record, err
}

func (d *Desk) adopt(ctx context.Context, actor Actor, c *Connected, a Adoption, row AuditRow) (Record, error) {
	if err := may(actor, AdoptCard); err != nil {
		return Record{}, err
	}
	if len(a.Managed) == 0 {
		return Record{}, &Error{Op: "adopt card", Kind: WrongState, Subject: a.User.Name, Err: errors.New("nothing on the card is ours: assign it instead")}
	}
	now := d.Now()
	record := Record{
		Card: c.Contents.Identity, User: a.User.Ref(), State: StateIssued, Version: c.Record.Version,
		Managed: a.Managed, Written: now, Seen: Sighting{At: now},
	}
	for _, f := range a.ThirdParty {
		if f.Unreadable == "" {
			record.Tracked = append(record.Tracked, trackedOf(f, f.Tracked))
		}
	}
	row.At, row.Result = now, "done"
	if err := d.Ledger.Assign(ctx, record, row); err != nil {
		return Record{}, err
	}
	d.remember(ctx, a.User)
	record, _, err := d.Ledger.Card(ctx, record.Card.ID)
	return record, err
}
