package engine

import "context"

// Explanation says which policy is a user's, and why.
type Explanation struct {
	User       User
	Assigned   bool        // a policy is theirs: that of the first candidate
	Hash       string      // of that policy's text, as the ledger keeps it
	Candidates []Candidate // every policy; see Assigned
}

// ExplainPolicy looks at every policy for one user, as the directory tells of
// them now.
func (d *Desk) ExplainPolicy(ctx context.Context, actor Actor, id UserID) (Explanation, error) {
	if err := d.may(ctx, actor, ViewCard, aboutUser(id)); err != nil {
		return Explanation{}, err
	}
	user, err := d.user(ctx, id)
	if err != nil {
		return Explanation{}, err
	}
	policy, candidates, ok := Assigned(d.Policies, user)
	e := Explanation{User: user.shown(), Assigned: ok, Candidates: candidates}
	if ok {
		_, e.Hash = policy.Text()
	}
	d.witness(ctx, AuditRow{Actor: actor, Act: string(ViewCard), User: id, Detail: "policy explained"}, nil)
	return e, nil
}
