package engine

import "context"

// Proposal is what an update of a connected card would do, for one selection.
type Proposal struct {
	User       User
	Choices    []Choice
	ThirdParty []ThirdParty
	AskTracked bool // the policy wants third-party certificates to be asked about, and there are some
	May        Freedom
	Plan       Plan
}

// Propose plans the update of a connected card for its user. It writes nothing
// and reads neither card nor directory anew.
func (d *Desk) Propose(ctx context.Context, actor Actor, c *Connected, user User, s Selection) (Proposal, error) {
	m := aboutCard(c)
	if m.user == user.ID {
		m.told = &user // each tick of a template plans anew
	}
	if err := d.may(ctx, actor, UpdateCard, m); err != nil {
		return Proposal{}, err
	}
	if c.Record.User.ID != user.ID {
		return Proposal{}, &Error{Op: "plan update", Kind: OtherCard, Subject: c.Record.User.Name}
	}
	policy, err := d.PolicyOf(user)
	if err != nil {
		return Proposal{}, err
	}
	may := freedom(actor, policy)
	if err := may.allows(actor, s); err != nil {
		d.witness(ctx, AuditRow{Actor: actor, Act: string(UpdateCard), Card: c.Record.Card.ID, User: user.ID}, err)
		return Proposal{}, err
	}
	now := Situation{Policy: policy, Before: c.before, Record: c.Record, User: user, Contents: &c.Contents, Now: d.Now()}
	p := Proposal{
		User:       user,
		May:        may,
		Choices:    Choices(now),
		ThirdParty: FindThirdParty(c.Record, c.Contents),
	}
	p.AskTracked = now.Policy.SearchThirdParty && len(p.ThirdParty) > 0 && may.Track
	p.Plan = MakePlan(Planning{
		Policy: now.Policy, Before: now.Before, Record: c.Record, User: user, Contents: c.Contents,
		Choices: p.Choices, Selection: s, Mode: actor.Mode, Decides: d.decidesFirst(),
	})
	return p, nil
}

// decidesFirst tells which CAs can decide before there is a key.
func (d *Desk) decidesFirst() map[string]bool {
	decides := map[string]bool{}
	for name, ca := range d.CAs {
		decides[name] = ca.DecidesFirst()
	}
	return decides
}
