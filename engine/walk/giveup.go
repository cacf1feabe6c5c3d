package walk

import (
	"errors"

	"cardkiosk/engine"
)

// GivesUp reports whether an update that waits is ended without what was not
// written yet.
func (d *Draft) GivesUp() bool { return d.Action == CancelUpdate || d.Action == UpdateAgain }

// GivenUp returns what the update of a card waits for, when the draft's action gives
// it up. What a CA has decided meanwhile may have left nothing to be given up.
func (d *Draft) GivenUp(card engine.CardView) (engine.Pending, error) {
	p := card.Pending
	switch {
	case p == nil:
		return engine.Pending{}, &engine.Error{Op: string(d.Action), Kind: engine.WrongState, Err: errors.New("no update of this card waits for a CA")}
	case d.Action == UpdateAgain && (p.Ready() || !p.Rejected()):
		return *p, &engine.Error{Op: string(d.Action), Kind: engine.WrongState, Err: errors.New("the update is not rejected: it can be continued or cancelled")}
	}
	return *p, nil
}
