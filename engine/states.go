package engine

import "errors"

// CardEvent is what happens to a card in its life.
type CardEvent string

// The events of a card's life.
const (
	CardAssigned   CardEvent = "assigned"              // to a user
	CardAdopted    CardEvent = "adopted"               // taken over with what is on it
	AllWritten     CardEvent = "all written"           // an update, or its continuation, has ended
	SomeHeld       CardEvent = "some held"             // a CA holds a request of the update
	UpdateDropped  CardEvent = "update cancelled"      // back to the state before it
	PartStays      CardEvent = "cancelled, part stays" // of a first update some certificates were written before
	CardUnassigned CardEvent = "unassigned"
	CardDisabled   CardEvent = "disabled"
	CardEnabled    CardEvent = "enabled"
	CardRevoked    CardEvent = "revoked"
	CardCleaned    CardEvent = "cleaned"
)

// before stands in the table for the state that an update began from.
const before = "the state before the update"

// transitions is the one table of what may become of a card. What it does not
// list is refused, and changes nothing.
var transitions = map[State]map[CardEvent]State{
	"":            {CardAssigned: StateAssigned, CardAdopted: StateIssued}, // in no record
	StateClean:    {CardAssigned: StateAssigned, CardAdopted: StateIssued},
	StateAssigned: {AllWritten: StateIssued, SomeHeld: StatePending, CardUnassigned: StateClean},
	StateIssued: {
		AllWritten: StateIssued, SomeHeld: StatePending, CardUnassigned: StateClean,
		CardDisabled: StateDisabled, CardRevoked: StateRevoked,
	},
	StatePending: {
		AllWritten: StateIssued, SomeHeld: StatePending, UpdateDropped: before, PartStays: StateIssued,
		CardRevoked: StateRevoked,
	},
	StateDisabled: {CardEnabled: StateIssued, CardRevoked: StateRevoked},
	StateRevoked:  {CardCleaned: StateClean},
}

// after returns the state a card in this state has after an event. from is the
// state its update began from, where it is pending. Kind WrongState when the
// table has no such transition.
func (s State) after(e CardEvent, from State) (State, error) {
	to, ok := transitions[s][e]
	if !ok {
		return "", &Error{Op: "change card's state", Kind: WrongState, Err: errors.New("a card that is " + s.name() + " cannot be " + string(e))}
	}
	if to == before {
		return from, nil
	}
	return to, nil
}

func (s State) name() string {
	if s == "" {
		return "in no record"
	}
	return string(s)
}

// States and CardEvents return all values, for tables that must not lack one.
func States() []State {
	return []State{"", StateClean, StateAssigned, StatePending, StateIssued, StateDisabled, StateRevoked}
}

// CardEvents is said at States.
func CardEvents() []CardEvent {
	return []CardEvent{
		CardAssigned, CardAdopted, AllWritten, SomeHeld, UpdateDropped, PartStays,
		CardUnassigned, CardDisabled, CardEnabled, CardRevoked, CardCleaned,
	}
}
