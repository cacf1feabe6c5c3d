package walk

import (
	"testing"

	"cardkiosk/engine"
)

// What a CA has decided since the profile was shown is not thrown away: an update is
// ended as a rejected one only as long as it is.
func TestOnlyARejectedUpdateIsEnded(t *testing.T) {
	of := func(states ...engine.RequestState) engine.CardView {
		p := &engine.Pending{}
		for _, s := range states {
			p.Requests = append(p.Requests, engine.Request{State: s})
		}
		return engine.CardView{Pending: p}
	}
	const pending, approved, rejected = engine.RequestPending, engine.RequestApproved, engine.RequestRejected
	for name, c := range map[string]struct {
		card   engine.CardView
		action Action
		may    bool
	}{
		"rejected":               {of(rejected), UpdateAgain, true},
		"rejected, one waits":    {of(rejected, pending), UpdateAgain, false},
		"rejected, one approved": {of(rejected, approved), UpdateAgain, false},
		"cancelled":              {of(rejected, approved, pending), CancelUpdate, true},
		"ended elsewhere":        {engine.CardView{}, CancelUpdate, false},
	} {
		d := &Draft{Action: c.action}
		if _, err := d.GivenUp(c.card); (err == nil) != c.may || err != nil && !engine.Is(err, engine.WrongState) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
