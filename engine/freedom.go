package engine

// Freedom is what a person may choose of an update.
type Freedom struct {
	Optional bool // optional templates
	Track    bool // which third-party certificates are followed
}

// freedom is what an actor may choose: operators everything, users what their policy
// lets them.
func freedom(actor Actor, p Policy) Freedom {
	if actor.Mode == Operator {
		return Freedom{Optional: true, Track: true}
	}
	return Freedom{Optional: p.Users.ChooseOptional, Track: p.Users.ChooseTracked}
}

// allows refuses a selection that chooses what the person may not choose.
func (f Freedom) allows(actor Actor, s Selection) error {
	if len(s.Optional) > 0 && !f.Optional || len(s.Track) > 0 && !f.Track {
		return &Error{Op: "plan update", Kind: Forbidden, Subject: actor.Who, Err: &Denial{Privilege: UpdateCard, Why: NotForUsers}}
	}
	return nil
}
