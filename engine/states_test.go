package engine

import (
	"context"
	"fmt"
	"reflect"
	"testing"
)

// lifeOfCards is the table of states, row by row, and what it says of
// cards in no record: they are as clean ones.

var lifeOfCards = []struct {
	from  State
	event CardEvent
	to    State
}{
	{"", CardAssigned, "assigned"},
	{"", CardAdopted, "issued"},
	{"clean", CardAssigned, "assigned"},
	{"clean", CardAdopted, "issued"},
	{"issued", AllWritten, "issued"},
	{"issued", SomeHeld, "pending"},
	{"pending", AllWritten, "issued"},
	{"pending", SomeHeld, "pending"},
	{"pending", UpdateDropped, theOneBefore},
	{"pending", PartStays, "issued"},
	{"assigned", AllWritten, "issued"},
	{"assigned", SomeHeld, "pending"},
	{"assigned", CardUnassigned, "clean"},
	{"issued", CardUnassigned, "clean"},
	{"issued", CardDisabled, "disabled"},
	{"disabled", CardEnabled, "issued"},
	{"issued", CardRevoked, "revoked"},
	{"pending", CardRevoked, "revoked"},
	{"disabled", CardRevoked, "revoked"},
	{"revoked", CardCleaned, "clean"},
}

// theOneBefore is the state before the update.
const theOneBefore = "the one before"

// expected is what the table says; ok is false where it says nothing.
func expected(from State, e CardEvent) (to State, ok bool) {
	for _, row := range lifeOfCards {
		if row.from == from && row.event == e {
			return row.to, true
		}
	}
	return "", false
}

// Every state with every event becomes what the table says, and is
// refused where it says nothing.
func TestStates(t *testing.T) {
	combinations, allowed := 0, 0
	for _, from := range States() {
		for _, e := range CardEvents() {
			for _, began := range []State{StateAssigned, StateIssued} {
				combinations++
				want, ok := expected(from, e)
				if want == theOneBefore {
					want = began
				}
				got, err := from.after(e, began)
				switch {
				case ok != (err == nil) || got != want:
					t.Errorf("%q, %q: %q (%v), want %q", from, e, got, err, want)
				case err != nil && !Is(err, WrongState):
					t.Errorf("%q, %q: %v", from, e, err)
				case ok:
					allowed++
				}
			}
		}
	}
	if rows := 2 * len(lifeOfCards); allowed != rows {
		t.Errorf("%d combinations are allowed, the table has %d rows", allowed, rows)
	}
	t.Logf("%d states × %d events × 2 states before the update: %d combinations, %d of them allowed", len(States()), len(CardEvents()), combinations, allowed)
}

// operation is one that a person asks the desk for. It may be done where the table
// allows one of its events, or, when it only looks, always.
type operation struct {
	name  string
	needs []CardEvent
	looks bool
	do    func(w *world) error
}

func operations() []operation {
	ctx := context.Background()
	on := func(do func(w *world, c *Connected) error) func(*world) error {
		return func(w *world) error {
			c, err := w.connect()
			if err != nil {
				return err
			}
			return do(w, c)
		}
	}
	return []operation{
		{name: "assign", needs: []CardEvent{CardAssigned}, do: on(func(w *world, c *Connected) error {
			_, err := w.desk.Assign(ctx, actor, c, w.user)
			return err
		})},
		{name: "adopt", needs: []CardEvent{CardAdopted}, do: on(func(w *world, c *Connected) error {
			_, err := w.desk.Adopt(ctx, actor, c, Adoption{User: w.user, Managed: []Managed{{Template: "Logon", Place: "9a"}}})
			return err
		})},
		{name: "unassign", needs: []CardEvent{CardUnassigned}, do: on(func(w *world, c *Connected) error {
			if w.record == nil || w.record.State != StateIssued {
				_, err := w.desk.Unassign(ctx, actor, w.id.ID)
				return err
			}
			p, err := w.desk.ProposeUnassign(ctx, actor, c)
			if err == nil {
				_, err = w.desk.UnassignIssued(ctx, actor, c, p, newPIN(), nil)
			}
			return err
		})},
		{name: "unassign, by a plan made before", do: on(func(w *world, c *Connected) error {
			issued := *c
			issued.Record.State = StateIssued
			policies := []Policy{w.policy}
			_, err := w.desk.UnassignIssued(ctx, actor, c, planUnassign(issued.Record, c.Contents, policies), newPIN(), nil)
			return err
		})},
		{name: "disable", needs: []CardEvent{CardDisabled}, do: func(w *world) error {
			_, err := w.desk.Disable(ctx, actor, w.id.ID)
			return err
		}},
		{name: "enable", needs: []CardEvent{CardEnabled}, do: func(w *world) error {
			_, err := w.desk.Enable(ctx, actor, w.id.ID)
			return err
		}},
		{name: "revoke", needs: []CardEvent{CardRevoked}, do: func(w *world) error {
			_, err := w.desk.Revoke(ctx, actor, w.id.ID, CardLost, false)
			return err
		}},
		{name: "clean", needs: []CardEvent{CardCleaned}, do: on(func(w *world, c *Connected) error {
			_, err := w.desk.Clean(ctx, actor, c, Wiping{items: c.Contents.Items})
			return err
		})},
		{name: "update", needs: []CardEvent{AllWritten, SomeHeld}, do: on(func(w *world, c *Connected) error {
			p, err := w.desk.Propose(ctx, actor, c, w.user, Selection{})
			if err == nil {
				_, err = w.desk.Update(ctx, actor, c, p.Plan, newPIN(), nil)
			}
			return err
		})},
		{name: "view", looks: true, do: on(func(w *world, c *Connected) error {
			_, err := w.desk.View(ctx, actor, c, &w.user)
			return err
		})},
	}
}

// stateAfter is what an operation must make of a card; ok is false when it must be
// refused. An update of a pending card is not one: that is continued.
func (o operation) stateAfter(from State) (to State, ok bool) {
	if o.looks {
		return from, true
	}
	if o.name == "update" && from == StatePending {
		return "", false
	}
	for _, e := range o.needs {
		if to, ok := expected(from, e); ok {
			return to, true
		}
	}
	return "", false
}

// Every operation of the desk on a card in every state does what the table says,
// or is refused, and then nothing is changed: not the record, not the journal,
// not a byte on the card, no letter and no errand.
func TestOperationsByState(t *testing.T) {
	combinations, refused := 0, 0
	for _, kind := range []string{movesKeys, keepsKeys} {
		for _, from := range States() {
			for _, o := range operations() {
				combinations++
				name := fmt.Sprintf("%s: %s of a card that is %q", kind, o.name, from)
				w := withLife(kind)
				w.in(from)
				if o.name == "update" && from == StateIssued {
					w.revoke(w.record.Managed[1], Superseded) // there is something to update
				}
				if o.name == "unassign, by a plan made before" && from == StateIssued {
					continue // it is no other then
				}
				before := w.freeze()
				err := o.do(w)
				want, ok := o.stateAfter(from)
				after := w.freeze()
				switch now := stateOf(w.record); {
				case ok != (err == nil):
					t.Errorf("%s: %v", name, err)
				case now != want && ok:
					t.Errorf("%s is %q then", name, now)
				case ok && !o.looks:
				case !reflect.DeepEqual(before.seenless(), after.seenless()):
					t.Errorf("%s changed something: %v\nbefore %+v\nafter  %+v", name, err, before, after)
				case err != nil && !refusal(err, from):
					t.Errorf("%s is refused for another reason: %v", name, err)
				case err != nil:
					refused++
				}
			}
		}
	}
	if refused < 80 {
		t.Errorf("only %d were refused", refused)
	}
	t.Logf("%d kinds of card × %d states × %d operations: %d combinations, %d of them refused with nothing changed", 2, len(States()), len(operations()), combinations, refused)
}

// refusal reports whether an operation was refused for the card's state, and for
// no other reason: a card in no record is unknown, and nobody's card is not the
// user's.
func refusal(err error, from State) bool {
	return Is(err, WrongState) || Is(err, CannotPlan) || from == "" && Is(err, BadInput) || (from == "" || from == StateClean) && Is(err, OtherCard)
}

func stateOf(r *Record) State {
	if r == nil {
		return ""
	}
	return r.State
}

// seenless leaves out what connecting a card notes of it, whatever is done then.
func (f frozen) seenless() frozen {
	if f.record != nil {
		r := *f.record
		r.Seen, r.Tracked = Sighting{}, nil
		f.record = &r
	}
	return f
}

// Who may not do an operation is refused before anything is looked at; that they
// tried stands in the audit.
func TestOperationsForbidden(t *testing.T) {
	ctx, stranger := context.Background(), Actor{Who: "ada", Station: "desk 1", Mode: SelfService}
	for from, do := range map[State]func(w *world, c *Connected) (Privilege, error){
		StateAssigned: func(w *world, _ *Connected) (Privilege, error) {
			_, err := w.desk.Unassign(ctx, stranger, w.id.ID)
			return UnassignCard, err
		},
		StateIssued: func(w *world, c *Connected) (Privilege, error) {
			p, err := w.desk.ProposeUnassign(ctx, actor, c)
			if err == nil {
				_, err = w.desk.UnassignIssued(ctx, stranger, c, p, newPIN(), nil)
			}
			return UnassignCard, err
		},
		StatePending: func(w *world, _ *Connected) (Privilege, error) {
			_, err := w.desk.Revoke(ctx, stranger, w.id.ID, CardLost, false)
			return RevokeCard, err
		},
		StateDisabled: func(w *world, _ *Connected) (Privilege, error) {
			_, err := w.desk.Enable(ctx, stranger, w.id.ID)
			return EnableCard, err
		},
		StateRevoked: func(w *world, c *Connected) (Privilege, error) {
			p, err := w.desk.ProposeClean(ctx, actor, c)
			if err == nil {
				_, err = w.desk.Clean(ctx, stranger, c, p)
			}
			return CleanCard, err
		},
		StateClean: func(w *world, _ *Connected) (Privilege, error) {
			w.in(StateIssued)
			_, err := w.desk.Disable(ctx, stranger, w.id.ID)
			return DisableCard, err
		},
	} {
		w := withLife(movesKeys)
		w.in(from)
		c, err := w.connect()
		if err != nil {
			t.Fatal(err)
		}
		w.life.audit = nil
		privilege, err := do(w, c)
		if !Is(err, Forbidden) {
			t.Errorf("%q: %v", from, err)
		}
		if len(w.life.audit) != 1 || w.life.audit[0].Act != string(privilege) || w.life.audit[0].Result != "refused" || w.life.audit[0].Actor != stranger {
			t.Errorf("%q: the audit has %+v", from, w.life.audit)
		}
	}
}
