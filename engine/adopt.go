package engine

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"
)

// Adoption is what taking over a card that was issued before would put into its
// record.
type Adoption struct {
	User       User
	Policy     string       // by whose templates it was looked at
	Managed    []Managed    // ours from now on
	Former     []Managed    // of former encryption keys: kept, so that old mail opens
	ThirdParty []ThirdParty // everything else on the card
}

// Ours reports whether anything on the card is ours.
func (a Adoption) Ours() bool { return len(a.Managed)+len(a.Former) > 0 }

// ProposeAdoption looks at a card that is in no record: which of its
// certificates were issued to this user by a CA of one of the policy's
// templates. Nothing is written. The CAs are asked, so it may take a while.
func (d *Desk) ProposeAdoption(ctx context.Context, actor Actor, c *Connected, user User) (Adoption, error) {
	if err := d.adoptable(ctx, actor, c, user); err != nil {
		return Adoption{}, err
	}
	user, err := d.user(ctx, user.ID) // a search does not tell in which groups they are
	if err != nil {
		return Adoption{}, err
	}
	if err := d.adoptable(ctx, actor, c, user); err != nil {
		return Adoption{}, err
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
	a := adopt(policy, user, c.Contents, issuers)
	a.User = user.shown()
	return a, nil
}

// adoptable finds what forbids to take a card over, whatever is on it.
func (d *Desk) adoptable(ctx context.Context, actor Actor, c *Connected, user User) error {
	if err := d.may(ctx, actor, AdoptCard, matter{card: c.Contents.Identity.ID, user: user.ID}); err != nil {
		return err
	}
	if _, err := c.Record.become("adopt card", CardAdopted); err != nil {
		return err
	}
	if user.Disabled {
		return &Error{Op: "adopt card", Kind: WrongState, Subject: user.Name, Err: errors.New("the account is disabled")}
	}
	return nil
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
	if err := d.adoptable(ctx, actor, c, a.User); err != nil {
		return Record{}, err
	}
	if !a.Ours() {
		return Record{}, &Error{Op: "adopt card", Kind: WrongState, Subject: a.User.Name, Err: errors.New("nothing on the card is ours: assign it instead")}
	}
	to, err := c.Record.become("adopt card", CardAdopted)
	if err != nil {
		return Record{}, err
	}
	now := d.Now()
	record := Record{
		Card: c.Contents.Identity, User: a.User.Ref(), State: to, Version: c.Record.Version,
		Managed: a.Managed, Former: a.Former, PUK: c.Record.PUK, Written: now, Seen: Sighting{At: now},
	}
	for _, f := range a.ThirdParty {
		if f.Unreadable == "" { // they were there before: nobody wrote them behind our back
			record.Tracked = append(record.Tracked, trackedOf(f, f.Tracked))
		}
	}
	row.At, row.Result = now, "done"
	if err := d.Ledger.Assign(ctx, record, row); err != nil {
		return Record{}, err
	}
	d.remember(ctx, a.User)
	record, _, err = d.Ledger.Card(ctx, record.Card.ID)
	return record, err
}
